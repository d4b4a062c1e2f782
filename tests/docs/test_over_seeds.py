import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def over_seeds(program):
    return program("over_seeds")


@pytest.fixture(scope="module")
def cells(root):
    return json.loads((root / "docs" / "over_seeds.json").read_text(encoding="utf-8"))["cells"]


def test_every_world_was_drawn_with_every_number_of_seeds_and_samples(over_seeds, cells):
    found = [(cell["world"], cell["n_seeds"], cell["n_samples"]) for cell in cells]
    assert found == [(name, *case) for name in over_seeds.WORLDS for case in over_seeds.CASES]


def test_the_interval_of_both_holds_the_difference_where_one_of_a_single_spread_does_not(cells):
    with_more_seeds = [cell["held"] for cell in cells if cell["n_seeds"] >= 3]
    assert min(held["both"] for held in with_more_seeds) > 0.92
    for alone in ("seeds alone", "samples alone"):
        assert min(held[alone] for held in with_more_seeds) < 0.85


def test_the_worst_of_each_number_of_seeds_is_told(over_seeds, cells):
    told = over_seeds.worst(cells)
    assert "with 2 seeds 86.8 % (up to 25,000 samples), with 3 seeds 94.5 % (up to 3,000 samples)" in told
    changed = [cell | {"held": cell["held"] | {"both": 0.5}} for cell in cells[:1]]
    assert "with 2 seeds 50.0 % (" in over_seeds.worst([*changed, *cells[1:]])


def test_samples_and_seeds_are_as_much_in_common_as_the_world_says(over_seeds):
    random = np.random.default_rng(0)
    common, apart = (over_seeds.WORLDS[name] for name in ("runs alike", "runs have little in common"))
    within = {}
    for name, world in {"common": common, "apart": apart}.items():
        confidence_a, error_a, confidence_b, _ = world.draw(random, 2, 4000)
        assert set(np.unique(error_a)) == {0, 1} and error_a.shape == (2, 4000)
        of_way = np.corrcoef(confidence_a)[0, 1]
        within[name] = of_way
        assert (of_way > np.corrcoef(confidence_a[0], confidence_b[0])[0, 1] + 0.1) == (name == "common")
    assert within["common"] > 0.8 > 0.6 > within["apart"]


def test_a_cell_counts_the_draws_that_hold_the_truth(over_seeds, monkeypatch):
    monkeypatch.setattr(over_seeds, "DRAWS", 30)
    world = over_seeds.WORLDS["runs alike"]
    cell = over_seeds.measured(world, -0.003, 2, 400)
    assert set(cell["held"]) == set(over_seeds.INTERVALS) and cell["held"]["both"] > 0.8
    assert over_seeds.measured(world, 1.0, 2, 400)["held"]["samples alone"] == 0
