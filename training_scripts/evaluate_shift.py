"""Which samples does a model accept when its data and shifted data come mixed, and how many of them are errors?

    python training_scripts/evaluate_shift.py training_scripts/recipes/imagenet_sketch.yaml

Reads logits data sets, one folder a model, with a split for each source of samples. All sources together are ranked by
confidence (MSP, and the p-norm fitted on the validation split) and the most confident share is accepted. Sources that
are named as out of distribution are taken for samples that nobody should answer in tables of their own: there to accept
one is an error, whatever the answer. Prints the tables and leaves them, as `report.md` and `results.json`, in the
output folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from abstain import InputError, LogitNorm, read_logits, scores
from abstain.experiments import ArgumentError, parse_recipe, run_script
from abstain.figures import AcceptedBySource, accepted_by_source, accepted_table
from abstain.report import ScodReport, check_results_folder, evaluate_scod, write_report


@dataclass
class ShiftArguments:
    """Which logits to compare, and how many samples to accept."""

    logits_dirs: list[str] = field(metadata={"help": "Logits data sets, one a model."})
    output_dir: str = field(metadata={"help": "Folder for the table."})
    sources: list[str] = field(metadata={"help": "Splits to mix: `test sketch`."})
    validation: str = field(default="validation", metadata={"help": "The split that p is fitted on."})
    coverage: float = field(default=0.1, metadata={"help": "The accepted share of all samples, in (0, 1]."})
    out_of_distribution: list[str] = field(
        default_factory=list, metadata={"help": "Sources of which each accepted sample counts as an error: `sketch`."}
    )
    betas: list[float] = field(
        default_factory=lambda: [0.1, 0.5], metadata={"help": "Their shares of what comes, each in [0, 1)."}
    )
    overwrite_output_dir: bool = field(default=False, metadata={"help": "Replace the results that the folder holds."})

    def __post_init__(self) -> None:
        if not 0 < self.coverage <= 1:
            raise ArgumentError(f"coverage is {self.coverage:g}, but must be a fraction in (0, 1]")
        if self.out_of_distribution and not set(self.out_of_distribution) < set(self.sources):
            raise ArgumentError(
                f"out_of_distribution is {self.out_of_distribution}, but must be some and not all of the sources "
                f"{self.sources}"
            )


ARGUMENTS = (ShiftArguments,)


def main() -> None:
    """Measure every model, and print and write the table."""
    (args,) = parse_recipe(ARGUMENTS, description=__doc__)
    folder = check_results_folder(args.output_dir, overwrite=args.overwrite_output_dir)
    names = model_names(args.logits_dirs)
    models = {name: measure(logits, args) for name, logits in zip(names, args.logits_dirs, strict=True)}
    text = accepted_table(models, args.sources)
    told = {name: {score: found.to_dict() for score, found in by_score.items()} for name, by_score in models.items()}
    results = {"sources": args.sources, "wanted_coverage": args.coverage, "models": told}
    if args.out_of_distribution:
        reports = {name: scod(logits, args) for name, logits in zip(names, args.logits_dirs, strict=True)}
        text = "\n\n".join([text, *(f"{name}, {words(args)}:\n\n{r.to_markdown()}" for name, r in reports.items())])
        results["scod"] = {name: report.to_dict() for name, report in reports.items()}
    write_report(folder, title="Accepted under shift", text=text, results=results)
    print(text, f"Results are in {folder}", sep="\n\n")


def model_names(folders: list[str]) -> list[str]:
    """What the table calls each model: the folder that its `logits` are in."""
    paths = [Path(folder).resolve() for folder in folders]
    names = [path.parent.name if path.name == "logits" else path.name for path in paths]
    if len(set(names)) < len(names):
        raise ArgumentError(f"the models are called {', '.join(names)}, but must have names of their own")
    return names


def measure(folder: str, args: ShiftArguments) -> dict[str, AcceptedBySource]:
    """Score -> threshold, coverage and risk of the mixture, and what each source has of it."""
    pairs = {source: read_logits(folder, source) for source in args.sources}
    widths = {logits.shape[1] for logits, _ in pairs.values()}
    if len(widths) > 1:
        raise InputError(f"the sources in {folder!r} have {sorted(widths)} classes, but must have the same")
    logits, labels = (np.concatenate(parts) for parts in zip(*pairs.values(), strict=True))
    source = np.repeat(args.sources, [len(labels) for _, labels in pairs.values()])
    error = scores.classification_error(logits, labels)
    norm = LogitNorm.fit(*read_logits(folder, args.validation))
    confidences = {"MSP": scores.msp(logits), "p-norm" if norm.p else "p-norm (falls back to MSP)": norm.score(logits)}
    told = {"coverage": args.coverage}
    return {name: accepted_by_source(confidence, error, source, **told) for name, confidence in confidences.items()}


def scod(folder: str, args: ShiftArguments) -> ScodReport:
    """What the model is worth where some sources are out of distribution."""
    known = [read_logits(folder, source) for source in args.sources if source not in args.out_of_distribution]
    unknown = np.concatenate([read_logits(folder, source)[0] for source in args.out_of_distribution])
    logits, labels = (np.concatenate(parts) for parts in zip(*known, strict=True))
    validation = read_logits(folder, args.validation)
    return evaluate_scod(logits, labels, unknown, validation=validation, betas=args.betas)


def words(args: ShiftArguments) -> str:
    """What the second table counts."""
    return f"with a share β from {' and '.join(args.out_of_distribution)}, of which each accepted sample is an error"


if __name__ == "__main__":
    run_script(main, ARGUMENTS)
