import json
from fractions import Fraction
from math import comb, factorial

import numpy as np
import pytest

from abstain import InputError
from abstain.threshold.rank_test import N_BINS, RankTest


def test_edges_stand_at_even_ranks_and_gaps_are_what_lies_between():
    test = RankTest.of(np.arange(31.0)[::-1])  # 31 samples leave 32 places, 2 a bin
    assert test.edges.tolist() == list(np.arange(1.0, 31, 2)) and test.gaps.tolist() == [2] * 16
    assert RankTest.of(np.arange(16.0)).gaps.sum() == 17
    with pytest.raises(InputError, match="15 validation confidences, but a test needs at least 16"):
        RankTest.of(np.arange(15.0))


def test_the_order_of_validation_samples_makes_no_difference():
    confidence = np.random.default_rng(0).integers(0, 3, 100).astype(float)
    assert RankTest.of(confidence) == RankTest.of(confidence[::-1])
    assert RankTest.of(confidence) != RankTest.of(confidence + 1)


def test_bins_of_confidences_and_of_ties():
    test = RankTest.of(np.arange(31.0))
    assert test.bins(np.array([-np.inf, 0, 1.5, 2, 29.5, np.inf]), np.zeros(6)).tolist() == [0, 0, 1, 1, 15, 15]
    at_an_edge = np.array([0.0, test.tie_breaks[4], 1.0])
    assert test.bins(np.full(3, test.edges[4]), at_an_edge).tolist() == [4, 4, 5]
    tied = RankTest.of(np.ones(31))
    uniform = np.random.default_rng(1).random(5000)
    assert np.bincount(tied.bins(np.ones(5000), uniform), minlength=16).min() > 0, "an atom fills all bins"
    assert set(tied.bins(np.array([0.0, 2.0]), np.array([0.9, 0.1]))) == {0, 15}


def beta_binomial(new, old):
    """The probability of an order of two kinds from Pólya's urn, of whole numbers."""
    (a, b), (k, m) = old, new
    return Fraction(
        factorial(a + k - 1) * factorial(b + m - 1) * factorial(a + b - 1),
        factorial(a + b + k + m - 1) * factorial(a - 1) * factorial(b - 1),
    )


def jeffreys(k, m):
    """The same where the share is Beta(½, ½): C(2k, k) C(2m, m) / (4^n C(n, k))."""
    return Fraction(comb(2 * k, k) * comb(2 * m, m), 4 ** (k + m) * comb(k + m, k))


def pairs(values):
    return zip(values[::2], values[1::2], strict=True)


def by_hand(gaps, before, since):
    """The product over halvings, in fractions."""
    found, urn = Fraction(1), [g + b for g, b in zip(gaps, before, strict=True)]
    for depth in (3, 2, 1, 0):
        bet = Fraction(1, 2 ** (depth + 1))
        for old, new in zip(pairs(urn), pairs(since), strict=True):
            found *= 1 - bet + bet * jeffreys(*new) / beta_binomial(new, old)
        urn, since = ([sum(pair) for pair in pairs(of)] for of in (urn, since))
    return found


def test_evidence_is_the_product_of_bets_worked_in_fractions():
    random = np.random.default_rng(0)
    test = RankTest.of(random.random(100))
    before, since = random.integers(0, 5, (2, 16))
    expected = by_hand(test.gaps.tolist(), before.tolist(), since.tolist())
    assert float(test.log_evidence(before, since)) == pytest.approx(np.log(float(expected)))
    assert test.log_evidence(before, np.zeros(16, int)) == pytest.approx(0, abs=1e-12)


def test_the_expected_evidence_does_not_change_with_the_next_sample():
    # A martingale: the mean over the next bin, with the probabilities of the urn, is the evidence of now, exactly.
    random = np.random.default_rng(1)
    test = RankTest.of(random.random(57))
    before, since = random.integers(0, 9, (2, 16))
    urn = test.gaps + before + since
    after = np.exp(test.log_evidence(before, since + np.eye(16, dtype=int)))
    assert after @ urn / urn.sum() == pytest.approx(np.exp(test.log_evidence(before, since)), rel=1e-10)


@pytest.mark.parametrize("levels", [None, 3])
def test_bins_of_new_samples_have_the_probabilities_of_the_urn(levels):
    # Also under ties, over the draw of both: the mean over many validation sets.
    random = np.random.default_rng(2)
    found = np.zeros(N_BINS)
    pair = 0
    for _ in range(3000):
        values = random.random(41) if levels is None else random.integers(0, levels, 41).astype(float)
        test = RankTest.of(values[:39])
        bins = test.bins(values[39:], random.random(2))
        found[bins[0]] += 1
        pair += bins[0] == bins[1]
    assert found / 3000 == pytest.approx(test.gaps / 40, abs=4 * np.sqrt(0.075 / 3000))
    together = (test.gaps * (test.gaps + 1) / (40 * 41)).sum()  # the urn draws the same bin more often than chance
    assert pair / 3000 == pytest.approx(together, abs=4 * np.sqrt(together / 3000))


def test_a_test_survives_json_infinities_too():
    test = RankTest.of(np.concatenate([np.full(10, -np.inf), np.arange(20), np.full(30, np.inf)]))
    assert RankTest.from_dict(json.loads(json.dumps(test.to_dict(), allow_nan=False))) == test


@pytest.mark.parametrize(
    "change",
    [{"edges": [0.0] * 14}, {"edges": "abc"}, {"edges": list(range(15))[::-1]}, {"gaps": [0] * 16},
     {"gaps": [1.5] * 16}, {"gaps": [1e30] * 16},
     {"tie_breaks": [float("nan")] * 15}, {"edges": ["high"] * 15}, {"x": 1}],
    ids=str,
)  # fmt: skip
def test_what_is_no_test_is_refused(change):
    with pytest.raises(InputError):
        RankTest.from_dict(RankTest.of(np.arange(40.0)).to_dict() | change)
