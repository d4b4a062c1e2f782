import numpy as np
import pytest


@pytest.fixture(scope="module")
def restated(program):
    module = program("mapie_thresholds")
    if module.BinaryClassificationController is None:
        pytest.skip("needs the extra `docs`")
    return module


def samples(n, seed):
    random = np.random.default_rng(seed)
    confidence = np.append(random.random(n - 40), np.full(40, 0.995))  # so that every threshold accepts some
    return confidence, random.random(n) < 0.3 * (1 - confidence) ** 1.5


@pytest.mark.parametrize("delta", [0.05, 0.2])
@pytest.mark.parametrize(("n", "seed"), [(200, 0), (1000, 1), (1000, 2), (3000, 3)])
def test_the_default_of_the_controller_is_restated(restated, n, seed, delta):
    certifying = samples(n, seed)
    expected = restated.of_controller(certifying, None, 0.05, delta)
    assert restated.best_threshold(restated.p_values(*certifying, 0.05), None, delta) == expected
    assert (expected is None) == (n == 200)


@pytest.mark.parametrize(("n", "seed"), [(1000, 4), (3000, 5)])
def test_the_fixed_sequence_of_the_controller_is_restated(restated, n, seed):
    certifying, tuning = samples(n, seed), samples(n // 4, seed + 10)
    expected = restated.of_controller(certifying, tuning, 0.05, 0.2)
    order = restated.learned_order(*tuning, 0.05)
    assert restated.best_threshold(restated.p_values(*certifying, 0.05), order, 0.2) == expected is not None


def test_without_the_controller_too_a_threshold_that_accepts_nothing_is_not_valid(program):
    module = program("mapie_thresholds")
    p = module.p_values(np.full(100, 0.5), np.zeros(100), 0.05)
    assert (p[51:] == 1).all() and p[:51] == pytest.approx(0.95**100)
    assert module.best_threshold(p, None, 0.05) is None  # Holm begins with p <= 0.05 / 100
    assert module.best_threshold(p, np.array([50, 20, 60]), 0.05) == pytest.approx(0.2)
