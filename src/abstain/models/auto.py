"""Models by name: a checkpoint with a head for the classes at hand, or a new one; registers our architectures too."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import timm
import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from timm.models import save_for_hf
from transformers import (
    CONFIG_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoModelForImageClassification,
    AutoModelForSemanticSegmentation,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    TimmWrapperConfig,
)

from abstain._checks import ArgumentError, InputError, check_choice, first_line
from abstain.data.columns import head_classes
from abstain.models.checkpoint import checkpoint_folder
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification
from abstain.models.timm_wrapper import check_timm_config, forget_origin, parse_overrides

for _config in (CifarResNetConfig, DeepLabV3PlusConfig, DenseNetBCConfig, LSTMTextClassifierConfig, TabularMLPConfig):
    AutoConfig.register(_config.model_type, _config)
AutoModelForImageClassification.register(CifarResNetConfig, CifarResNetForImageClassification)
AutoModelForImageClassification.register(DenseNetBCConfig, DenseNetBCForImageClassification)
AutoModelForSequenceClassification.register(LSTMTextClassifierConfig, LSTMTextClassifier)
AutoModel.register(TabularMLPConfig, TabularMLPForClassification)  # transformers has no Auto class for tables
AutoModelForSemanticSegmentation.register(DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation)

KINDS: dict[str, tuple[Any, str]] = {
    "images": (AutoModelForImageClassification, "cifar_resnet or one of transformers: resnet"),
    "texts": (AutoModelForSequenceClassification, "lstm_text_classifier or one of transformers: bert"),
    "pixels": (AutoModelForSemanticSegmentation, "deeplabv3plus or one of transformers: segformer"),
    "tables": (AutoModel, "tabular_mlp"),
}
"""What is classified -> the Auto class of its models, and some of its model types."""

NO_CODE: dict[str, Any] = {"trust_remote_code": False}
"""Said each time: of who says nothing transformers asks at the terminal, and a `y` runs what a repository holds."""
NOT_MADE: tuple[type[Exception], ...] = (OSError, ValueError, ImportError, IndexError, RuntimeError, TypeError)
NOT_MADE += (AssertionError, AttributeError, KeyError, SafetensorError, StrictDataclassError)
"""What transformers and timm raise for names and settings of no model, and for files of none."""


def load_classifier(
    kind: str,
    name_or_path: str,
    names: Sequence[str] | None = None,
    *,
    one_logit: bool = False,
    dtype: torch.dtype | str | None = None,
    config: PreTrainedConfig | None = None,
) -> PreTrainedModel:
    """The checkpoint of a folder or a name on the Hub, of transformers, timm or this package.

    Args:
        kind: what is classified: `images`, `texts`, `pixels` or `tables`.
        name_or_path: `microsoft/resnet-50`, `timm/resnet50.a1_in1k`, `runs/mine`, ….
        names: of the classes; if the checkpoint has another number of them, its head is replaced by a new one. None
            keeps the head.
        one_logit: with two `names`, one logit that stands for the pair (0, z).
        dtype: of the weights; None is the one that they are stored in.
        config: what `classifier_config` gives of the checkpoint and these classes; None reads it.

    Raises:
        InputError: there is no such checkpoint, or it is none of a classifier with one class a sample; its weights are
            pickles; without `names`, it has no weights of a head.
    """
    folder = checkpoint_folder(name_or_path)
    config = config or classifier_config(str(folder), names, one_logit=one_logit)
    how: dict[str, Any] = {"use_safetensors": True, "output_loading_info": True, **NO_CODE}
    how |= {} if dtype is None else {"dtype": dtype}
    try:
        auto = _auto_class(kind, config)
        model, found = auto.from_pretrained(folder, config=config, ignore_mismatched_sizes=names is not None, **how)
    except NOT_MADE as error:
        raise _no_model(error) from error
    if names is None and found["missing_keys"]:
        raise InputError(
            f"the checkpoint {str(name_or_path)!r} has no weights for {', '.join(sorted(found['missing_keys'])[:4])}, "
            "so they would be random numbers: give one that was trained as a classifier"
        )
    return model


def new_classifier(
    kind: str,
    model_type: str,
    names: Sequence[str],
    *,
    one_logit: bool = False,
    overrides: str | None = None,
    architecture: str | None = None,
    encoder_weights: str | None = None,
    **settings: Any,
) -> PreTrainedModel:
    """A model with random weights.

    Args:
        kind: what is classified: `images`, `texts`, `pixels` or `tables`.
        model_type: `cifar_resnet`, one of transformers (`resnet`), or `timm_wrapper`.
        names: of the classes.
        one_logit: with two `names`, one logit that stands for the pair (0, z).
        overrides: changes to the default configuration, `depth=20,width=16`; of timm, arguments of the architecture.
        architecture: of timm, `resnet50`; for `timm_wrapper` only.
        encoder_weights: of `deeplabv3plus`, what its encoder begins with instead: `imagenet`.
        **settings: of the configuration, what follows from the data, such as the size of a vocabulary.

    Raises:
        InputError: an unknown architecture or setting, or one that is needed and missing.
    """
    known = KINDS[check_choice("kind of classifier", kind, KINDS)][1]
    if (architecture is None) != (model_type != "timm_wrapper"):
        raise ArgumentError('timm_architecture goes with model_type="timm_wrapper": give both or neither')
    if encoder_weights and model_type != DeepLabV3PlusConfig.model_type:
        raise ArgumentError(f"encoder_weights are for deeplabv3plus, but model_type is {model_type!r}: leave them out")
    if model_type not in CONFIG_MAPPING:
        raise ArgumentError(f"unknown model_type {model_type!r}: give {known}")
    try:
        if architecture is not None:
            return _new_timm_model(kind, architecture, names, overrides, one_logit=one_logit)
        config = AutoConfig.for_model(model_type, **settings, **head_classes(names, one_logit=one_logit))
        model = _auto_class(kind, config).from_config(_overridden(config, overrides))
    except NOT_MADE as error:
        raise _no_model(error) from error
    if encoder_weights:
        model.load_encoder_weights(encoder_weights)
    return model


def classifier_config(
    name_or_path: str, names: Sequence[str] | None = None, *, one_logit: bool = False
) -> PreTrainedConfig:
    """The configuration of a checkpoint, for these classes; arguments and errors as of `load_classifier`."""
    classes = {} if names is None else head_classes(names, one_logit=one_logit)
    try:
        config = AutoConfig.from_pretrained(name_or_path, **classes, **NO_CODE)
    except NOT_MADE as error:
        raise _no_model(error) from error
    if getattr(config, "problem_type", None) not in (None, "single_label_classification"):
        raise InputError(
            f"the checkpoint is made for {config.problem_type}, but label smoothing and abstention need one class a "
            "sample: give a checkpoint of a classifier"
        )
    if isinstance(config, TimmWrapperConfig):
        check_timm_config(config)
        config.model_args = {k: v for k, v in (config.model_args or {}).items() if k != "num_classes"}
        config.update(classes)  # over which its own number of classes has won
    return config


def kind_of(config: PreTrainedConfig) -> str:
    """What a checkpoint with this configuration classifies: `images`, `texts`, `pixels` or `tables`."""
    if isinstance(config, TabularMLPConfig):
        return "tables"
    if any("SemanticSegmentation" in name for name in config.architectures or []):
        return "pixels"
    return "texts" if type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING else "images"


def kind_of_model(model: Any) -> str:
    """What a model in memory classifies, as `kind_of`: its configuration may not say yet of which class it is."""
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model  # of an adapter of peft
    is_dense = "SemanticSegmentation" in type(whole).__name__
    return "pixels" if is_dense else kind_of(whole.config)


def load_processor(kind: str, name_or_path: str) -> Any:
    """What makes a checkpoint's inputs: its tokenizer for `texts`, its image processor for `images` and `pixels`.

    Raises:
        InputError: there is none beside the checkpoint.
    """
    try:
        return (AutoTokenizer if kind == "texts" else AutoImageProcessor).from_pretrained(name_or_path, **NO_CODE)
    except NOT_MADE as error:
        what = "tokenizer" if kind == "texts" else "image processor"
        raise InputError(
            f"the checkpoint {name_or_path!r} has no {what}: save one beside it ({first_line(error)})"
        ) from error


def _auto_class(kind: str, config: PreTrainedConfig) -> Any:
    auto = KINDS[check_choice("kind of classifier", kind, KINDS)][0]
    if auto is AutoModel and not isinstance(config, TabularMLPConfig):  # which takes every configuration there is
        raise InputError(f"the model type {config.model_type!r} is no classifier of {kind}: give {KINDS[kind][1]}")
    return auto


def _overridden(config: PreTrainedConfig, overrides: str | None) -> PreTrainedConfig:
    if not overrides:
        return config
    config.update_from_string(overrides)
    return type(config).from_dict(config.to_dict())  # so that it is checked as a whole


def _no_model(error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    return ArgumentError(f"the model cannot be made: {first_line(error)}")


def _new_timm_model(
    kind: str, architecture: str, names: Sequence[str], overrides: str | None, *, one_logit: bool
) -> PreTrainedModel:
    """Made by timm, with its initialisation, and loaded: a wrapper made otherwise is initialised as a language model.

    Only a wrapper of a loaded checkpoint is saved so that timm can read it too.
    """
    arguments, n_logits = parse_overrides(overrides), len(head_classes(names, one_logit=one_logit)["id2label"])
    with tempfile.TemporaryDirectory() as folder:
        native = timm.create_model(architecture, num_classes=n_logits, **arguments)
        save_for_hf(native, folder, model_args=arguments, safe_serialization=True)
        model = load_classifier(kind, folder, names, one_logit=one_logit)
    forget_origin(model)
    return model
