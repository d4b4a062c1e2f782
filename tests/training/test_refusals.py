import pytest
import torch
from tiny_trainers import arguments, small_vit
from transformers import ViTForImageClassification

from abstain import InputError, SelectiveTrainer
from abstain.experiments import ArgumentError
from abstain.training.refusals import (
    check_classes,
    check_is_whole,
    check_optim_args,
    is_made_of_config,
    naming_what_is_refused,
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ignore_index": 3}, "ignore_index is 3, but classes have the labels 0 to 9"),
        ({"class_weights": [1.0, 2.0]}, "there are 2 class_weights, but the model has 10 classes"),
        ({"push_to_hub": True, "hub_token": "x"}, "the repository of push_to_hub cannot be made of these arguments"),
        ({"metric_for_best_model": "aurk"}, "did you mean 'aurc'?"),
    ],
)
def test_arguments_that_do_not_fit_the_model_are_refused_before_a_folder_is_made(tmp_path, changes, said):
    with pytest.raises(ArgumentError, match=said.replace("?", r"\?")):
        SelectiveTrainer(small_vit(), arguments(tmp_path / "run", **changes))
    assert not (tmp_path / "run").exists()


def test_labels_that_are_no_class_may_be_ignored(tmp_path):
    for ignored in (-100, -1, 10, 255):
        check_classes(arguments(tmp_path, class_weights=[1.0] * 10), small_vit(), ignore_index=ignored)
    check_classes(arguments(tmp_path), torch.nn.Linear(1, 1), ignore_index=0)  # which does not tell its classes


@pytest.mark.parametrize(
    ("optim", "given", "unknown"),
    [
        ("sgd", "momentum=0.9,nesterov=true", None),
        ("sgd", "momentum=0.0", None),  # which is the default
        ("sgd", "momentum=0.9,foo=1", "foo"),
        ("adamw_torch", "foo=1", "foo"),
        ("adamw_torch", "momentum=0.9", "momentum"),
        ("rmsprop", "alpha=0.9, centered=true", None),
    ],
)
def test_a_key_that_the_optimizer_passes_over_is_refused(tmp_path, optim, given, unknown):
    args, model = arguments(tmp_path, optim=optim, optim_args=given), small_vit()
    if unknown is None:
        check_optim_args(args, model)
    else:
        with pytest.raises(ArgumentError, match=f"optim_args names '{unknown}', which the optimizer .* does not take"):
            check_optim_args(args, model)
    assert args.optim_args == given


def test_what_libraries_say_is_one_sentence_and_other_errors_stay():
    with pytest.raises(ArgumentError, match="the schedule cannot be made of these arguments: no"):
        with naming_what_is_refused("schedule"):
            raise ValueError("no\nat all")
    with pytest.raises(ZeroDivisionError), naming_what_is_refused("schedule"):
        raise ZeroDivisionError
    with pytest.raises(InputError, match="mine") as mine, naming_what_is_refused("schedule"):
        raise InputError("mine")
    assert not isinstance(mine.value, ArgumentError)


class WithMore(ViTForImageClassification):
    """A class that `from_pretrained` cannot make alone."""

    def __init__(self, config, scale):
        super().__init__(config)


def test_what_cannot_be_loaded_is_not_cut_into_parts():
    model = small_vit()
    assert is_made_of_config(model)
    check_is_whole(model, cut=True)
    for other in (WithMore(model.config, 1.0), torch.nn.Linear(2, 2)):
        assert not is_made_of_config(other)
        check_is_whole(other, cut=False)
        with pytest.raises(ArgumentError, match=f"{type(other).__name__} is cut into parts by FSDP and cannot be"):
            check_is_whole(other, cut=True)
    check_is_whole(None, cut=True)
