"""A report as it is printed and written: the words first, then the table and what its columns are."""

from __future__ import annotations

from collections.abc import Sequence

from abstain.report.legend import legend
from abstain.report.repair import repair_name
from abstain.report.selective_report import SelectiveReport


def report_text(report: SelectiveReport, words: Sequence[Sequence[str]]) -> str:
    """Markdown that reads well as plain text too.

    Args:
        report: what was measured.
        words: of `SelectiveReport.paragraphs`; each sentence gets its line.
    """
    parts = ["\n".join(paragraph) for paragraph in words]
    parts += [f"Note: {note}." for note in report.notes if note != report.unrepaired]  # which the words say already
    parts += [report.to_markdown(), legend(report)]
    if report.repair is not None:
        parts.append(f"How {repair_name(report)} was fitted: {report.repair.reason}.")
    return "\n\n".join(parts)
