import numpy as np
import pytest
import threshold_oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from abstain import NoThresholdError, risk_coverage_curve, select_threshold
from abstain.threshold.fixed_sequence import proposed_sequence, split_fixed_sequence

LEVELS = [-np.inf, -1.0, 0.0, 0.25, 1.0, np.inf]
levels = st.sampled_from(LEVELS) | st.floats(allow_nan=False)
pairs = st.lists(st.tuples(levels, st.sampled_from([0, 0, 0, 1])), min_size=1, max_size=40)
parts = pairs.map(lambda rows: tuple(np.array(column, float) for column in zip(*rows, strict=True)))


def test_the_walk_as_worked_by_hand():
    # The tuning part proposes 4, 3, 2 and everything in place of 1, and predicts the smallest p-value for 3: there all
    # are right, and more than at 4. On the other part 60 are accepted at 3 without an error, 0.95^60 = 0.046; at 2
    # there are 20 more, of which 5 are wrong, and 5 of 80 have the p-value 0.79.
    tuning = risk_coverage_curve([4, 4, 3, 3, 3, 2, 2, 1], [0, 0, 0, 0, 0, 1, 1, 1])
    confidence = np.repeat([5.0, 3.0, 2.5, 0.0], [30, 30, 20, 20])
    error = np.isin(np.arange(100), [60, 61, 62, 63, 64])
    certifying = risk_coverage_curve(confidence, error)
    tests = proposed_sequence(tuning, certifying, 0.05)
    assert tests.thresholds.tolist() == [3.0, 2.0, -np.inf]
    assert tests.accepted.tolist() == [60, 80, 100] and tests.errors.tolist() == [0, 5, 5]
    assert tests.p_values == pytest.approx([0.95**60, *(threshold_oracle.binomial_cdf(5, n, 0.05) for n in (80, 100))])
    point = split_fixed_sequence(tuning, certifying, 0.05, 0.05)
    assert (point.threshold, point.coverage, point.risk, point.guaranteed) == (3.0, 0.6, 0.0, True)
    assert (point.n_samples, point.n_tuning, point.method, point.delta) == (100, 8, "split_fixed_sequence", 0.05)


def test_a_failed_test_ends_the_walk_whatever_comes_after():
    # Everything would pass at 0.3 where 2 of 100 are wrong in the end, but the second threshold accepts 2 of 3 wrong.
    tuning = risk_coverage_curve(np.repeat([3.0, 2.0, 1.0], 30), np.zeros(90))
    confidence, error = np.arange(100.0) + 2, np.isin(np.arange(100), [98, 99])
    tests = proposed_sequence(tuning, risk_coverage_curve(confidence, error), 0.3)
    assert tests.n_passed(1.0) == len(tests.thresholds)
    failing = type(tests)(*(np.array(v) for v in ([3.0, 2.0, 1.0], [1, 3, 100], [0, 2, 2], [0.01, 0.8, 0.001])))
    assert failing.n_passed(0.05) == 1 and failing.n_passed(0.005) == 0


@settings(deadline=None, derandomize=True, max_examples=80)
@given(parts, parts, st.sampled_from([0.1, 0.3, 0.6]), st.sampled_from([0.05, 0.3, 0.9]))
def test_the_walk_is_the_oracle_s_and_its_thresholds_are_those_of_the_tuning_part(tuning, certifying, target, delta):
    of_tuning, of_certifying = risk_coverage_curve(*tuning), risk_coverage_curve(*certifying)
    sequence = proposed_sequence(of_tuning, of_certifying, target).thresholds
    proposed = [*sorted(set(tuning[0] + 0.0), reverse=True)[:-1], -np.inf]
    assert sequence.tolist() == proposed[len(proposed) - len(sequence) :]
    expected = threshold_oracle.fixed_sequence_threshold(sequence, *certifying, target, delta)
    if expected is None:
        with pytest.raises(NoThresholdError, match=f"the first that {len(tuning[0])} others propose has the bound"):
            split_fixed_sequence(of_tuning, of_certifying, target, delta)
    else:
        point = split_fixed_sequence(of_tuning, of_certifying, target, delta)
        threshold, accepted, errors = expected
        assert point.threshold == threshold
        assert (point.coverage, point.risk) == (accepted / len(certifying[0]), errors / accepted)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(parts, st.sampled_from([20, 200, 3000]), st.sampled_from([0.1, 0.3, 0.6]))
def test_it_begins_where_the_smallest_p_value_is_to_be_expected(tuning, n, target):
    # P(at most k of x) for the sizes that n samples would have, with one more sample at the target in the risk
    thresholds = sorted(set(tuning[0] + 0.0), reverse=True)
    predicted = []
    for threshold in thresholds:
        accepted = tuning[0] >= threshold
        risk = (tuning[1][accepted].sum() + target) / (accepted.sum() + 1)
        size = accepted.sum() * n / len(tuning[0])
        predicted.append(beta.sf(target, risk * size + 1, (1 - risk) * size))
    certifying = risk_coverage_curve(np.arange(n), np.zeros(n))
    start = len(thresholds) - len(proposed_sequence(risk_coverage_curve(*tuning), certifying, target).thresholds)
    assert predicted[start] == pytest.approx(min(predicted), rel=1e-9)


def test_it_does_not_begin_at_the_top_where_smoothing_puts_errors():
    # the 2 % most confident are wrong half of the time; below them 1 % are
    random = np.random.default_rng(0)
    confidence = random.random(5000)
    error = random.random(5000) < np.where(confidence > 0.98, 0.5, 0.3 * (1 - confidence) ** 4)
    point = select_threshold(confidence, error, 0.05, 0.05)
    tuning = confidence[np.random.default_rng(0).permutation(5000)[:1000]]
    first = proposed_sequence(
        risk_coverage_curve(tuning, np.zeros(1000)), risk_coverage_curve(confidence, error), 0.05
    ).thresholds[0]
    assert point.coverage > 0.4 and first == -np.inf  # without an error all would be proposed at once


def test_without_a_tuning_part_only_the_acceptance_of_everything_is_tested():
    few = select_threshold([1.0, 2.0], [0, 0], 0.5, 0.3)
    assert (few.threshold, few.n_tuning, few.n_samples) == (-np.inf, 0, 2)
    with pytest.raises(NoThresholdError, match="the only one, for all, has the bound 1, at a coverage of 1"):
        select_threshold([1.0], [1], 0.5, 0.3)


def test_more_samples_do_not_help_where_no_risk_is_below_the_target():
    with pytest.raises(NoThresholdError, match="more samples like these do not help") as raised:
        select_threshold(np.arange(100), np.ones(100), 0.1, 0.05)
    assert raised.value.n_enough is None
