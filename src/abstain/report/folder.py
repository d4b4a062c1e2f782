"""What a program leaves in its output folder: `report.md`, `risk_coverage.png`, and last of all `results.json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abstain._files import write_json
from abstain.report.figures import risk_coverage_figure
from abstain.report.selective_report import SelectiveReport

RESULTS_FILE = "results.json"
REPORT_FILES = ("report.md", "risk_coverage.png")
"""What `write_report` leaves besides."""


def write_results(folder: str | Path, results: dict[str, Any]) -> Path:
    """Write `results.json` as the last act of a run: where it exists, the run is whole."""
    return write_json(Path(folder) / RESULTS_FILE, results)


def write_report(
    folder: str | Path,
    *,
    title: str,
    text: str,
    panels: Mapping[str, Mapping[str, SelectiveReport]],
    results: dict[str, Any],
) -> None:
    """Write the text as `report.md`, the curves as `risk_coverage.png`, and the numbers as `results.json`.

    Args:
        folder: made if it does not exist; what it holds under these names is replaced.
        title: the heading of the report.
        text: Markdown.
        panels: of `plots.risk_coverage_figure`.
        results: ready for JSON.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    risk_coverage_figure(panels).savefig(folder / "risk_coverage.png", dpi=150)
    report = f"# {title}\n\n{text}\n\n![Risk and coverage](risk_coverage.png)\n"
    (folder / "report.md").write_text(report, encoding="utf-8")
    write_results(folder, results)
