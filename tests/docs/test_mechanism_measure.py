import numpy as np
import pytest
from scipy.stats import spearmanr

from abstain.audit import suppression_gradient


@pytest.fixture(scope="module")
def measure(program):
    return program("mechanism_measure")


def test_half_of_a_uniform_share_is_a_quarter_on_average(measure):
    assert measure.smaller_share(1) == pytest.approx(0.25)
    draws = np.random.default_rng(0).beta(0.2, 0.2, size=100_000)
    assert measure.smaller_share(0.2) == pytest.approx(np.minimum(draws, 1 - draws).mean(), abs=2e-3)


def test_each_recipe_has_the_loss_that_it_trains_with(measure):
    random = np.random.default_rng(0)
    logits, conditional = random.normal(size=(20, 10)), random.dirichlet(np.ones(10), size=20)
    largest = conditional[np.arange(20), logits.argmax(axis=1)]
    gradient = {
        name: suppression_gradient(measure.loss_of(changes), logits, conditional)
        for name, changes in measure.RECIPES.items()
    }
    for name in ("CE", "EMA 0.99", "SAM 0.1"):
        assert gradient[name] == pytest.approx(0, abs=1e-15)
    for name in ("LS 0.2", "LS 0.2 + SAM 0.1"):
        assert gradient[name] == pytest.approx(0.2 * (largest - 0.1))
    assert gradient["MaxSup 0.4"] == pytest.approx(0.36)
    share, world = measure.smaller_share(0.2), measure.mixture()
    frequency = np.bincount(world.label, world.share)[logits.argmax(axis=1)]
    assert gradient["mixup 0.2"] == pytest.approx(share * (largest - frequency))
    assert min(np.ptp(gradient[name]) for name in ("focal 2", "LogitNorm 0.04")) > 0.01, "not that of cross-entropy"


def test_the_formulas_are_met_to_rounding(measure, program):
    points = program("mechanism_runs").test_points(100)
    found = measure.largest_differences(points, points.features[:, :10])
    assert set(found) == {"LS 0.1", "LS 0.2", "LS 0.4", "MaxSup 0.2", "MaxSup 0.4"} and max(found.values()) < 1e-13


def test_ranks_are_spearmans_and_their_interval_tells_a_rank_from_none(measure):
    random = np.random.default_rng(0)
    noise = random.normal(size=(12, 5))
    one = np.tile(random.normal(size=(12, 1)), 5)
    one[:3] = one[0]  # ties
    other = one + 0.2 * noise
    found = measure.rank_correlation(one, other)
    assert found["estimate"] == pytest.approx(spearmanr(one.mean(axis=1), other.mean(axis=1)).statistic)
    assert found["low over seeds"] > found["low over recipes and seeds"] > 0
    apart = measure.rank_correlation(one, noise)
    assert apart["low over recipes and seeds"] < 0 < apart["high over recipes and seeds"]


def test_a_recipe_that_spares_errors_is_told_apart_from_one_that_does_not(measure, program):
    runs, random = program("mechanism_runs"), np.random.default_rng(0)
    points = runs.test_points(3000)
    plain = [np.log(points.conditional + 1e-3) + random.normal(size=(3000, 10)) for _ in range(3)]
    spared = []
    for logits in plain:
        top, rows = logits.argmax(axis=1), np.arange(3000)
        lower = logits.copy()
        lower[rows, top] -= 2 * points.conditional[rows, top] * (logits.max(axis=1) - np.sort(logits)[:, -2]) / 3
        spared.append(lower)
    found = measure.measured(points, {"CE": plain, "LS 0.2": spared, "EMA 0.99": plain})
    recipes = found["recipes"]
    assert found["least error"] == pytest.approx(0.15, abs=0.02) and recipes["CE"]["error"] > found["least error"]
    assert recipes["LS 0.2"]["slope"]["high"] < 0 == recipes["EMA 0.99"]["slope"]["estimate"]
    assert recipes["LS 0.2"]["predicted slope"] == pytest.approx(-0.2) and recipes["EMA 0.99"]["predicted slope"] == 0
    assert recipes["LS 0.2"]["minus CE"]["AURC"]["low"] > 0 > recipes["LS 0.2"]["minus CE"]["failure AUROC"]["high"]
    assert recipes["LS 0.2"]["error"] == recipes["CE"]["error"] and recipes["LS 0.2"]["alike"] == 1
    ranked = measure.ranks(recipes)
    assert set(ranked) == {"AURC", "failure AUROC"} and ranked["AURC"]["slope"]["estimate"] == pytest.approx(1)
