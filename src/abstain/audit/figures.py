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
    """Name -> figure: of each model its own, under its name where there are several, and one with all of them."""
    if len(audits) == 1:
        return _of_one(audits[0])
    together = {RISK_COVERAGE: risk_coverage_figure({"": {audit.name: audit.report for audit in audits}})}
    return together | {f"{audit.name}/{name}": figure for audit in audits for name, figure in _of_one(audit).items()}


def _of_one(audit: Audit) -> dict[str, Figure]:
    found = {RISK_COVERAGE: risk_coverage_figure({audit.name: {"": audit.report}})}
    if audit.max_logit is not None:
        found[MAX_LOGIT] = at_equal_confidence_figure({audit.name: audit.max_logit})
    return found
