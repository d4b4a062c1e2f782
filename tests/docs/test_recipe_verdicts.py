import pytest
from kept_recipes import keep

from abstain.curve import DifferenceOverSeeds


@pytest.fixture(scope="module")
def verdicts(program):
    return program("recipe_verdicts")


def difference(low, high):
    return DifferenceOverSeeds((low + high) / 2, 1, low, high, 0.5, [0, 0], 1, 1, 1)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0051, 0.9, "breaks"),
        (0.0049, 0.9, "harms"),
        (0.001, 0.0051, "harms"),
        (-0.5, 0.0049, "does not"),
        (0.001, 0.002, "does not"),
        (-0.5, 0.0051, "cannot tell"),
        (None, None, "cannot tell"),
    ],
)
def test_the_verdict_follows_the_interval(verdicts, low, high, said):
    found = DifferenceOverSeeds(0, 1, low, high, 0.5, [0, 0], 1, 1, 1)
    assert verdicts.verdict(found, 0.1, n_seeds=2) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.5, -0.001, "yes"),
        (-0.0099, 0.5, "no"),
        (-0.0101, 0.5, "cannot tell"),
        (-0.002, -0.001, "by < 1 point"),
    ],
)
def test_whether_errors_are_ordered_worse_follows_the_interval_of_the_failure_auroc(verdicts, low, high, said):
    assert verdicts.orders_worse(difference(low, high), n_seeds=2) == said


@pytest.mark.parametrize(("n_seeds", "said"), [(1, "one seed"), (0, "one seed"), (10, "cannot tell")])
def test_without_an_interval_one_seed_is_told_from_ranks_that_were_not_kept(verdicts, n_seeds, said):
    assert verdicts.verdict(None, 0.1, n_seeds=n_seeds) == verdicts.orders_worse(None, n_seeds=n_seeds) == said


@pytest.mark.parametrize(
    ("plain", "other", "said"),
    [
        ((True, True), (True, True), None),
        ((True, True), (True, False), "did not learn (1 of 2)"),
        ((False, False), (True, False), "CE did not learn (2 of 2)"),
    ],
)
def test_runs_that_give_all_samples_one_confidence_are_counted(verdicts, program, tmp_path, plain, other, said):
    for seed in range(2):
        keep(tmp_path, "imdb", seed, learned=plain[seed])
        keep(tmp_path, "imdb", seed, learned=other[seed], max_suppression_factor=0.6)
    found = program("recipe_runs").read_recipes(tmp_path)["imdb"]
    assert verdicts.not_learned(found[1], found[0]) == said
