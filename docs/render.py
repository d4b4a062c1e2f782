"""Write README's results, its picture and the model cards from the files they report: `make docs`.

With `--check` nothing is written, and the exit status says whether a text is out of date.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import runpy
import sys
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from abstain import SelectiveReport, evaluate_logits, read_logits, released_checkpoint
from abstain.report.figures import risk_coverage_figure
from abstain.report.selective_report import comparison_table
from abstain.report.sentences import describe_smoothing

ROOT = Path(__file__).parents[1]
PAIR = ("resnet20_cifar10_ce", "resnet20_cifar10_ls")
REPORTED = {
    "aurc": "AURC (MSP)",
    "risk": "Error rate",
    "cov@5": "Coverage at 5 % risk",
    "cov@1": "Coverage at 1 % risk",
}


def main() -> None:
    """Render every text, and write or check them."""
    results = {name: json.loads((ROOT / "model_cards" / name / "results.json").read_text()) for name in PAIR}
    reports = {name: report_of(name) for name in PAIR}
    texts = {ROOT / "README.md": render_readme(reports, results)}
    for name in PAIR:
        texts[ROOT / "model_cards" / name / "README.md"] = render_card(name, reports[name], results[name])

    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"out of date, run `make docs`: {names}" if stale else 0)
    for path in stale:
        path.write_text(texts[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    named = {title(results[name]): reports[name] for name in PAIR}
    figure = risk_coverage_figure({"CIFAR-10, ResNet-20": named})
    figure.savefig(ROOT / "docs" / "risk_coverage.png", dpi=150, metadata={"Software": None})


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
        "example": run_example(),
        "results": "\n\n".join(
            [
                describe_data(results[PAIR[0]]["data"]),
                comparison_table({title(results[name]): reports[name] for name in PAIR}),
                describe_smoothing("CIFAR-10", *(reports[name] for name in PAIR)),
            ]
        ),
    }
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, section in sections.items():
        pattern = rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)"
        text, count = re.subn(pattern, lambda match, s=section: f"{match[1]}{s}\n{match[2]}", text, flags=re.DOTALL)
        if count != 1:
            sys.exit(f"README.md has {count} sections called {name!r}, but must have one")
    return text


def describe_data(data: dict) -> str:
    """What the two runs were trained, fitted and tested on."""
    return (
        f"Two ResNet-20 that differ only in the smoothing factor α, trained on {data['train']['samples']:,} and tested "
        f"on {data['test']['samples']:,} images of CIFAR-10 (in JPEG; see the [cards](model_cards)); p is chosen on "
        f"{data['validation']['samples']:,} other images."
    )


def run_example() -> str:
    """The example as a block of code, and what it prints as another."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(ROOT / "docs" / "example.py"))
    code = (ROOT / "docs" / "example.py").read_text(encoding="utf-8")
    return f"```python\n{code}```\n\n```text\n{printed.getvalue()}```"


def render_card(name: str, report: SelectiveReport, results: dict) -> str:
    """The card of one checkpoint, with its numbers as a model index too."""
    evaluation = [
        EvalResult(
            task_type="image-classification",
            dataset_type="uoft-cs/cifar10",
            dataset_name="CIFAR-10 (JPEG, quality 75)",
            dataset_split="test",
            metric_type=metric,
            metric_name=label,
            metric_value=round(report.msp.metrics[metric], 6),
        )
        for metric, label in REPORTED.items()
    ]
    data = ModelCardData(
        license="apache-2.0",
        library_name="transformers",
        pipeline_tag="image-classification",
        datasets=["uoft-cs/cifar10"],
        tags=["selective-classification", "label-smoothing", "abstain"],
        model_name=name,
        eval_results=evaluation,
    )
    template = ROOT / "model_cards" / "template.md"
    training = results["settings"]["training"]
    card = ModelCard.from_template(
        data, template_path=str(template), name=name, report=report, results=results, training=training
    )
    return str(card).rstrip() + "\n"


if __name__ == "__main__":
    main()
