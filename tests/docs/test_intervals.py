import numpy as np
import pytest

from abstain import aurc_difference, risk_coverage_curve

AREAS = ("risk", "aurc", "augrc", "failure_auroc")


@pytest.fixture(scope="module")
def worlds(program):
    return program("interval_worlds")


@pytest.fixture(scope="module")
def simulation(program):
    return program("interval_simulation")


@pytest.mark.parametrize("options", [{"auroc": 0.85}, {"auroc": 0.9, "top": 0.15}, {"auroc": 0.85, "levels": 3}])
def test_many_draws_at_once_are_those_of_the_curve_and_so_are_their_intervals(worlds, simulation, options):
    generator = np.random.default_rng(0)
    world = worlds.World(0.2, **options)
    wrong = generator.random((3, 300)) < 0.2
    confidence = world.confidence(wrong, generator.standard_normal(wrong.shape), generator)
    blocks = worlds.blocks_of(confidence, wrong, world.levels)
    found = worlds.influences(blocks, 300)
    curves = [risk_coverage_curve(*draw) for draw in zip(confidence, wrong, strict=True)]
    for area in AREAS:
        value, slope, offset = found[area]
        sums = worlds.power_sums(slope, offset, blocks)
        ends = simulation.candidates(area, value, sums, 300)["z" if area == "risk" else "t"]
        for draw, curve in enumerate(curves):
            moments = curve.moments(area)
            expected = (moments.second, moments.third, moments.fourth)
            assert sums[:, draw] == pytest.approx(expected, rel=1e-6, abs=1e-6)
            interval = getattr(curve, f"{area}_interval")()
            assert [end[draw] for end in ends] == pytest.approx(interval, rel=1e-6)


def test_differences_are_those_of_the_library(worlds, simulation):
    generator = np.random.default_rng(0)
    wrong = generator.random((1, 400)) < 0.2
    scores = [generator.normal(size=(1, 400)) - wrong, np.floor(3 * generator.random((1, 400)))]
    (a, of_a), (b, of_b) = (
        simulation._aurc_of_samples(score, wrong, levels) for score, levels in zip(scores, (None, 3), strict=True)
    )
    sums = np.array([((of_a - of_b) ** power).sum(axis=1) for power in (2, 3, 4)])
    low, high = simulation.candidates("difference", a - b, sums, 400)["Hall, t"]
    expected = aurc_difference(scores[0][0], wrong[0], scores[1][0], wrong[0])
    assert (low[0], high[0]) == pytest.approx(expected.interval)


@pytest.mark.parametrize("options", [{"auroc": 0.85}, {"auroc": 0.9, "top": 0.15}, {"auroc": 0.85, "levels": 3}])
def test_the_truth_is_that_of_a_very_large_draw(worlds, options):
    generator = np.random.default_rng(0)
    world = worlds.World(0.1, **options)
    wrong = generator.random(1_000_000) < 0.1
    curve = risk_coverage_curve(world.confidence(wrong, generator.standard_normal(wrong.shape), generator), wrong)
    for area, truth in world.areas().items():
        value = {"risk": curve.risk[-1], "aurc": curve.aurc(), "augrc": curve.augrc()}.get(area, curve.failure_auroc())
        assert abs(value - truth) < 4 * curve.moments(area).standard_error
    if world.levels is None:
        assert curve.coverage_at_risk(0.05) == pytest.approx(world.coverage_at_risk(0.05), abs=0.01)
