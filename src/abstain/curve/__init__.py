"""(confidence, error) to the risk-coverage curve: its points, areas, intervals and sketches; ties are blocks."""

from abstain.curve.binned_curve import BinnedCurve
from abstain.curve.curve import RiskCoverageCurve, risk_coverage_curve
from abstain.curve.difference import Difference, aurc_difference
from abstain.curve.difference_over_seeds import DifferenceOverSeeds, difference_over_seeds
from abstain.curve.functional import aurc, coverage_at_risk, risk_at_coverage
from abstain.curve.mixture import ScodCurve, scod_curve
from abstain.curve.sketch import RiskCoverageSketch

__all__ = [
    "BinnedCurve",
    "Difference",
    "DifferenceOverSeeds",
    "RiskCoverageCurve",
    "RiskCoverageSketch",
    "ScodCurve",
    "aurc",
    "aurc_difference",
    "coverage_at_risk",
    "difference_over_seeds",
    "risk_at_coverage",
    "risk_coverage_curve",
    "scod_curve",
]
