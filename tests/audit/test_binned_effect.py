import itertools

import numpy as np
import pytest
from logit_oracle import effect_at_equal_msp, logit_marks

from abstain.audit.binned_effect import FEWEST_IN_BIN, MOST_BINS, binned_effect


def world(seed, n=4000, of_errors=0.0):
    """Heights that grow with the log-odds, on errors by `of_errors` higher: the true effect."""
    random = np.random.default_rng(seed)
    odds = random.normal(1.5, 1.5, size=n)
    error = (random.random(n) > 1 / (1 + np.exp(-odds))).astype(float)
    height = 0.8 * odds + of_errors * error + 0.5 * random.normal(size=n)
    return height, odds, error


def test_a_bin_worked_by_hand():
    # ten errors and ten correct, all of one MSP: the difference of the means is 1, the variances are 0 and 10/9
    height = np.array([2.0] * 10 + [0.0, 2.0] * 5)
    found = binned_effect(height, np.zeros(20), np.array([1.0] * 10 + [0.0] * 10))
    assert found.effect == found.raw_effect == 1
    assert (found.raw_influence**2).sum() == pytest.approx(10 / 9 / 10)
    assert found.deviation == pytest.approx(np.sqrt(10 / 17))
    (only,) = found.bins
    assert (only.n_errors, only.n_correct, only.of_errors, only.of_correct, only.effect) == (10, 10, 2, 1, 1)
    assert (only.low, only.high, only.std_of_errors) == (0, 0, 0) and only.std_of_correct == pytest.approx(10**0.5 / 3)


def test_it_is_the_oracle(twelve_classes):
    logits, labels = twelve_classes
    wrong = logits.argmax(axis=1) != labels
    odds, height, _ = np.array([logit_marks(row) for row in logits]).T
    found = binned_effect(height, odds, wrong.astype(float))
    assert len(found.bins) > 3
    assert (found.effect, found.raw_effect) == pytest.approx(effect_at_equal_msp(logits, wrong))


def test_every_bin_holds_enough_and_no_sample_is_lost():
    height, odds, error = world(0)
    bins = binned_effect(height, odds, error).bins
    assert 1 < len(bins) <= MOST_BINS
    assert min(min(one.n_errors, one.n_correct) for one in bins) >= FEWEST_IN_BIN
    assert sum(one.n_errors + one.n_correct for one in bins) == len(error)
    assert all(one.high < other.low for one, other in itertools.pairwise(bins))


def test_the_line_within_bins_takes_out_what_msp_leaves():
    # without any effect of errors, within a bin they have the lower MSP, and so the lower height
    found = [binned_effect(*world(seed, n=1000)) for seed in range(200)]
    effects, raw = np.array([one.effect for one in found]), np.array([one.raw_effect for one in found])
    assert abs(effects.mean()) < 3 * effects.std() / 200**0.5 < abs(raw.mean()) and raw.mean() < 0


def test_the_standard_error_is_the_spread_over_draws():
    found = [binned_effect(*world(seed, n=1000, of_errors=0.3)) for seed in range(300)]
    effects = np.array([one.effect for one in found])
    errors = np.array([np.linalg.norm(one.influence) for one in found])
    assert effects.mean() == pytest.approx(0.3, abs=4 * effects.std() / 300**0.5)
    assert errors.mean() == pytest.approx(effects.std(), rel=0.15)
    covered = np.abs(effects - 0.3) < 1.96 * errors
    assert 0.91 < covered.mean() < 0.98


@pytest.mark.parametrize("n_errors", [0, 9, 20, 15])
def test_too_few_of_either_are_none(n_errors):
    n_samples = 20 if n_errors > 10 else 100
    error = (np.arange(n_samples) < n_errors).astype(float)
    assert binned_effect(np.arange(n_samples) / 7, np.arange(n_samples) / 3, error) is None
