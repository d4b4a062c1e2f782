import json

import pytest


@pytest.fixture(scope="module")
def mechanism(program):
    return program("mechanism")


@pytest.fixture(scope="module")
def kept(root):
    return json.loads((root / "docs" / "mechanism.json").read_text(encoding="utf-8"))


def test_every_recipe_was_trained_and_stands_in_a_row(mechanism, kept):
    for seen, recipes in mechanism.RECIPES_OF.items():
        assert list(kept[seen]["recipes"]) == recipes
        told = mechanism.recipe_table(kept[seen]["recipes"]).splitlines()
        assert [line.split("|")[1].strip() for line in told[2:]] == recipes
    seeds = {len(numbers["by seed"]["slope"]) for numbers in mechanism.others(kept["often"]["recipes"]).values()}
    assert seeds == {kept["often"]["seeds"]}


def test_the_gradient_is_that_of_the_formulas_to_rounding(kept):
    assert max(kept["often"]["largest differences"].values()) < 1e-12


def test_the_verdict_follows_the_interval(mechanism):
    interval = {"estimate": 0.5, "low over recipes and seeds": 0.1, "high over recipes and seeds": 0.9}
    unsure = interval | {"low over recipes and seeds": -0.1}
    wrong = {"estimate": -0.5, "low over recipes and seeds": -0.9, "high over recipes and seeds": -0.1}
    told = mechanism.verdict({"gradient": wrong, "slope": unsure, "at equal MSP": interval})
    assert "minus the slope of the gradient ranks it the wrong way round (ρ = -0.50)" in told
    assert "minus the slope is not seen to rank it (ρ = +0.50)" in told
    assert "at equal MSP ranks the damage (ρ = +0.50)" in told


def test_whether_max_suppression_does_damage_without_learning_by_heart_follows_the_intervals(mechanism):
    def recipes(high):
        return {"LS 0.2": {}, "MaxSup 0.2": {"minus CE": {"failure AUROC": {"high": high}}}}

    assert mechanism.by_heart(recipes(-0.01)).startswith("The damage of MaxSup 0.2 is beyond chance here too")
    assert mechanism.by_heart(recipes(0.01)) == "None of the damage of MaxSup is beyond chance here."


def test_runs_are_told_by_data_set_and_recipe_with_cross_entropy_first(mechanism):
    recipes = ["mixup 0.2", "LS 0.2 + SAM 0.1", "MaxSup 0.2", "CE", "LS 0.2"]
    rows = [{"runs": "a", "recipe": recipe, "seed": seed} for recipe in recipes for seed in (0, 1)]
    found = mechanism.by_recipe([*rows, {"runs": "0", "recipe": "LS 0.2"}])
    assert list(found)[:4] == [("0", "LS 0.2"), ("a", "CE"), ("a", "LS 0.2"), ("a", "MaxSup 0.2")]
    assert [len(of) for of in found.values()] == [1, 2, 2, 2, 2, 2]


def test_runs_that_are_added_take_the_place_of_the_same(mechanism, monkeypatch, tmp_path):
    def row(recipe, seed, area):
        return {"runs": "a, grid", "recipe": recipe, "seed": seed, "failure AUROC": area}

    monkeypatch.setattr(mechanism, "rows_of", lambda folder: iter([row("CE", 0, 0.9), row("CE", 1, 0.8)]))
    found = mechanism.with_runs({"runs": [row("CE", 0, 0.7), row("LS 0.2", 0, 0.6)], "other": 1}, tmp_path)
    assert found == {"runs": [row("CE", 0, 0.9), row("LS 0.2", 0, 0.6), row("CE", 1, 0.8)], "other": 1}


def test_numbers_are_rounded_to_what_tells(mechanism):
    values = {"a": [0.123456789, 3, "text", None], "b": {"c": -1.2345e-15}}
    assert mechanism.rounded(values) == {"a": [0.123457, 3, "text", None], "b": {"c": -1.2e-15}}


def test_with_too_few_recipes_or_without_cross_entropy_no_ranks_are_compared(mechanism):
    def row(recipe, of_max_logit, area):
        return {"runs": "a", "recipe": recipe, "max logit of errors": {"estimate": of_max_logit}, "failure AUROC": area}

    rows = [row("CE", 0.0, 0.9), *(row(f"LS 0.{n}", 0.1 * n, 0.9 - 0.01 * n) for n in range(1, 5))]
    assert "a, 4 recipes: ρ = +1.00" in mechanism.real_ranks(rows)
    assert "recipes: ρ" not in mechanism.real_ranks(rows[:-1]) + mechanism.real_ranks(rows[1:])


def test_max_suppression_is_told_beside_smoothing_of_the_same_factor(mechanism):
    of = {"LS 0.2": [0.03, 0.05], "MaxSup 0.2": [0.02, 0.04], "MaxSup 0.9": [0, 0]}
    told = mechanism.pairs({"CE": {}, **{name: {"by seed": {"failure AUROC": of[name]}} for name in of}})
    assert told == "Of the failure AUROC, MaxSup 0.2 costs 75 % of what LS 0.2 costs, +1.00 [+1.00, +1.00] points less."


def test_cross_entropy_that_looks_smoothed_is_told(mechanism):
    def row(runs, low):
        return {"runs": runs, "recipe": "CE", "max logit of errors": {"estimate": 0.1, "low": low, "high": 0.2}}

    told = mechanism.plain_too([row("a", 0.05), row("b", -0.05), {"runs": "a", "recipe": "LS 0.1"}])
    assert "it does in 1 of 2 sets of runs: a." in told
    assert "nowhere" in mechanism.plain_too([row("b", -0.05)])
