"""`abstain predict`."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abstain._checks import ArgumentError
from abstain.cli.bars import bars_for_people
from abstain.cli.kept_warnings import warnings_kept

if TYPE_CHECKING:
    from abstain.inference.classifier import SelectiveClassifier

CHOICE = "What to load"
OUTPUT = "What to print"


def predict(
    model: Annotated[
        str, typer.Argument(help="The folder of a model, also of ONNX, or its name on the Hub.", show_default=False)
    ],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Images: files, folders, URLs, a column of Parquet. Texts: .txt, one a line; a column of CSV, TSV, "
            "Parquet or JSON Lines. Tables: the rows of these. All: data sets of Arrow (save_to_disk of datasets). "
            "A - is standard input.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[list[str] | None, typer.Option(help="A text itself; can be given several times.")] = None,
    column: Annotated[str | None, typer.Option(help="The column that holds the texts or the images.")] = None,
    target_risk: Annotated[
        float | None, typer.Option(help="Choose the threshold anew, for this risk.", rich_help_panel=CHOICE)
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help="With a guarantee that fails with this probability.", rich_help_panel=CHOICE)
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="On the Hub: a branch, a tag or a commit.", rich_help_panel=CHOICE)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Such as cpu or cuda:0. Default: the accelerator if there is one.", rich_help_panel=CHOICE),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Samples at once.", rich_help_panel=CHOICE)] = 32,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON Lines, one object a sample.", rich_help_panel=OUTPUT)
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header.", rich_help_panel=OUTPUT)] = False,
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write into this file instead; none that exists.", rich_help_panel=OUTPUT),
    ] = None,
    overwrite_output: Annotated[
        bool, typer.Option("--overwrite-output", help="Replace the file of --output.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Answer or abstain: what a model says of images, texts or rows of a table, and where it had better say nothing.

    Whether it answers is told by the rule that stands beside it, abstention.json; without one it always answers. With
    --target-risk 0.05 a new threshold is chosen: the most answers to the validation samples, whose logits are kept
    beside the model, of which at most 5 % were wrong. With --delta 0.05 too, at most 5 % of the answers to new samples
    like those of validation are wrong, with probability 95 %.

    Standard output has one line a sample, in order, as soon as its batch is done: the answer or the word abstains, the
    confidence on the scale of the rule's threshold, and the probability where the score has one. How many samples were
    answered is said at the end, on standard error. A model on the Hub is downloaded once, and nothing in it runs code.

    From standard input come texts, one a line; paths or URLs of images, one a line; or rows, as CSV with a header or as
    JSON Lines, of which --column says the one that holds texts.

    Example: abstain predict my-model photos/ --target-risk 0.05 --csv > answers.csv

    Example: zcat reviews.txt.gz | abstain predict my-model - --json
    """
    from abstain.inference.sample_files import check_files_exist

    if as_json and as_csv:
        raise ArgumentError("as_json and as_csv are both given, but there is one output: leave one out")
    if not files and not text:
        raise ArgumentError("there are no samples: give files, or a text by --text")
    check_files_exist(files or [])
    path = None if output is None else _output_path(output, overwrite=overwrite_output)
    with warnings_kept() as warned, bars_for_people():
        how = {"target_risk": target_risk, "delta": delta, "batch_size": batch_size}
        classifier = _loaded(model, how, {"revision": revision, "device": device})
    for warning in warned:
        typer.echo(f"note: {warning}", err=True)
    named = _samples(classifier.kind, files or [], text or [], column)
    counted = _Counted(_answers(classifier, named, to_file=path is not None))
    _write(counted, classifier, path, "json" if as_json else "csv" if as_csv else None)
    typer.echo(counted.in_words(), err=True)


def _loaded(model: str, how: dict[str, Any], of_torch: dict[str, Any]) -> SelectiveClassifier:
    """What `save_pretrained` wrote, or `export_onnx`, which knows no revisions and no devices."""
    from abstain.inference.classifier import SelectiveClassifier
    from abstain.inference.onnx_file import ONNX_FILE

    if not (Path(model) / ONNX_FILE).is_file():
        return SelectiveClassifier.from_pretrained(model, **how, **of_torch)
    for name in (name for name, value in of_torch.items() if value is not None):
        raise ArgumentError(f"{name} is given, but {model!r} is a model of ONNX: leave it out")
    return SelectiveClassifier.from_onnx(model, **how)


def _output_path(output: str, *, overwrite: bool) -> Path:
    from abstain._files import check_output_file

    path = check_output_file(output, "output")
    if path.exists() and not overwrite:
        raise ArgumentError(f"output is {output!r}, which exists: give another, or overwrite_output=True")
    return path


def _samples(kind: str, files: list[str], texts: list[str], column: str | None) -> Iterator[tuple[str, Any]]:
    from abstain.inference.sample_files import samples_of_files

    if texts and kind != "texts":
        raise ArgumentError(f"--text is given, but the model classifies {kind}: leave it out")
    return itertools.chain(((one, one) for one in texts), samples_of_files(kind, files, column))


def _answers(
    classifier: SelectiveClassifier, named: Iterator[tuple[str, Any]], *, to_file: bool
) -> Iterator[tuple[str, Any]]:
    """The name of each sample and its answer; no more than a batch is in memory."""
    names, samples = itertools.tee(named)
    shows = sys.stderr.isatty() and (to_file or not sys.stdout.isatty())
    answers = classifier((sample for _, sample in samples), progress=shows)
    return ((name, answer) for (name, _), answer in zip(names, answers, strict=True))


class _Counted:
    """Answers as they pass by, and how much of them was accepted."""

    def __init__(self, answers: Iterator[tuple[str, Any]]) -> None:
        self.answers, self.n, self.accepted, self.of_pixels = answers, 0, 0.0, False

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for name, answer in self.answers:
            self.of_pixels = hasattr(answer, "coverage")
            self.n += 1
            self.accepted += answer.coverage if self.of_pixels else answer.accepted
            yield name, answer

    def in_words(self) -> str:
        share = f"{self.accepted / self.n:.1%}" if self.n else "none"
        if self.of_pixels:
            return f"accepted {share} of the pixels of {self.n:,} images"
        return f"answered {int(self.accepted):,} of {self.n:,} samples ({share}), abstained on the others"


def _write(counted: _Counted, classifier: SelectiveClassifier, path: Path | None, kind: str | None) -> None:
    from abstain._files import whole_file
    from abstain.cli.answer_lines import FORMATS, table_lines

    if path is not None and kind is None:
        kind = {".json": "json", ".jsonl": "json", ".csv": "csv"}.get(path.suffix.lower())
    lines = FORMATS[kind](iter(counted)) if kind else table_lines(iter(counted), classifier.class_names)
    with nullcontext(None) if path is None else whole_file(path) as partial:
        with nullcontext(sys.stdout) if partial is None else partial.open("w", encoding="utf-8") as stream:
            for line in lines:
                stream.write(f"{line}\n")
            stream.flush()
