import numpy as np
import pytest
import torch
from dense_model import arguments as dense_arguments
from tiny_trainers import arguments

from abstain import InputError


@pytest.mark.parametrize(
    ("metric", "greater"), [("aurc", False), ("eval_risk", False), ("loss", False), ("cov@5", True), ("accuracy", True)]
)
def test_the_best_model_is_sought_in_the_right_direction(tmp_path, metric, greater):
    assert arguments(tmp_path, metric_for_best_model=metric).greater_is_better is greater


@pytest.mark.parametrize(
    ("metric", "greater"), [("eval_a_aurc", False), ("eval_a_loss", False), ("eval_a_cov@5", True)]
)
def test_metrics_of_one_of_several_data_sets_have_their_direction_too(tmp_path, metric, greater):
    assert arguments(tmp_path, metric_for_best_model=metric).greater_is_better is greater


@pytest.mark.parametrize("smoothing", [-0.2, 1.0, 1.5])
def test_smoothing_outside_its_range_is_refused(tmp_path, smoothing):
    with pytest.raises(InputError, match=r"must be in \[0, 1\)"):
        arguments(tmp_path, label_smoothing_factor=smoothing)


def test_arguments_that_contradict_each_other_are_refused(tmp_path):
    with pytest.raises(InputError, match="smoothed loss, which differs"):
        arguments(tmp_path, metric_for_best_model="eval_smoothed_loss")
    with pytest.raises(InputError, match="max_steps = 5 counts steps"):
        arguments(tmp_path, lr_step_epochs=[1], max_steps=5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_train_epochs": 0}, "must be above 0"),
        ({"lr_step_epochs": [2, 1]}, "must be above 0 and ascending"),
        ({"lr_step_epochs": [-1]}, "must be above 0 and ascending"),
        ({"lr_step_epochs": [1], "warmup_steps": 5}, "has no warm-up"),
        ({"batch_eval_metrics": True}, "AURC needs all samples at once"),
        ({"label_smoothing_factor": "high"}, "'high', but must be a number"),
    ],
)
def test_arguments_without_a_meaning_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        arguments(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"eval_pixels_per_sample": 0}, "eval_pixels_per_sample is 0"),
        ({"backbone_learning_rate_factor": 0.0}, "must be above 0"),
        ({"class_weights": [1.0, 0.0]}, "must be numbers above 0"),
        ({"class_weights": ["a", 1]}, "class_weights is 'a', but must be a number"),
        ({"class_weights": 2.0}, "class_weights is 2.0, but must be a list of numbers"),
        ({"ignore_index": -1.5}, "ignore_index is -1.5, but must be one integer"),
    ],
)
def test_arguments_of_pixels_without_a_meaning_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        dense_arguments(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sam_rho": -0.1}, "sam_rho is -0.1"),
        ({"sam_rho": float("nan")}, "must be finite"),
        ({"sam_rho": 0.1, "fp16": True}, "take bf16 or float32"),
    ],
)
def test_where_it_cannot_work_it_says_so(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        arguments(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"focal_gamma": 2, "label_smoothing_factor": 0.1}, "focal_gamma is 2 and label_smoothing_factor 0.1, but one"),
        (
            {"focal_gamma": 2, "max_suppression_factor": 0.1},
            "max_suppression_factor is 0.1 and focal_gamma 2, but one stands in place of the other: leave out one",
        ),
        (
            {"logit_norm_temperature": 0.04, "max_suppression_factor": 0.1},
            "logit_norm_temperature is 0.04 and max_suppression_factor 0.1, which could pull down the model's logits",
        ),
        ({"focal_gamma": "abc"}, "focal_gamma is 'abc', but must be a number"),
        ({"logit_norm_temperature": "abc"}, "logit_norm_temperature is 'abc', but must be a number"),
    ],
)
def test_recipes_that_do_not_go_together_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        arguments(tmp_path, **changes)


def test_half_precision_from_the_launcher_is_refused_too(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    with pytest.raises(InputError, match="take bf16 or float32"):
        arguments(tmp_path, sam_rho=0.1)


@pytest.mark.parametrize("weights", [[1, 2, 5], np.array([1.0, 2.0, 5.0]), torch.tensor([1, 2, 5])])
def test_class_weights_may_be_any_numbers(tmp_path, weights):
    assert arguments(tmp_path, class_weights=weights).class_weights == [1.0, 2.0, 5.0]
