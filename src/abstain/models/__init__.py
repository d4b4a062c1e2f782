"""Architectures that neither timm nor transformers has; importing this module registers them with the Auto classes."""

from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForImageClassification,
    AutoModelForSemanticSegmentation,
    AutoModelForSequenceClassification,
)

from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.classifiers import (
    classifier_config,
    load_image_classifier,
    load_pretrained,
    new_image_classifier,
    record_preprocessing,
)
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification

for _config in (CifarResNetConfig, DeepLabV3PlusConfig, DenseNetBCConfig, LSTMTextClassifierConfig, TabularMLPConfig):
    AutoConfig.register(_config.model_type, _config)
AutoModelForImageClassification.register(CifarResNetConfig, CifarResNetForImageClassification)
AutoModelForImageClassification.register(DenseNetBCConfig, DenseNetBCForImageClassification)
AutoModelForSequenceClassification.register(LSTMTextClassifierConfig, LSTMTextClassifier)
AutoModel.register(TabularMLPConfig, TabularMLPForClassification)  # transformers has no Auto class for tables
AutoModelForSemanticSegmentation.register(DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation)

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
    "load_image_classifier",
    "load_pretrained",
    "new_image_classifier",
    "record_preprocessing",
]
