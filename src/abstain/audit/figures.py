"""The figures of the page, by the names that its sections have of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abstain.audit.audit import Audit
from abstain.report.figures import risk_coverage_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RISK_COVERAGE = "risk_coverage"


def figures_of(audits: Sequence[Audit]) -> dict[str, Figure]:
    """Name -> figure: of each model its risk-coverage curves, and of several one with all of them."""
    if len(audits) == 1:
        return {RISK_COVERAGE: risk_coverage_figure({"": {"": audits[0].report}})}
    found = {RISK_COVERAGE: risk_coverage_figure({"": {audit.name: audit.report for audit in audits}})}
    for audit in audits:
        found[f"{audit.name}/{RISK_COVERAGE}"] = risk_coverage_figure({audit.name: {"": audit.report}})
    return found
