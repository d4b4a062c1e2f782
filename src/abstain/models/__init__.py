"""Architectures that neither timm nor transformers has; importing this module registers them with the Auto classes."""

from transformers import AutoConfig, AutoModelForImageClassification, AutoModelForSemanticSegmentation

from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation

AutoConfig.register(CifarResNetConfig.model_type, CifarResNetConfig)
AutoModelForImageClassification.register(CifarResNetConfig, CifarResNetForImageClassification)
AutoConfig.register(DeepLabV3PlusConfig.model_type, DeepLabV3PlusConfig)
AutoModelForSemanticSegmentation.register(DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation)

__all__ = [
    "CifarResNetConfig",
    "CifarResNetForImageClassification",
    "DeepLabV3PlusConfig",
    "DeepLabV3PlusForSemanticSegmentation",
]
