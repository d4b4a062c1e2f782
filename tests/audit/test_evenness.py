import numpy as np
import pytest
from scipy.stats import spearmanr

from abstain.audit.evenness import rank_correlation


def test_it_is_that_of_scipy_with_ties_and_not_of_scale():
    random = np.random.default_rng(0)
    a = random.integers(0, 30, size=200).astype(float)
    b = a + 20 * random.normal(size=200)
    correlation, influence = rank_correlation(a, b)
    assert correlation == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(np.exp(a / 10), -1 / (b + 1000)) == (pytest.approx(correlation), pytest.approx(influence))
    assert rank_correlation(a, -a)[0] == -1 and rank_correlation(a, a)[0] == 1


def test_the_influences_tell_the_spread_over_draws():
    found = []
    for seed in range(300):
        a, noise = np.random.default_rng(seed).normal(size=(2, 200))
        found.append(rank_correlation(a, a + 2 * noise))
    errors = [np.linalg.norm(influence) for _, influence in found]
    assert np.mean(errors) == pytest.approx(np.std([correlation for correlation, _ in found]), rel=0.15)


@pytest.mark.parametrize(("a", "b"), [([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), ([1.0, 2.0], [5.0, 5.0]), ([1.0], [2.0])])
def test_what_does_not_vary_has_none(a, b):
    assert rank_correlation(np.array(a), np.array(b)) is None
