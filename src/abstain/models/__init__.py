"""Architectures that neither timm nor transformers has; importing this module registers them with the Auto classes."""

from transformers import AutoConfig, AutoModelForImageClassification

from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.classifiers import (
    classifier_config,
    load_image_classifier,
    new_image_classifier,
    record_preprocessing,
)

AutoConfig.register(CifarResNetConfig.model_type, CifarResNetConfig)
AutoModelForImageClassification.register(CifarResNetConfig, CifarResNetForImageClassification)

__all__ = [
    "CifarResNetConfig",
    "CifarResNetForImageClassification",
    "classifier_config",
    "load_image_classifier",
    "new_image_classifier",
    "record_preprocessing",
]
