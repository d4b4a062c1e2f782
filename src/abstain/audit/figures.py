"""The figures of the page, by the names that its sections have of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from abstain.audit.audit import Audit
from abstain.figures.equal_confidence_figure import at_equal_confidence_figure
from abstain.figures.repair import repair_figure
from abstain.report.figures import risk_coverage_figure
from abstain.report.style import Look, looks_of_models

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RISK_COVERAGE, MAX_LOGIT = "risk_coverage", "max_logit_given_msp"


def figures_of(audits: Sequence[Audit], looks: Mapping[str, Look] | None = None) -> dict[str, Figure]:
    """Name -> figure: of each model its own, under its name if it has one, and of several one with all of them.

    Args:
        audits: at least one.
        looks: of each model by its name, the same in all figures; None: nothing is known of their training.
    """
    if len(audits) == 1:
        return _named(audits[0], None)
    looks = looks or looks_of_models({audit.name: None for audit in audits})
    found = {RISK_COVERAGE: _together(audits, looks)}
    for audit in audits:
        found |= _named(audit, looks[audit.name])
    return found


def _named(audit: Audit, look: Look | None) -> dict[str, Figure]:
    return {f"{audit.name}/{name}" if audit.name else name: figure for name, figure in _of_one(audit, look).items()}


def _together(audits: Sequence[Audit], looks: Mapping[str, Look]) -> Figure:
    """MSP, and where there are repairs beside it what they make of it, for all in one panel hide each other."""
    reports = {audit.name: audit.report for audit in audits}
    if any(report.repaired for report in reports.values()):
        return repair_figure(reports, looks)
    return risk_coverage_figure({"": reports}, looks)


def _of_one(audit: Audit, look: Look | None) -> dict[str, Figure]:
    curves, others = ({"": look}, {audit.name: look}) if look else (None, None)
    found = {RISK_COVERAGE: risk_coverage_figure({audit.name: {"": audit.report}}, curves)}
    if audit.max_logit is not None:
        found[MAX_LOGIT] = at_equal_confidence_figure({audit.name: audit.max_logit}, others)
    return found
