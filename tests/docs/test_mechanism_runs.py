import numpy as np


def test_a_run_is_told_by_its_seed_and_its_recipe(program):
    runs = program("mechanism_runs")
    points = runs.test_points(50)
    logits = [
        runs.trained_logits(points, seed, runs.RECIPES[recipe], n_train=100)
        for seed, recipe in ((0, "CE"), (1, "CE"), (0, "LS 0.4"))
    ]
    assert logits[0].shape == (50, 10) and all((logits[0] != of).any() for of in logits[1:])
    heights = [np.mean(of.max(axis=1) - of.mean(axis=1)) for of in logits]
    assert heights[2] < heights[0], "smoothed targets are met by lower logits"


def test_the_recipes_are_arguments_of_a_training(program):
    runs = program("mechanism_runs")
    names = set(runs.SelectiveTrainingArguments.__dataclass_fields__)
    assert {key for changes in runs.RECIPES.values() for key in changes} <= names
    assert set(runs.RECIPES_OF[runs.ONCE]) < set(runs.RECIPES_OF[runs.OFTEN]) == set(runs.RECIPES)
    products = {runs.TRAIN_SIZE[seen] * runs.EPOCHS[seen] for seen in runs.RECIPES_OF}
    assert len(products) == 1, "as many updates"
