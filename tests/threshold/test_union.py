import numpy as np
import pytest
import threshold_oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from abstain import NoThresholdError, risk_coverage_curve, select_threshold
from abstain.threshold.bounds import candidate_ranks
from abstain.threshold.union import points_at_ranks, threshold_below

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
some_levels = st.sampled_from([-np.inf, -1.0, 0.0, 0.25, 1.0, np.inf])


def samples(confidence):
    pairs = st.lists(st.tuples(confidence, st.sampled_from([0, 1, 0, 0])), min_size=1, max_size=60)
    return pairs.map(lambda rows: tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)))


def by_union(*samples, target_risk, delta):
    return select_threshold(*samples, target_risk, delta, method="union")


def test_a_guaranteed_threshold_as_worked_by_hand():
    # No error in 400 samples: the bound at rank n is 1 - (δ/J)^(1/n). With J = 43 ranks it is 0.0168 at n = 400,
    # where all are accepted, and at most 0.02 from ln(0.05/43) / ln(0.98) = 334.5 on.
    assert len(candidate_ranks(400)) == 43
    point = by_union(np.arange(400), np.zeros(400), target_risk=0.02, delta=0.05)
    assert (point.threshold, point.coverage, point.risk) == (-np.inf, 1.0, 0.0)
    assert (point.guaranteed, point.delta, point.target_risk, point.n_samples) == (True, 0.05, 0.02, 400)
    # With the last 60 all wrong, rank 340 is the largest without an error. It accepts strictly above the 341st of the
    # confidences 399, ..., 0, which is 59.
    point = by_union(np.arange(400), np.arange(400) < 60, target_risk=0.02, delta=0.05)
    assert (point.threshold, point.coverage, point.risk) == (np.nextafter(59.0, np.inf), 0.85, 0.0)


@repeatable
@given(
    samples(some_levels) | samples(st.floats(allow_nan=False)),
    st.sampled_from([0.1, 0.3, 0.5, 0.8]),
    st.sampled_from([0.05, 0.3, 0.9]),
)
def test_the_guaranteed_threshold_is_the_oracle_s(case, target_risk, delta):
    n = len(case[0])
    expected = threshold_oracle.guaranteed_threshold(*case, candidate_ranks(n).tolist(), target_risk, delta)
    if expected is None:
        with pytest.raises(NoThresholdError):
            by_union(*case, target_risk=target_risk, delta=delta)
    else:
        point = by_union(*case, target_risk=target_risk, delta=delta)
        assert (point.coverage, point.risk) == (expected[0] / n, expected[1] / expected[0])


def test_ties_at_the_boundary_move_a_rank_down_to_the_end_of_the_block_above():
    # 100 confident samples, then 900 tied: ranks from 101 to 999 fall back on 100, and only 1000 takes the block in.
    # 100 without an error have the bound 1 - (0.05/44)^(1/100) = 0.0656.
    confidence = np.repeat([1.0, 0.0], [100, 900])
    error = np.arange(1000) >= 500
    point = by_union(confidence, error, target_risk=0.07, delta=0.05)
    assert (point.threshold, point.coverage, point.risk) == (np.nextafter(0.0, 1.0), 0.1, 0.0)
    everything = by_union(confidence, error, target_risk=0.6, delta=0.05)
    assert (everything.threshold, everything.coverage, everything.risk) == (-np.inf, 1.0, 0.5)


def test_one_block_of_ties_is_accepted_as_a_whole_or_not_at_all():
    error = np.arange(200) < 10
    assert by_union(np.zeros(200), error, target_risk=0.2, delta=0.05).threshold == -np.inf
    with pytest.raises(NoThresholdError, match=r"the lowest bound is 0\.\d+, at a coverage of 1;"):
        by_union(np.zeros(200), error, target_risk=0.06, delta=0.05)


def test_no_label_has_a_say_in_the_points_that_are_looked_at():
    confidence = np.floor(np.random.default_rng(0).random(300) * 40)
    points = [
        points_at_ranks(risk_coverage_curve(confidence, wrong))[0].tolist() for wrong in (np.zeros(300), np.ones(300))
    ]
    assert points[0] == points[1]


def test_the_threshold_of_a_point_is_just_above_the_next():
    curve = risk_coverage_curve([3.0, 2.0, 2.0, 1.0], [0, 0, 1, 1])
    below = [threshold_below(curve, point) for point in range(3)]
    assert below == [np.nextafter(2.0, 3), np.nextafter(1.0, 2), -np.inf]


def test_the_error_names_the_lowest_bound_and_how_many_samples_would_do():
    # No error in 50 samples: rank 50 has the lowest bound, 1 - (0.05/J)^(1/50), at coverage 1.
    with pytest.raises(NoThresholdError) as raised:
        by_union(np.arange(50), np.zeros(50), target_risk=0.01, delta=0.05)
    bound = 1 - (0.05 / len(candidate_ranks(50))) ** (1 / 50)
    assert "on 50 samples is sure to have a selective risk of at most 0.01 (delta = 0.05)" in str(raised.value)
    assert f"the lowest bound is {bound:.4g}" in str(raised.value)
    # ln(0.05/46) / ln(0.99) = 679: without an error in so few, no more than that can be told.
    assert str(raised.value).endswith("how many would be enough, which at a coverage of 1 is 680 at least")
    assert raised.value.n_enough is None
