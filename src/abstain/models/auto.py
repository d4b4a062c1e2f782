"""Models by name: a checkpoint with a head for the classes at hand, or a new one; registers our architectures too."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import timm
from timm.models import save_for_hf
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForImageClassification,
    AutoModelForSemanticSegmentation,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    TimmWrapperConfig,
)

from abstain._checks import InputError
from abstain.data.columns import head_classes
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification
from abstain.models.timm_wrapper import parse_overrides

for _config in (CifarResNetConfig, DeepLabV3PlusConfig, DenseNetBCConfig, LSTMTextClassifierConfig, TabularMLPConfig):
    AutoConfig.register(_config.model_type, _config)
AutoModelForImageClassification.register(CifarResNetConfig, CifarResNetForImageClassification)
AutoModelForImageClassification.register(DenseNetBCConfig, DenseNetBCForImageClassification)
AutoModelForSequenceClassification.register(LSTMTextClassifierConfig, LSTMTextClassifier)
AutoModel.register(TabularMLPConfig, TabularMLPForClassification)  # transformers has no Auto class for tables
AutoModelForSemanticSegmentation.register(DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation)


def load_image_classifier(name_or_path: str, names: Sequence[str] | None = None) -> PreTrainedModel:
    """The checkpoint of a folder or a name on the Hub, of transformers, timm or this package.

    Args:
        name_or_path: `microsoft/resnet-50`, `timm/resnet50.a1_in1k`, `runs/mine`, ….
        names: of the classes; if the checkpoint has another number of them, its head is replaced by a new one. None
            keeps the head.

    Raises:
        InputError: there is no such checkpoint, or it is none of a classifier with one class a sample.
    """
    config = classifier_config(name_or_path, names)
    return load_pretrained(
        AutoModelForImageClassification, name_or_path, config=config, ignore_mismatched_sizes=names is not None
    )


def load_pretrained(kind: Any, name_or_path: str, **settings: Any) -> Any:
    """What `kind.from_pretrained` gives, of one of the Auto classes.

    Raises:
        InputError: there is no such checkpoint, or not what it needs.
    """
    try:
        return kind.from_pretrained(name_or_path, **settings)
    except (OSError, ValueError, ImportError) as error:
        raise _no_model(error) from error


def classifier_config(name_or_path: str, names: Sequence[str] | None = None) -> PreTrainedConfig:
    """The configuration of a checkpoint, for these classes; errors as `load_image_classifier`."""
    classes = {} if names is None else {"num_labels": len(names), **head_classes(names)}
    try:
        config = AutoConfig.from_pretrained(name_or_path, **classes)
    except (OSError, ValueError) as error:
        raise _no_model(error) from error
    if getattr(config, "problem_type", None) not in (None, "single_label_classification"):
        raise InputError(
            f"the checkpoint is made for {config.problem_type}, but label smoothing and abstention need one class a "
            "sample: give a checkpoint of a classifier"
        )
    if isinstance(config, TimmWrapperConfig):
        config.model_args = {k: v for k, v in (config.model_args or {}).items() if k != "num_classes"}
    return config


def new_image_classifier(
    model_type: str, names: Sequence[str], *, overrides: str | None = None, architecture: str | None = None
) -> PreTrainedModel:
    """A model with random weights.

    Args:
        model_type: `cifar_resnet`, one of transformers (`resnet`), or `timm_wrapper`.
        names: of the classes.
        overrides: changes to the default configuration, `depth=20,width=16`; of timm, arguments of the architecture.
        architecture: of timm, `resnet50`; for `timm_wrapper` only.

    Raises:
        InputError: an unknown architecture or setting, or one that is needed and missing.
    """
    if (architecture is None) != (model_type != "timm_wrapper"):
        raise InputError("--timm_architecture goes with --model_type timm_wrapper: give both or neither")
    if model_type not in CONFIG_MAPPING:
        raise InputError(f"unknown model_type {model_type!r}: give cifar_resnet or one of transformers: resnet")
    try:
        if architecture is not None:
            return _new_timm_model(architecture, names, overrides)
        config = AutoConfig.for_model(model_type, **head_classes(names))
        if overrides:
            config.update_from_string(overrides)
            config = type(config).from_dict(config.to_dict())  # so that it is checked as a whole
        return AutoModelForImageClassification.from_config(config)
    except (OSError, ValueError, IndexError, RuntimeError, TypeError, AssertionError) as error:
        raise _no_model(error) from error


def _no_model(error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    return InputError(f"the model cannot be made: {(str(error).splitlines() or [type(error).__name__])[0][:300]}")


def _new_timm_model(architecture: str, names: Sequence[str], overrides: str | None) -> PreTrainedModel:
    """Made by timm, with its initialisation, and loaded: a wrapper made otherwise is initialised as a language model.

    Only a wrapper of a loaded checkpoint is saved so that timm can read it too.
    """
    arguments = parse_overrides(overrides)
    with tempfile.TemporaryDirectory() as folder:
        native = timm.create_model(architecture, num_classes=len(names), **arguments)
        save_for_hf(native, folder, model_args=arguments, safe_serialization=True)
        return load_image_classifier(folder, names)
