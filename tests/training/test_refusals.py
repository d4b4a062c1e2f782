import pytest
import torch
from accelerate import FullyShardedDataParallelPlugin
from tiny_trainers import arguments, small_resnet, small_vit
from transformers import ViTForImageClassification

from abstain import InputError, SelectiveTrainer
from abstain.experiments import ArgumentError
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification
from abstain.training.refusals import (
    check_can_be_cut,
    check_classes,
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


def plugin_of(version=2, policy="transformer_based_wrap", names=None):
    return FullyShardedDataParallelPlugin(
        fsdp_version=version, auto_wrap_policy=policy, transformer_cls_names_to_wrap=names
    )


def test_what_cannot_be_loaded_is_not_cut_into_parts():
    model, plugin = small_vit(), plugin_of(names=["ViTLayer"])
    assert is_made_of_config(model)
    check_can_be_cut(model, plugin, channels_last=False)
    check_can_be_cut(None, plugin, channels_last=False)
    for other in (WithMore(model.config, 1.0), torch.nn.Linear(2, 2)):
        assert not is_made_of_config(other)
        with pytest.raises(ArgumentError, match=f"{type(other).__name__} is cut into parts by FSDP and cannot be"):
            check_can_be_cut(other, plugin, channels_last=False)
    with pytest.raises(ArgumentError, match="contiguous alone, but channels_last is given"):
        check_can_be_cut(model, plugin, channels_last=True)


def test_a_head_of_another_kind_or_size_is_not_made_of_the_configuration():
    state = torch.get_rng_state()
    for head in (torch.nn.Linear(16, 3), torch.nn.Sequential(torch.nn.Linear(16, 10))):
        model = small_vit()
        state = torch.get_rng_state()
        model.classifier = head
        assert not is_made_of_config(model)
    assert torch.equal(state, torch.get_rng_state()), "chance goes on as if nobody had looked"


@pytest.mark.parametrize("names", [["TimmWrapperModel"], ["ViTLayer", "BertLayer"], None])
def test_a_layer_at_which_a_model_cannot_be_cut_is_named(names):
    with pytest.raises(ArgumentError, match=r"where ViTForImageClassification cannot be cut: name the class"):
        check_can_be_cut(small_vit(), plugin_of(names=names), channels_last=False)


def test_models_without_layers_that_repeat_are_cut_as_a_whole_or_not_at_all():
    check_can_be_cut(small_vit(), plugin_of(policy="no_wrap"), channels_last=False)
    check_can_be_cut(small_resnet(), plugin_of(version=1, policy="no_wrap"), channels_last=False)
    with pytest.raises(ArgumentError, match="CifarResNetForImageClassification does not say which layer takes"):
        check_can_be_cut(small_resnet(), plugin_of(policy="no_wrap"), channels_last=False)


def test_the_norm_of_one_logit_is_refused(tmp_path):
    model = TabularMLPForClassification(TabularMLPConfig(num_features=3, num_labels=1))
    with pytest.raises(InputError, match="the norm of the model's one logit leaves only its sign"):
        SelectiveTrainer(model, arguments(tmp_path, logit_norm_temperature=0.04))
