import numpy as np
import pytest
from scipy.special import softmax

from abstain.audit import smoothing_estimate
from abstain.audit.smoothing_estimate import smoothing_that_fits, temperature_that_fits
from abstain.scores.batches import ValueBatches
from abstain.scores.kinds import read_values
from abstain.scores.softmax import msp
from abstain.scores.temperature import TemperatureScaling


def calibrated(n=20000, k=6, seed=0):
    """Softmax of a model that is right as often as it says, and labels."""
    random = np.random.default_rng(seed)
    true = softmax(2 * random.normal(size=(n, k)), axis=1)
    labels = (true.cumsum(axis=1) < random.random((n, 1))).sum(axis=1)
    return true, labels.clip(max=k - 1)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.4])
def test_the_smoothing_of_a_model_that_learned_its_target_is_found(alpha):
    true, labels = calibrated()
    p = (1 - alpha) * true + alpha / 6
    found = smoothing_that_fits(p[np.arange(len(p)), labels], (p**2).sum(axis=1), 6)
    assert found == pytest.approx(alpha, abs=0.02)


def test_it_has_the_least_brier_score():
    true, labels = calibrated(n=500)
    p = 0.75 * true + 0.25 / 6
    found = smoothing_that_fits(p[np.arange(500), labels], (p**2).sum(axis=1), 6)

    def brier(alpha):
        return float((((p - alpha / 6) / (1 - alpha) - np.eye(6)[labels]) ** 2).sum())

    assert brier(found) < min(brier(found - 0.01), brier(found + 0.01))


def test_overconfidence_is_no_smoothing_and_chance_has_none():
    right = np.array([1.0, 0.0, 1.0, 1.0])
    assert smoothing_that_fits(right, np.ones(4), 2) == 0.0
    assert smoothing_that_fits(np.full(4, 0.25), np.full(4, 0.25), 4) is None
    assert smoothing_that_fits(np.full(4, 0.1), np.full(4, 0.5), 4) is None


def test_the_temperature_is_that_of_temperature_scaling(monkeypatch):
    true, labels = calibrated(n=2000)
    values = ValueBatches.of(read_values(np.log(true) / 2, labels, input="logits"))
    log_odds = msp(np.log(true) / 2)
    whole = temperature_that_fits(values, log_odds)
    assert whole == TemperatureScaling.fit(np.log(true) / 2, labels).temperature == pytest.approx(0.5, abs=0.03)
    monkeypatch.setattr(smoothing_estimate, "MOST_VALUES", 6 * 1000)
    order = np.random.default_rng(1).permutation(2000)
    permuted = ValueBatches.of(read_values(np.log(true[order]) / 2, labels[order], input="logits"))
    of_part = temperature_that_fits(values, log_odds)
    assert whole != of_part == pytest.approx(whole, abs=0.05)
    assert temperature_that_fits(permuted, log_odds[order]) == pytest.approx(of_part, rel=1e-9)


def test_no_temperature_fits_a_model_without_errors():
    logits = np.eye(3)[[0, 1, 2, 0]] * [[3.0], [2.0], [4.0], [1.0]]
    values = ValueBatches.of(read_values(logits, [0, 1, 2, 0], input="logits"))
    assert temperature_that_fits(values, msp(logits)) is None
