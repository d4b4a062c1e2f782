import json

import numpy as np
import pytest
from scipy.stats import binom

from abstain.threshold.bounds import p_value


@pytest.fixture(scope="module")
def thresholds(program):
    return program("thresholds")


@pytest.fixture(scope="module")
def kept(root):
    return json.loads((root / "docs" / "thresholds.json").read_text(encoding="utf-8"))


def test_every_world_size_and_delta_was_drawn_often_enough(thresholds, kept):
    cells = {(cell["world"], cell["n_samples"], cell["delta"]) for cell in kept["cells"]}
    assert cells == {
        (name, n, delta) for name in thresholds.worlds() for n in (200, 1000, 4000) for delta in (0.05, 0.2)
    }
    assert kept["draws"] >= 5000


def test_no_guaranteed_method_breaks_its_promise_too_often(thresholds, kept):
    for cell in kept["cells"]:
        for method in ("split_fixed_sequence", "union"):
            violations = cell["methods"][method]["violations"]
            assert violations <= thresholds.most_violations(cell["delta"]), (cell["world"], method)


def test_the_default_accepts_most_on_average(kept):
    coverage = {
        method: np.mean([cell["methods"][method]["coverage"] for cell in kept["cells"]])
        for method in kept["cells"][0]["methods"]
    }
    assert max(coverage, key=coverage.get) == "split_fixed_sequence"


@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize("world", ["flat", "bad top", "saw", "atoms", "smoothed"])
def test_the_tables_find_what_the_methods_find(thresholds, world, n):
    here, random = thresholds.worlds()[world], np.random.default_rng(1)
    for seed in range(5):
        samples = here.draw(random, n)
        thresholds.check_draw(here, *samples, thresholds.thresholds_of(here, *samples, seed=seed), seed=seed)


def test_the_risks_of_a_world_are_those_of_its_members(program):
    worlds = program("worlds")
    world = worlds.World(0.2, np.array([0.0, 0.25, 0.5, 0.5]), np.array([1.0, 0.5, 0.0, 0.2]))
    assert world.coverage_and_risk(0.5) == (0.5, pytest.approx(0.1))
    assert world.coverage_and_risk(0.3) == world.coverage_and_risk(0.5)
    assert world.coverage_and_risk(-np.inf) == (1.0, pytest.approx(0.425))
    assert world.coverage_and_risk(0.6) == (0.0, 0.0) and world.best_coverage == 0.5
    for made in worlds.worlds().values():
        coverage, risk = made.coverage_and_risk(1 - made.best_coverage)
        assert coverage == made.best_coverage == 0 or risk <= made.target_risk


@pytest.mark.parametrize(("target", "level"), [(0.05, 0.05), (0.05, 0.2 / 46), (0.02, 0.2)])
def test_the_most_errors_are_the_last_that_pass(program, target, level):
    most = program("fast_thresholds").most_errors(300, target, level)
    for n in (1, 20, 59, 150, 300):
        passing = np.flatnonzero(binom.cdf(np.arange(n), n, target) <= level)
        assert most[n] == (passing[-1] if len(passing) else -1)
    assert most[0] == -1 and p_value(most[300] + 1, 300, target) > level
