"""One number of a risk-coverage curve in one call; for several of them make the curve once."""

from __future__ import annotations

from typing import Any

from abstain.curve.areas import Convention
from abstain.curve.curve import risk_coverage_curve


def aurc(confidence: Any, error: Any, *, convention: Convention = "mean") -> float:
    """Area under the risk-coverage curve; lower is better.

    Args:
        confidence: (N,) real; larger is accepted first.
        error: (N,) in {0, 1}, or a finite loss of at least 0.
        convention: `"mean"` or `"trapezoid"`, see `RiskCoverageCurve.aurc`.

    Returns:
        In [0, 1] for 0/1 errors; ties count with the expectation over all their orders.

    Raises:
        InputError: as `risk_coverage_curve`, or another convention.

    Example:
        >>> round(aurc([5, 4, 3, 2, 1], [1, 0, 0, 0, 0]), 6)
        0.456667
    """
    return risk_coverage_curve(confidence, error).aurc(convention)


def coverage_at_risk(confidence: Any, error: Any, *, target_risk: float) -> float:
    """Largest reachable coverage whose selective risk is at most `target_risk`; higher is better.

    Args:
        confidence: (N,) real; larger is accepted first.
        error: (N,) in {0, 1}, or a finite loss of at least 0.
        target_risk: fraction in [0, 1]; for real losses any number of at least 0.

    Returns:
        Fraction in [0, 1]; 0.0 if no threshold qualifies.

    Raises:
        InputError: as `risk_coverage_curve`, or `target_risk` is out of its range.

    Example:
        >>> coverage_at_risk([4, 3, 2, 1], [0, 0, 1, 1], target_risk=0.4)
        0.75
    """
    return risk_coverage_curve(confidence, error).coverage_at_risk(target_risk)


def risk_at_coverage(confidence: Any, error: Any, *, target_coverage: float) -> float:
    """Selective risk at the smallest reachable coverage of at least `target_coverage`; lower is better.

    Args:
        confidence: (N,) real; larger is accepted first.
        error: (N,) in {0, 1}, or a finite loss of at least 0.
        target_coverage: fraction in (0, 1].

    Returns:
        The mean error of those accepted, in [0, 1] for 0/1 errors.

    Raises:
        InputError: as `risk_coverage_curve`, or `target_coverage` is out of its range.

    Example:
        >>> risk_at_coverage([4, 3, 2, 1], [0, 0, 1, 1], target_coverage=0.75)
        0.3333333333333333
    """
    return risk_coverage_curve(confidence, error).risk_at_coverage(target_coverage)
