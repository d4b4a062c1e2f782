"""Of samples from several sources that come mixed: how many of each are accepted, and how many of these are errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from abstain._arrays import check_confidence_error
from abstain._checks import are_binary, check_binary, check_fraction
from abstain.curve.curve import risk_coverage_curve
from abstain.report.tables import markdown_table
from abstain.threshold.groups import operating_point_by_group

COLUMNS = ("accepted", "errors")


@dataclass(frozen=True)
class AcceptedBySource:
    """What one threshold accepts of a mixture.

    Attributes:
        threshold: accepted is what has this confidence or more.
        coverage: the accepted share of all samples, in (0, 1].
        risk: the share of errors among the accepted, in [0, 1].
        sources: name of each source -> `samples`, `accepted` and `errors`, the errors among its accepted samples.
    """

    threshold: float
    coverage: float
    risk: float
    sources: dict[str, dict[str, int]]

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return asdict(self)


def accepted_by_source(confidence: Any, error: Any, source: Any, *, coverage: float = 0.1) -> AcceptedBySource:
    """At the smallest reachable coverage that is wanted or more, what is accepted of each source.

    Args:
        confidence: (N,) real; larger is accepted first, whatever its source.
        error: (N,) 0/1.
        source: (N,) names or integers.
        coverage: the wanted one, a fraction in (0, 1].

    Raises:
        InputError: a coverage outside (0, 1], errors that are not 0/1, or as `operating_point_by_group`.

    Example:
        >>> found = accepted_by_source([4, 3, 2, 1], [0, 1, 0, 1], ["a", "b", "a", "b"], coverage=0.5)
        >>> found.sources["b"]
        {'samples': 2, 'accepted': 1, 'errors': 1}
    """
    check_fraction("coverage", coverage, open_below=True)
    confidence, error = check_confidence_error(confidence, error)
    check_binary("a count of errors", is_binary=are_binary(error), instead="take operating_point_by_group")
    curve = risk_coverage_curve(confidence, error)
    point = int(np.searchsorted(curve.coverage, coverage))
    threshold = float(curve.threshold[point])
    groups = operating_point_by_group(confidence, error, source, threshold=threshold)
    rows = {}
    for name, group in groups.items():
        accepted = round(group.coverage * group.n_samples)
        errors = round(accepted * (group.risk or 0.0))
        rows[str(name)] = {"samples": group.n_samples, "accepted": accepted, "errors": errors}
    return AcceptedBySource(threshold, float(curve.coverage[point]), float(curve.risk[point]), rows)


def accepted_table(models: Mapping[str, Mapping[str, AcceptedBySource]], sources: Sequence[str]) -> str:
    """A Markdown table, one line a model and score; for each source the accepted samples and the errors among them.

    Args:
        models: name of each model -> name of each score -> what is accepted.
        sources: in the order of the columns.
    """
    heads = ["model", "confidence", "coverage %", "error %", *(f"{s}: {w}" for s in sources for w in COLUMNS)]
    lines = [heads]
    for model, by_score in models.items():
        for score, found in by_score.items():
            counts = [str(found.sources[s][w]) for s in sources for w in COLUMNS]
            lines.append([model, score, f"{100 * found.coverage:.1f}", f"{100 * found.risk:.2f}", *counts])
    return markdown_table(lines, "ll" + "r" * (len(heads) - 2))
