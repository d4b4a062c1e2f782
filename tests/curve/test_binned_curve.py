import numpy as np
import pytest

import abstain
from abstain.curve import BinnedCurve, RiskCoverageSketch

rng = np.random.default_rng(0)
CONFIDENCE = rng.integers(0, 100, 3000) / 8  # eighths begin a bin each, so that nothing is binned together
ERROR = rng.random(3000) < 0.3 / (1 + CONFIDENCE)


def test_where_every_level_has_its_bin_the_curve_is_that_of_the_samples():
    binned = RiskCoverageSketch().update(CONFIDENCE, ERROR).curve()
    exact = abstain.risk_coverage_curve(CONFIDENCE, ERROR)
    assert isinstance(binned, BinnedCurve) and binned.n_samples == 3000 and binned.is_binary
    for name in ("threshold", "accepted", "coverage", "risk"):
        np.testing.assert_array_equal(getattr(binned, name), getattr(exact, name))
    for read in ("aurc", "optimal_aurc", "augrc", "failure_auroc", "aurc_interval", "risk_interval"):
        assert getattr(binned, read)() == pytest.approx(getattr(exact, read)(), rel=1e-12)
    for coverage in (0.001, 0.3, 0.5, 1.0):
        assert binned.risk_at_coverage(coverage) == exact.risk_at_coverage(coverage)
    assert binned.coverage_at_risk_interval(0.05) == exact.coverage_at_risk_interval(0.05)


def test_a_shared_bin_is_one_point_at_its_lower_edge_as_worked_by_hand():
    # 2 and 2.0001 share the bin that begins at 2, one of them wrong; 4 is correct, 1 is wrong.
    curve = RiskCoverageSketch().update([2.0001, 1.0, 4.0, 2.0], [0, 1, 0, 1]).curve()
    assert curve.threshold.tolist() == [4.0, 2.0, 1.0]
    assert curve.accepted.tolist() == [1, 3, 4]
    assert [curve.risk_at_coverage(c) for c in (0.25, 0.26, 0.75, 0.76)] == [0.0, 1 / 3, 1 / 3, 0.5]


@pytest.mark.parametrize("coverage", [0, 1.5, np.nan])
def test_a_coverage_out_of_range_is_refused(coverage):
    curve = RiskCoverageSketch().update([1.0], [0]).curve()
    with pytest.raises(abstain.InputError, match=r"target_coverage is .*, but must be a fraction in \(0, 1\]"):
        curve.risk_at_coverage(coverage)
