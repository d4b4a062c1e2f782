"""Write README's results, its picture and the model cards from the files they report: `make docs`.

With `--check` nothing is written, and the exit status says whether a text is out of date.
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy

from code_blocks import run_shell
from findings import table_in_short
from pages import ROOT, with_blocks, write_or_check
from recommendation import recommendation
from seen_findings import findings

from abstain import SelectiveReport, evaluate_logits, read_logits, released_checkpoint
from abstain._files import whole_file
from abstain.hub import facts_of_folder, read_words, released_checkpoints, render_card
from abstain.hub.card_words import WORDS_FILE
from abstain.report import comparison_table, describe_smoothing, risk_coverage_figure
from abstain.report.pictures import figure_bytes

PAIR = ("resnet20_cifar10_ce", "resnet20_cifar10_ls")
QUESTION = f"abstain audit src/abstain/released_checkpoints/{PAIR[1]} | head -n 5 | fold -s -w 76"
"""The first thing that README asks."""


def main() -> None:
    """Render every text, and write or check them."""
    results = {name: json.loads((ROOT / "model_cards" / name / "results.json").read_text()) for name in PAIR}
    reports = {name: report_of(name) for name in PAIR}
    texts = {ROOT / "README.md": render_readme(reports, results)}
    for name in released_checkpoints():
        texts |= dict.fromkeys(
            [ROOT / "model_cards" / name / "README.md", released_checkpoint(name) / "README.md"],
            render_model_card(name),
        )

    write_or_check(texts)
    named = {title(results[name]): reports[name] for name in PAIR}
    with whole_file(ROOT / "docs" / "risk_coverage.png") as partial:
        partial.write_bytes(figure_bytes(risk_coverage_figure({"CIFAR-10, ResNet-20": named})))


def report_of(name: str) -> SelectiveReport:
    """The measurements of a released checkpoint, from its logits."""
    folder = released_checkpoint(name) / "logits"
    return evaluate_logits(*read_logits(folder, "test"), validation=read_logits(folder, "validation"))


def title(results: dict) -> str:
    """What a table calls a run: its smoothing factor, the only thing in which the runs differ."""
    return f"α = {results['settings']['training']['label_smoothing_factor']:g}"


def render_readme(reports: dict[str, SelectiveReport], results: dict[str, dict]) -> str:
    """README.md with the text between each pair of `<!-- begin: x -->` and `<!-- end: x -->` made anew."""
    sections = {
        "audit": run_command(QUESTION),
        "example": run_example("example.py"),
        "abstaining": run_example("abstaining.py"),
        "results": "\n\n".join(
            [
                describe_data(results[PAIR[0]]["data"]),
                comparison_table({title(results[name]): reports[name] for name in PAIR}),
                describe_smoothing("CIFAR-10", *(reports[name] for name in PAIR)),
            ]
        ),
    }
    sections |= {"recommendation": recommendation(), "findings": table_in_short(findings(), folder="docs/")}
    return with_blocks(ROOT / "README.md", sections)


def describe_data(data: dict) -> str:
    """What the two runs were trained, fitted and tested on."""
    return (
        f"Two ResNet-20 that differ only in the smoothing factor α, trained on {data['train']['samples']:,} and tested "
        f"on {data['test']['samples']:,} images of CIFAR-10 (in JPEG; see the [cards](model_cards)); p is chosen on "
        f"{data['validation']['samples']:,} other images."
    )


def run_command(command: str) -> str:
    """A command as a block of code, and what it prints, in the checkout, as another."""
    with contextlib.chdir(ROOT):
        return f"```sh\n{command}\n```\n\n```text\n{run_shell(command, 'README.md')}```"


def run_example(name: str) -> str:
    """An example as a block of code, and what it prints as another."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(ROOT / "docs" / name))
    code = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return f"```python\n{code}```\n\n```text\n{printed.getvalue()}```"


def render_model_card(name: str) -> str:
    """The card of a released checkpoint, as it is loaded from the package."""
    folder = released_checkpoint(name)
    facts = facts_of_folder(folder, name=name, location=f'abstain.released_checkpoint("{name}")')
    return render_card(facts, read_words(folder / WORDS_FILE))


if __name__ == "__main__":
    main()
