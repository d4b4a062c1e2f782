import numpy as np
import pytest
from scipy import integrate

from abstain.threshold.confidence_sequence import bounds, log_evidence_above, log_evidence_below


@pytest.mark.parametrize(
    ("ones", "n", "probability"), [(0, 0, 0.05), (3, 20, 0.05), (0, 30, 0.2), (9, 12, 0.5), (7, 7, 0.9)]
)
def test_evidence_is_the_mean_likelihood_ratio_of_what_lies_above(ones, n, probability):
    def density(theta):
        return theta**-0.5 * (1 - theta) ** -0.5

    def ratio(theta):
        return (theta / probability) ** ones * ((1 - theta) / (1 - probability)) ** (n - ones) * density(theta)

    expected = integrate.quad(ratio, probability, 1)[0] / integrate.quad(density, probability, 1)[0]
    assert log_evidence_above(ones, n, probability) == pytest.approx(np.log(expected), abs=1e-7)
    assert log_evidence_below(n - ones, n, 1 - probability) == pytest.approx(
        float(log_evidence_above(ones, n, probability))
    )


@pytest.mark.parametrize("probability", [0.01, 0.05, 0.5, 0.95])
def test_the_expected_evidence_never_grows_where_the_statement_holds(probability):
    # A supermartingale: for each count and each q up to `probability`, the mean over the next sample is at most now.
    n = np.arange(60)[:, None]
    ones = np.minimum(np.arange(60)[None, :], n)
    now = np.exp(log_evidence_above(ones, n, probability))
    wrong, right = (np.exp(log_evidence_above(ones + more, n + 1, probability)) for more in (1, 0))
    for q in np.linspace(0, probability, 5):
        assert np.all(q * wrong + (1 - q) * right <= now * (1 + 1e-9))
    assert np.allclose(probability * wrong + (1 - probability) * right, now, rtol=1e-9), "no evidence is given away"


def test_far_below_there_is_no_evidence_and_no_overflow():
    assert log_evidence_above(0, 10**7, 0.5) == -np.inf
    assert np.isfinite(log_evidence_above(10**7, 10**7, 1e-6))


@pytest.mark.parametrize(("ones", "n"), [(0, 1), (0, 1000), (1, 1), (1, 50), (20, 400), (400, 400), (5000, 100_000)])
def test_bounds_are_where_the_evidence_suffices(ones, n):
    low, high = bounds(ones, n, 0.1)
    assert 0 <= low <= ones / n <= high <= 1

    def refuted(p):
        return max(log_evidence_above(ones, n, p), log_evidence_below(ones, n, p)) >= np.log(20)

    assert low == 0 or all(refuted(p) for p in np.linspace(0, low, 52)[1:-1])
    assert high == 1 or all(refuted(p) for p in np.linspace(high, 1, 52)[1:-1])
    assert not any(refuted(p) for p in np.linspace(low, high, 52)[1:-1])


def test_bounds_of_nothing_and_of_the_other_side():
    assert bounds(0, 0, 0.05) == (0, 1)
    assert bounds(3, 40, 0.05) == pytest.approx([1 - end for end in bounds(37, 40, 0.05)[::-1]], abs=1e-9)
    assert bounds(0, 1000, 0.05)[0] == 0 and bounds(1000, 1000, 0.05)[1] == 1


def test_bounds_hold_at_all_times_at_once():
    random = np.random.default_rng(0)
    n_runs, n_steps = 400, 500
    errors = np.cumsum(random.random((n_runs, n_steps)) < 0.1, axis=1)
    n = np.arange(1, n_steps + 1)
    enough = np.log(2 / 0.2)
    missed = (log_evidence_above(errors, n, 0.1) >= enough) | (log_evidence_below(errors, n, 0.1) >= enough)
    share = missed.any(axis=1).mean()
    assert 0 < share <= 0.2
