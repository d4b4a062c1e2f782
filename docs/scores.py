"""Write the tables of `docs/scores.md`, every score on every released set of logits: part of `make docs`.

With `--check` nothing is written, and the exit status says whether the page is out of date.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pages import ROOT, with_blocks, write_or_check

from abstain import LogitNorm, TwoClassCalibration, aurc, aurc_difference, read_logits, scores
from abstain.hub import released_checkpoint, released_checkpoints
from abstain.hub.facts import read_results, trained_with
from abstain.report import markdown_table

PAGE = ROOT / "docs" / "scores.md"
SUFFIX = re.compile(r"_((a|maxsup)[\d.]+_s\d+|ce|ls)$")

Values = tuple[Any, Any]


def main() -> None:
    """Measure, and write or check the page."""
    sections = [section(name, checkpoints) for name, checkpoints in by_data(released_checkpoints()).items()]
    write_or_check({PAGE: with_blocks(PAGE, {"tables": "\n\n".join(sections)})})


def by_data(names: list[str]) -> dict[str, list[str]]:
    """Data and architecture -> the checkpoints that differ in nothing but what they were trained with."""
    groups = defaultdict(list)
    for name in names:
        if (released_checkpoint(name) / "logits").is_dir():
            groups[SUFFIX.sub("", name)].append(name)
    return dict(groups)


def section(title: str, checkpoints: list[str]) -> str:
    """A table with a row a score, and for each checkpoint AURC and its paired difference from that of MSP."""
    columns, rows = ["confidence"], defaultdict(list)
    sizes = set()
    for name in checkpoints:
        folder = released_checkpoint(name)
        trained = trained_with(read_results(folder)["settings"]["training"])
        columns += [f"{trained}: AURC %", "difference from MSP"]
        validation, test = (read_logits(folder / "logits", split) for split in ("validation", "test"))
        sizes.add(f"{len(test[1]):,} test and {len(validation[1]):,} validation samples")
        for place, (label, cells) in enumerate(measured(validation, test)):
            rows[place] += cells if rows[place] else [label, *cells]
    table = markdown_table([columns, *rows.values()], "l" + "r" * (len(columns) - 1))
    return f"## {title}\n\n{'; '.join(sorted(sizes))}.\n\n{table}"


def measured(validation: Values, test: Values) -> Iterator[tuple[str, list[str]]]:
    """Label of each score, AURC, and AURC minus that of MSP with its interval of 95 %, in percentage points."""
    error, msp = scores.classification_error(*test), scores.msp(test[0])
    for label, confidence in confidences(validation, test[0]):
        area = f"{100 * aurc(confidence, error):.3f}"
        if label == "msp":
            yield label, [area, "–"]
            continue
        difference = aurc_difference(confidence, error, msp, error)
        ends = "".join(f" [{100 * low:+.3f}, {100 * high:+.3f}]" for low, high in filter(None, [difference.interval]))
        yield label, [area, f"{100 * difference.estimate:+.3f}{ends}"]


def confidences(validation: Values, logits: Any) -> Iterator[tuple[str, Any]]:
    """Every score without a parameter, then what is fitted on the validation samples."""
    yield from scores.score_all(logits).items()
    for center, form in ((True, "centred"), (False, "uncentred")):
        if logits.shape[1] > 2:
            for fallback in ("one_standard_error", "never"):
                norm = LogitNorm.fit(*validation, center=center, fallback=fallback)
                yield f"p-norm, {form}, {WORDS[fallback]}", norm.score(logits)
    if logits.shape[1] <= 2:
        for fallback in ("one_standard_error", "never"):
            calibration = TwoClassCalibration.fit(*validation, fallback=fallback)
            yield f"calibrated per class, {WORDS[fallback]}", calibration.score(logits)
    yield "MSP, temperature", scores.TemperatureScaling.fit(*validation).score(logits)


WORDS = {"one_standard_error": "falls back by default", "never": "never falls back"}


if __name__ == "__main__":
    main()
