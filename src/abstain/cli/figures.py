"""`abstain figures`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from abstain._checks import ArgumentError, check_choice, check_fraction
from abstain.cli.options import Folder, Overwrite, Reading, Split, with_options
from abstain.cli.runs import TEST, RunPlace, find_runs, looks_of_runs

if TYPE_CHECKING:
    from abstain.cli.labelled_images import LabelledImages


@with_options(Reading)
def figures(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Folders of runs as training leaves them, folders of logits, or predictions as `abstain evaluate` "
            "reads them; all of the same test samples.",
            show_default=False,
        ),
    ],
    output_dir: Annotated[str, Folder(help="Write the figures and figures.json into this folder.", show_default=False)],
    reading: Reading,
    split: Split = None,
    validation: Annotated[
        list[str] | None,
        typer.Option(help="Other samples to fit the repair on: one for each run, in their order."),
    ] = None,
    validation_split: Annotated[
        str | None,
        typer.Option(help="Which split of these, or of the same runs without them."),
    ] = None,
    only: Annotated[str | None, typer.Option(help="Draw only these, by name, with commas.")] = None,
    formats: Annotated[str, typer.Option(help="Of the files: png, pdf and svg, with commas.")] = "png,pdf",
    images: Annotated[
        str | None,
        typer.Option(help="The images of the test samples, in the same order: a data set in a folder, or its name."),
    ] = None,
    n_errors: Annotated[int, typer.Option(help="How many of the most confident errors are shown.", min=1)] = 8,
    sources: Annotated[
        str | None, typer.Option(help="Splits of each run that come mixed, with commas, for accepted_by_source.")
    ] = None,
    coverage: Annotated[float, typer.Option(help="The share of the mixture that is accepted there.")] = 0.1,
    overwrite_output_dir: Overwrite = False,
) -> None:
    """Draw the figures of the paper from the logits of some runs.

    risk_coverage, the curves of MSP; repair, before and after logit normalisation; max_logit and normalized_max_logit,
    right against wrong answers at equal MSP; logit_profile, the logits sorted; with --images also confident_errors, or
    of segmentation models rank_maps; with --sources the table accepted_by_source.

    Models are called by what they were trained with, where the run says it: cross-entropy is black, more smoothing is
    darker, and each recipe has a shape. The repair is fitted on the split validation of a run, or on --validation. What
    cannot be drawn is said in a line each, and the rest is drawn; figures.json holds the numbers that are shown.

    Example: abstain figures runs/ce runs/ls --output-dir figures
    """
    from abstain._files import check_output_folder
    from abstain.cli.drawing import EVERY, FILES, SUPPRESSION, Drawing, write_files
    from abstain.cli.kept_warnings import warnings_kept
    from abstain.cli.read_run import Wanted
    from abstain.report.pictures import FORMATS

    names = _listed("figure", only, EVERY)
    endings = _listed("format", formats, FORMATS)
    check_fraction("coverage", coverage, open_below=True)
    folder = check_output_folder(output_dir, overwrite=overwrite_output_dir, written=FILES)
    places = find_runs(runs, split=split, validation=validation or (), validation_split=validation_split)
    wanted = Wanted(_images(images, places), n_errors, _listed("source", sources), coverage)
    drawing = Drawing({name: EVERY[name] for name in names or EVERY})
    with warnings_kept() as warned:
        drawing.add_all(places, reading.open, wanted)
        files = drawing.draw(looks_of_runs(places), endings)
    left_out = _typed((*drawing.left_out, *(() if names else (SUPPRESSION,))))
    write_files(folder, files, drawing.summary() | {"left_out": left_out, "warnings": list(warned)})
    for sentence in (*left_out, *warned):
        typer.echo(f"Note: {sentence}.", err=True)
    typer.echo("\n".join(str(folder / name) for name in files))


def _listed(what: str, given: str | None, choices: Iterable[str] | None = None) -> list[str]:
    """The words between the commas, each once."""
    if given is None:
        return []
    words = list(dict.fromkeys(word.strip() for word in given.split(",") if word.strip()))
    if not words:
        raise ArgumentError(f"no {what} is named in {given!r}: leave the option out, or name some with commas")
    if choices is not None:
        for word in words:
            check_choice(what, word, choices)
    return words


def _images(name: str | None, places: list[RunPlace]) -> LabelledImages | None:
    from abstain.cli.labelled_images import LabelledImages

    return None if name is None else LabelledImages.read(name, places[0].place[2] or TEST)


def _typed(sentences: Iterable[str]) -> list[str]:
    """As the command line says them, on the screen and in the summary."""
    from abstain.cli.commands import typed  # here, for it imports this file

    return [typed(sentence) for sentence in sentences]
