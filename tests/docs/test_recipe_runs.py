import numpy as np
import pytest
from kept_recipes import keep

from abstain import aurc


@pytest.fixture(scope="module")
def recipe_runs(program):
    return program("recipe_runs")


def test_runs_come_by_data_set_and_recipe_with_cross_entropy_first(recipe_runs, tmp_path):
    keep(tmp_path, "b", 1, sam_rho=0.1, label_smoothing_factor=0.2)
    keep(tmp_path, "b", 0, sam_rho=0.1, label_smoothing_factor=0.2)
    keep(tmp_path, "b", 0, sam_rho=0.1)
    keep(tmp_path, "b", 0, max_suppression_factor=0.4)
    keep(tmp_path, "b", 0)
    keep(tmp_path, "a", 0, focal_gamma=2.0)
    found = recipe_runs.read_recipes(tmp_path)
    names = {name: [(recipe.name, list(recipe.runs)) for recipe in recipes] for name, recipes in found.items()}
    in_order = [("CE", [0]), ("MaxSup 0.4", [0]), ("SAM 0.1", [0]), ("LS 0.2 + SAM 0.1", [0, 1])]
    assert names == {"a": [("focal 2", [0])], "b": in_order}


def test_a_difference_is_over_the_seeds_that_both_have(recipe_runs, tmp_path):
    kept = {
        (alpha, seed): keep(tmp_path, "b", seed, label_smoothing_factor=alpha)
        for alpha, seed in ((0.0, 0), (0.0, 1), (0.0, 2), (0.2, 1), (0.2, 2), (0.2, 3))
    }
    plain, smoothed = recipe_runs.read_recipes(tmp_path)["b"]
    found = smoothed.minus(plain, lambda ranks: ranks.msp, "aurc")
    of_seeds = [
        aurc(kept[0.2, seed].msp, kept[0.2, seed].error) - aurc(kept[0.0, seed].msp, kept[0.0, seed].error)
        for seed in (1, 2)
    ]
    assert found.of_seeds == pytest.approx(of_seeds)
    assert smoothed.values("aurc") == pytest.approx(
        [aurc(kept[0.2, seed].msp, kept[0.2, seed].error) for seed in (1, 2, 3)]
    )
    assert np.all(smoothed.values("aurc", repaired=True) == smoothed.values("aurc") / 2)


def test_one_seed_in_common_is_no_difference_over_seeds(recipe_runs, tmp_path):
    keep(tmp_path, "b", 0)
    keep(tmp_path, "b", 0, label_smoothing_factor=0.2)
    plain, smoothed = recipe_runs.read_recipes(tmp_path)["b"]
    assert smoothed.minus(plain, lambda ranks: ranks.msp, "aurc") is None


def test_runs_that_differ_in_more_than_recipe_and_seed_are_not_compared(recipe_runs, tmp_path):
    keep(tmp_path, "b", 0)
    keep(tmp_path, "b", 1, learning_rate=0.5, logging_steps=7)
    with pytest.raises(SystemExit, match=r"the runs of b cannot be compared: one has learning_rate = "):
        recipe_runs.read_recipes(tmp_path)


def test_two_runs_of_one_recipe_and_seed_are_not_taken_for_one(recipe_runs, tmp_path):
    keep(tmp_path, "b", 0)
    (tmp_path / "b_ce_s0").rename(tmp_path / "another")
    keep(tmp_path, "b", 0)
    with pytest.raises(SystemExit, match="b has two runs of CE with seed 0"):
        recipe_runs.read_recipes(tmp_path)


def test_runs_on_other_test_samples_are_not_compared(recipe_runs, tmp_path):
    keep(tmp_path, "b", 0)
    keep(tmp_path, "b", 1, test="other")
    with pytest.raises(SystemExit, match=r"one has sha256 = 'other'|this one has 'other'"):
        recipe_runs.read_recipes(tmp_path)


def test_an_argument_that_older_runs_do_not_have_is_no_difference(recipe_runs, tmp_path):
    keep(tmp_path, "b", 0)
    keep(tmp_path, "b", 1, of_a_later_version=0.0)
    (plain,) = recipe_runs.read_recipes(tmp_path)["b"]
    assert list(plain.runs) == [0, 1]
