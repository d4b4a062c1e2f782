import numpy as np
import pytest
import threshold_oracle

from abstain.threshold.bounds import MAX_RANKS, candidate_ranks, fewest_to_show, p_value, upper_bound


def test_the_ranks_of_80_samples_as_worked_by_hand():
    # Fortieths of 80 are 2, 4, ..., 80; the halves of the first, 1, 1/2, ..., leave only 1.
    assert candidate_ranks(80).tolist() == [1, *range(2, 81, 2)]


@pytest.mark.parametrize("n", [1, 2, 3, 39, 40, 41, 1000, 10**7])
def test_the_ranks_ascend_to_all_samples(n):
    ranks = candidate_ranks(n)
    assert ranks[0] >= 1
    assert ranks[-1] == n
    assert (np.diff(ranks) > 0).all()
    assert len(ranks) <= MAX_RANKS  # δ is shared among them


@pytest.mark.parametrize("delta", [0.5, 0.05, 0.001])
@pytest.mark.parametrize(("errors", "n"), [(0, 1), (1, 1), (0, 30), (1, 30), (15, 30), (29, 30), (30, 30), (7, 300)])
def test_the_upper_bound_is_clopper_and_pearson_s(errors, n, delta):
    expected = threshold_oracle.clopper_pearson_upper(errors, n, delta)
    assert upper_bound(errors, n, delta) == pytest.approx(expected, rel=1e-9)
    if errors < n:
        assert threshold_oracle.binomial_cdf(errors, n, expected) == pytest.approx(delta, rel=1e-9)


def test_the_upper_bound_without_an_error_as_worked_by_hand():
    # (1 - p)^n = delta.
    np.testing.assert_allclose(
        upper_bound(np.zeros(2), np.array([10, 100]), 0.05), 1 - 0.05 ** (1 / np.array([10, 100]))
    )


def test_more_errors_fewer_samples_and_a_smaller_delta_raise_the_bound():
    assert upper_bound(1, 50, 0.05) < upper_bound(2, 50, 0.05) < upper_bound(2, 40, 0.05) < upper_bound(2, 40, 0.01) < 1


@pytest.mark.parametrize("target", [0.5, 0.05])
@pytest.mark.parametrize(("errors", "n"), [(0, 1), (1, 1), (0, 30), (1, 30), (29, 30), (30, 30), (7, 300), (0, 0)])
def test_the_p_value_is_the_binomial_tail_and_turns_where_the_bound_meets_the_target(errors, n, target):
    p = float(p_value(errors, n, target))
    assert p == pytest.approx(threshold_oracle.binomial_cdf(errors, n, target) if errors < n else 1.0, rel=1e-9)
    if p < 0.999:
        assert upper_bound(errors, n, p * 1.001) < target < upper_bound(errors, n, p * 0.999)


def test_p_values_are_of_the_shape_of_the_numbers():
    found = p_value(np.array([0, 1, 2]), np.array([0, 20, 2]), 0.1)
    assert found[[0, 2]].tolist() == [1, 1] and found[1] == pytest.approx(0.9**20 + 20 * 0.1 * 0.9**19)


@pytest.mark.parametrize(("risk", "n"), [(0.05, 59), (0.01, 299), (0.5, 5), (1.0, 1), (0.0, 1)])
def test_how_many_answers_without_an_error_show_a_risk(risk, n):
    assert fewest_to_show(risk) == n  # the rule of three: (1 - risk)^n <= 0.05
    assert risk in (0, 1) or (1 - risk) ** n <= 0.05 < (1 - risk) ** (n - 1)
