"""What a program leaves in its output folder: `report.md`, `risk_coverage.png`, and last of all `results.json`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from abstain._files import RESULTS_FILE, json_text, whole_file, write_json
from abstain.report.figures import risk_coverage_figure
from abstain.report.pictures import figure_bytes
from abstain.report.selective_report import SelectiveReport

REPORT_FILE = "report.md"
FIGURE_FILE = "risk_coverage.png"
REPORT_FILES = (REPORT_FILE, FIGURE_FILE)
"""What `write_report` leaves besides the results."""


def write_results(folder: str | Path, results: Mapping[str, Any]) -> Path:
    """Write `results.json` as the last act of a run: where it exists, the run is whole.

    Raises:
        InputError: it cannot be written; what was there before is untouched.
        ValueError: a number is NaN or infinite.
    """
    return write_json(Path(folder) / RESULTS_FILE, results)


def write_report(
    folder: str | Path,
    *,
    title: str,
    text: str,
    results: Mapping[str, Any],
    panels: Mapping[str, Mapping[str, SelectiveReport]] | None = None,
) -> None:
    """Write the text as `report.md`, the curves as `risk_coverage.png`, and the numbers as `results.json`.

    All are written beside the files that they replace, and take their places once the last is whole: so the old ones
    stay as they are if anything fails. While the places are taken, in an instant, there is no `results.json`: where it
    stands, the report and the figure are those of its numbers.

    Args:
        folder: made if it does not exist; what it holds under these names is replaced.
        title: the heading of the report.
        text: Markdown.
        results: ready for JSON.
        panels: of `risk_coverage_figure`; without them there is no figure, nor an old one.

    Raises:
        InputError: one of them cannot be written; what was there before is untouched.
        ValueError: a number is NaN or infinite.
    """
    folder, numbers = Path(folder), json_text(results)
    figure = risk_coverage_figure(panels) if panels else None
    picture = f"\n![Risk and coverage]({FIGURE_FILE})\n" if figure else ""
    with ExitStack() as whole:  # left in reverse: the results come to their place last
        whole.enter_context(whole_file(folder / RESULTS_FILE)).write_text(numbers, encoding="utf-8")
        if figure:
            whole.enter_context(whole_file(folder / FIGURE_FILE)).write_bytes(figure_bytes(figure))
        report = whole.enter_context(whole_file(folder / REPORT_FILE))
        report.write_text(f"# {title}\n\n{text}\n{picture}", encoding="utf-8")
        for name in (RESULTS_FILE, *(() if figure else (FIGURE_FILE,))):
            (folder / name).unlink(missing_ok=True)
