"""Architectures that neither timm nor transformers has; importing this module registers them with the Auto classes."""

from transformers import AutoConfig, AutoModel, AutoModelForImageClassification, AutoModelForSequenceClassification

from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification

for _config in (CifarResNetConfig, DenseNetBCConfig, LSTMTextClassifierConfig, TabularMLPConfig):
    AutoConfig.register(_config.model_type, _config)
AutoModelForImageClassification.register(CifarResNetConfig, CifarResNetForImageClassification)
AutoModelForImageClassification.register(DenseNetBCConfig, DenseNetBCForImageClassification)
AutoModelForSequenceClassification.register(LSTMTextClassifierConfig, LSTMTextClassifier)
AutoModel.register(TabularMLPConfig, TabularMLPForClassification)  # transformers has no Auto class for tables

__all__ = [
    "CifarResNetConfig",
    "CifarResNetForImageClassification",
    "DenseNetBCConfig",
    "DenseNetBCForImageClassification",
    "LSTMTextClassifier",
    "LSTMTextClassifierConfig",
    "TabularMLPConfig",
    "TabularMLPForClassification",
]
