import numpy as np
import pytest

import abstain


@pytest.fixture(scope="module")
def runs(program):
    return program("diagnosed_runs")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("resnet20_cifar10_ls", {"truth": "smoothed", "verdict": "looks smoothed", "seen": True, "classes": 10}),
        ("mlp_noisy_digits_a0_s0", {"truth": "plain", "trained": "CE", "weight_decay": 0.01, "seen": True}),
        ("mlp_bank_marketing_maxsup0.4_s0", {"truth": "smoothed", "trained": "MaxSup 0.4", "by the rule": None}),
    ],
)
def test_a_run_is_told_with_its_truth(runs, name, told):
    entry = runs.diagnosed(abstain.released_checkpoint(name))
    assert {key: entry[key] for key in told} == told and entry["name"] == name
    if entry["classes"] > 2:
        assert sum(entry["of quarters"].values()) == 4 and entry["by the rule"] == entry["verdict"]
    else:
        assert 0 < entry["risk@20"] < entry["risk@1"] < 1


def test_mixed_targets_are_neither_and_with_smoothing_smoothed(runs):
    assert runs.truth({"mixup_alpha": 0.2}) == "mixed" and runs.truth({"focal_gamma": 2, "mixup_alpha": 0}) == "plain"
    assert runs.truth({"mixup_alpha": 0.2, "label_smoothing_factor": 0.2}) == "smoothed"


def test_one_run_under_two_names_counts_once(runs):
    one = {"data_set": "d", "trained": "CE", "weight_decay": 0, "n_errors": 3, "effect": 0.5, "alpha": 0.0}
    runs_of_one = [{**one, "name": "a"}, {**one, "name": "b"}, {**one, "name": "c", "effect": 0.6}]
    assert [entry["name"] for entry in runs.unlike(runs_of_one)] == ["a", "c"]


def test_the_smoothing_fitted_with_a_temperature_is_that_of_sharp_targets(runs):
    # (1 - α)·onehot + α/K, right in all but a few, is no softmax of any temperature of a sure model
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, size=4000)
    said = np.where(random.random(4000) < 0.02, random.integers(0, 4, size=4000), labels)
    logits = np.log(0.8 * np.eye(4)[said] + 0.2 / 4) * (1 + random.random((4000, 1)) * 1e-3)
    assert runs.alpha_with_temperature(logits, labels) is not None
    assert runs.median([{"x": 1.0}, {"x": None}, {"x": 3.0}], "x") == 2 and runs.median([{"x": None}], "x") is None
