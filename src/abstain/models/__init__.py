"""Architectures that neither timm nor transformers has, and the doors to all others; importing it registers them."""

from abstain._lazy import lazy_names
from abstain.models.auto import classifier_config, kind_of, load_classifier, load_processor, new_classifier
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification
from abstain.models.timm_wrapper import record_preprocessing

__all__ = [
    "CifarResNetConfig",
    "CifarResNetForImageClassification",
    "DeepLabV3PlusConfig",
    "DeepLabV3PlusForSemanticSegmentation",
    "DenseNetBCConfig",
    "DenseNetBCForImageClassification",
    "LSTMTextClassifier",
    "LSTMTextClassifierConfig",
    "TabularMLPConfig",
    "TabularMLPForClassification",
    "classifier_config",
    "kind_of",
    "load_classifier",
    "load_processor",
    "new_classifier",
    "record_preprocessing",
]

__getattr__ = lazy_names(__name__, {})  # which knows where old names went
