import numpy as np
import pytest

from abstain import InputError, risk_coverage_curve
from abstain.curve import bootstrap
from abstain.curve.bootstrap import _coarse, _coverage


def plain_bootstrap(confidence, error, target_risk, n_resamples):
    generator = np.random.default_rng(1)
    picks = generator.integers(0, len(error), size=(n_resamples, len(error)))
    return [risk_coverage_curve(confidence[pick], error[pick]).coverage_at_risk(target_risk) for pick in picks]


@pytest.mark.parametrize("levels", [5, None])
def test_counting_again_is_sorting_again(levels):
    generator = np.random.default_rng(0)
    confidence = generator.random(400)
    error = generator.random(400) < 0.4 * (1 - confidence)
    confidence = confidence if levels is None else np.floor(confidence * levels)
    curve = risk_coverage_curve(confidence, error)
    found = curve.coverage_at_risk_interval(0.1, n_resamples=3000)
    expected = np.quantile(plain_bootstrap(confidence, error, 0.1, 3000), [0.025, 0.975])
    assert found == pytest.approx(expected, abs=0.02)
    assert found[0] <= curve.coverage_at_risk(0.1) <= found[1]


def test_counts_that_are_drawn_at_once_give_the_same_interval(monkeypatch):
    generator = np.random.default_rng(0)
    confidence = generator.random(20_000)
    curve = risk_coverage_curve(confidence, generator.random(20_000) < 0.4 * (1 - confidence) ** 2)
    one_by_one = curve.coverage_at_risk_interval(0.02)
    monkeypatch.setattr(bootstrap, "DRAWN_ONE_BY_ONE", 10_000)
    at_once = curve.coverage_at_risk_interval(0.02)
    assert at_once != one_by_one and at_once == pytest.approx(one_by_one, abs=0.1 * (one_by_one[1] - one_by_one[0]))
    monkeypatch.setattr(bootstrap, "MOST_BLOCKS", 500)  # of a width of 0.2 % of the samples
    coarse = curve.coverage_at_risk_interval(0.02)
    assert coarse != at_once and coarse == pytest.approx(at_once, abs=0.004)


@pytest.mark.parametrize(("most", "joined"), [(2, [2, 5, 3, 2]), (4, [2, 0, 1, 1, 4, 2, 2])])
def test_neighbouring_blocks_are_joined_as_ties(monkeypatch, most, joined):
    sizes = np.array([2, 0, 1, 1, 0, 1, 3, 1, 1, 2])  # blocks of 3, 2 and 5 samples, and two more: 12
    monkeypatch.setattr(bootstrap, "MOST_BLOCKS", most)
    assert _coarse(sizes, 12).tolist() == joined and sum(joined) == 12
    assert _coarse(sizes[-1:], 2).tolist() == [2], "no error at all"


def test_it_is_seeded_and_narrows_with_the_level():
    generator = np.random.default_rng(0)
    curve = risk_coverage_curve(generator.random(200), generator.random(200) < 0.2)
    wide = curve.coverage_at_risk_interval(0.2, 0.99)
    assert wide == curve.coverage_at_risk_interval(0.2, 0.99)
    narrow = curve.coverage_at_risk_interval(0.2, 0.5)
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


def test_without_errors_everything_is_accepted_in_every_resample():
    assert risk_coverage_curve([1, 2, 2], [0, 0, 0]).coverage_at_risk_interval(0.0) == (1.0, 1.0)
    assert risk_coverage_curve([1, 2, 2], [1, 1, 1]).coverage_at_risk_interval(0.5) == (0.0, 0.0)


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="needs 0/1 errors"):
        risk_coverage_curve([1, 2], [0.5, 2.0]).coverage_at_risk_interval(0.1)
    with pytest.raises(InputError, match="n_resamples is 0"):
        risk_coverage_curve([1, 2], [0, 1]).coverage_at_risk_interval(0.1, n_resamples=0)


def test_a_resample_is_judged_as_the_curve_is_where_the_product_rounds():
    # 29 errors, all last of 100: 29/100 <= 0.29, but 0.29 · 100 is less than 29 in floating point
    assert 0.29 * 100 < 29
    counts = np.array([71, 0, 29, 0])  # before the block, its correct and its wrong, after it
    assert _coverage(counts, 0.29) == 100
