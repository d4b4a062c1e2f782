import pytest
from kept_recipes import keep

from abstain import aurc


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
    assert not repair_gain.over_seeds_alone([0.0, 0.0]).changes


def test_where_ranks_are_kept_the_interval_is_over_samples_too(repair_gain, recipe):
    found, ranks = recipe(3)
    gain = repair_gain.gain_of_repair(found)
    areas = [aurc(one.max_logit_pnorm, one.error) - aurc(one.msp, one.error) for one in ranks]
    assert gain.over == repair_gain.BOTH and gain.estimate == pytest.approx(sum(areas) / 3)
    assert gain.low < gain.estimate < gain.high and gain.changes


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
    assert not repair_gain.gain_of_repair(found).changes
