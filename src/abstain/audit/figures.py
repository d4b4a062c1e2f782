"""The figures of the page, by the names that its sections have of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abstain.audit.audit import Audit
from abstain.figures.equal_confidence_figure import at_equal_confidence_figure
from abstain.report.figures import risk_coverage_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RISK_COVERAGE, MAX_LOGIT = "risk_coverage", "max_logit_given_msp"


def figures_of(audits: Sequence[Audit]) -> dict[str, Figure]:
    """Name -> figure: of each model its own, under its name if it has one, and of several one with all of them."""
    found = {} if len(audits) == 1 else {RISK_COVERAGE: _together(audits)}
    for audit in audits:
        found |= {f"{audit.name}/{name}" if audit.name else name: figure for name, figure in _of_one(audit).items()}
    return found


def _together(audits: Sequence[Audit]) -> Figure:
    return risk_coverage_figure({"": {audit.name: audit.report for audit in audits}})


def _of_one(audit: Audit) -> dict[str, Figure]:
    found = {RISK_COVERAGE: risk_coverage_figure({audit.name: {"": audit.report}})}
    if audit.max_logit is not None:
        found[MAX_LOGIT] = at_equal_confidence_figure({audit.name: audit.max_logit})
    return found
