import numpy as np
import pytest
import threshold_oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from abstain import NoThresholdError, risk_coverage_curve, select_threshold
from abstain.threshold.sgr import binary_search, sgr

pairs = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 0, 1])), min_size=1, max_size=60)


def test_the_search_as_worked_by_hand():
    # 8 samples in three steps: rank 5 of the ascending ones accepts 4, all right, with the bound 1 - (0.3/3)^(1/4) =
    # 0.438; rank 3 accepts 6 of which 2 are wrong, 0.799; rank 4 accepts 5 of which 1 is wrong, 0.584.
    curve = risk_coverage_curve(np.arange(8), np.arange(8) < 4)
    visited, found = binary_search(curve, 0.5, 0.3)
    assert [point for point, _ in visited] == [3, 5, 4] and found == 3
    assert visited[0][1] == pytest.approx(1 - 0.1**0.25)
    assert [bound for _, bound in visited[1:]] == pytest.approx(
        [threshold_oracle.clopper_pearson_upper(2, 6, 0.1), threshold_oracle.clopper_pearson_upper(1, 5, 0.1)]
    )


@settings(deadline=None, derandomize=True, max_examples=60)
@given(pairs, st.sampled_from([0.1, 0.3, 0.5, 0.8]), st.sampled_from([0.05, 0.3, 0.9]))
def test_the_threshold_is_the_oracle_s(rows, target_risk, delta):
    confidence, error = np.array(rows, float).T
    expected = threshold_oracle.sgr_threshold(confidence, error, target_risk, delta)
    if expected is None:
        with pytest.raises(NoThresholdError, match="the lowest bound is"):
            sgr(risk_coverage_curve(confidence, error), target_risk, delta)
    else:
        point = sgr(risk_coverage_curve(confidence, error), target_risk, delta)
        assert (point.threshold, point.coverage, point.risk) == (
            expected[0],
            expected[1] / len(rows),
            expected[2] / expected[1],
        )


def test_it_is_offered_by_name_and_not_called_guaranteed():
    confidence = np.arange(500)
    point = select_threshold(confidence, confidence < 100, 0.1, 0.05, method="sgr")
    assert (point.guaranteed, point.delta, point.method, point.n_tuning) == (False, 0.05, "sgr", None)
    assert point == sgr(risk_coverage_curve(confidence, confidence < 100), 0.1, 0.05)
