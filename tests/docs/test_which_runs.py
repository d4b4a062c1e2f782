import pytest

ALONE = {"device": "CPU"}


@pytest.fixture(scope="module")
def which_runs(program):
    return program("which_runs")


def run_of(recipe_runs, seed, smoothing, *, n_logits, aurc):
    training = {"label_smoothing_factor": smoothing, "seed": seed}
    scores = {"msp": {"aurc": aurc, "cov@1": 0.5 - smoothing}}
    return recipe_runs.Run(
        {
            "settings": {"training": training, "data": {"dataset_name": "rows"}, "model": {}},
            "environment": ALONE,
            "data": {"train": {"samples": 1200}},
            "evaluation": {"n_logits": n_logits, "scores": scores},
        },
        None,
    )


def test_two_sets_of_runs_are_told_apart_and_compared_by_the_seeds_of_both(program, which_runs):
    recipe_runs = program("recipe_runs")
    mine = [run_of(recipe_runs, 0, alpha, n_logits=1, aurc=0.01 + alpha / 10) for alpha in (0.0, 0.2)]
    of_grid = {
        name: [run_of(recipe_runs, seed, alpha, n_logits=2, aurc=0.01 + alpha * (seed + 1) / 5) for seed in (0, 1)]
        for name, alpha in (("CE", 0.0), ("LS 0.2", 0.2))
    }
    grid = [recipe_runs.Recipe(name, {run.seed: run for run in runs}) for name, runs in of_grid.items()]
    told = which_runs.beside_the_grid(mine, grid)
    assert "1 logit here and 2 logits there (alike: 1,200 training samples, CPU)" in told
    assert "of seed 0 here +2.00 points of AURC, Cov@1 50.0 → 30.0 %" in told
    assert "of the same in the grid +4.00 points" in told and "of all 2 seeds there +6.00 points" in told
    assert which_runs.beside_the_grid(mine[:1], grid) == which_runs.beside_the_grid(mine, []) == ""
    assert which_runs.in_words(mine[:1], "f") == "`f`: one seed, 1,200 training samples, 1 logit, CPU"


def test_data_sets_with_runs_are_those_of_the_cards(which_runs):
    assert {"camvid", "imdb", "bank_marketing", "cifar10"} <= which_runs.data_sets_with_runs()


def test_data_sets_are_called_as_their_authors_call_them(which_runs):
    assert which_runs.called("cifar10, corrupted") == "CIFAR-10, corrupted"
    assert which_runs.called("rows") == "rows"
