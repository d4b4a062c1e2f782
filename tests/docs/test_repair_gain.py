from dataclasses import replace

import pytest
from kept_recipes import keep

from abstain import aurc
from abstain.experiments import RunRanks


@pytest.fixture(scope="module")
def repair_gain(program):
    return program("repair_gain")


@pytest.fixture
def recipe(program, tmp_path):
    """Keeps runs of cross-entropy of so many seeds, and gives them as a recipe."""

    def kept(n_seeds, **how):
        ranks = [keep(tmp_path, "b", seed, **how) for seed in range(n_seeds)]
        (found,) = program("recipe_runs").read_recipes(tmp_path)["b"]
        return found, ranks

    return kept


def test_the_interval_over_seeds_alone_is_students(repair_gain):
    found = repair_gain.over_seeds_alone([0.01, 0.03])
    half = 12.7062 * 0.01  # t of 0.975 with one degree of freedom, times the standard error
    assert (found.estimate, found.low, found.high) == pytest.approx((0.02, 0.02 - half, 0.02 + half), abs=1e-5)
    assert repair_gain.over_seeds_alone([0.5]).high is None and not repair_gain.over_seeds_alone([0.5]).is_beyond_chance
    assert repair_gain.over_seeds_alone([0.0, 0.0]).n_changed == 0


def test_where_ranks_are_kept_the_interval_is_over_samples_too(repair_gain, recipe):
    found, ranks = recipe(3)
    gain = repair_gain.gain_of_repair(found)
    areas = [aurc(one.max_logit_pnorm, one.error) - aurc(one.msp, one.error) for one in ranks]
    assert gain.over == repair_gain.BOTH and gain.estimate == pytest.approx(sum(areas) / 3)
    assert gain.low < gain.estimate < gain.high and gain.n_changed == 3


def test_of_two_classes_the_interval_is_over_seeds_alone(repair_gain, recipe):
    found, _ = recipe(3, n_logits=2)
    gain = repair_gain.gain_of_repair(found)
    assert gain.over == repair_gain.ALONE and gain.estimate == pytest.approx(-found.values("aurc").mean() / 2)
    assert gain.is_beyond_chance


def test_a_single_run_has_no_interval(repair_gain, recipe):
    gain = repair_gain.gain_of_repair(recipe(1)[0])
    assert (gain.low, gain.high, gain.is_beyond_chance) == (None, None, False)


def test_fits_that_all_fall_back_change_nothing(repair_gain, recipe):
    found, _ = recipe(2, learned=False)  # the same for all samples, repaired or not
    gain = repair_gain.gain_of_repair(found)
    assert (gain.low, gain.high, gain.n_changed) == (0.0, 0.0, 0)


def test_too_few_errors_are_no_fallback(repair_gain, recipe, tmp_path):
    found, _ = recipe(2)
    few = [RunRanks(one.ranks.msp, one.ranks.max_logit_pnorm, one.ranks.msp < 3) for one in found.runs.values()]
    runs = {seed: replace(run, ranks=ranks) for (seed, run), ranks in zip(found.runs.items(), few, strict=True)}
    gain = repair_gain.gain_of_repair(replace(found, runs=runs))
    assert gain.low is None and gain.n_changed == 2 and not gain.is_beyond_chance
