"""One small model of each architecture of ours, and of timm's where we make it, for what is asked of all of them."""

import importlib.util

import pytest
import torch

from abstain.models.auto import new_classifier

NAMES = ["cat", "dog", "owl", "yak", "zho"]
IMAGES = {"pixel_values": torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))}
TIMM = "img_size=32,patch_size=8,depth=2,embed_dim=16,num_heads=2"

# name -> kind, settings, inputs, layers of the head, hidden states
OURS = {
    "cifar_resnet": ("images", {"overrides": "depth=8,width=4"}, IMAGES, ["classifier"], [4, 4, 8, 16]),
    "densenet_bc": ("images", {"overrides": "depth=10,growth_rate=4"}, IMAGES, ["classifier"], [8, 12, 6, 10, 5, 9]),
    "deeplabv3plus": (
        "pixels",
        {"overrides": "encoder_name=resnet18,decoder_channels=16"},
        IMAGES,
        ["decoder", "classifier"],
        [64, 64, 128, 256, 512],
    ),
    "lstm_text_classifier": (
        "texts",
        {"vocab_size": 300, "overrides": "embedding_size=8,hidden_size=6,dense_size=5"},
        {"input_ids": torch.tensor([[5, 6, 7, 0], [8, 9, 10, 11], [12, 0, 0, 0], [1, 2, 3, 4]])},
        ["dense", "classifier"],
        None,
    ),
    "tabular_mlp": (
        "tables",
        {"num_features": 8},
        {"features": torch.arange(32.0).view(4, 8) / 32},
        ["classifier"],
        None,
    ),
}
ALL = {
    **OURS,
    "timm_wrapper": (
        "images",
        {"architecture": "vit_tiny_patch16_224", "overrides": TIMM},
        IMAGES,
        ["timm_model.head"],
        None,
    ),
}


class Case:
    """One architecture, how a model of it is made, and what it is asked."""

    def __init__(self, name):
        if name == "deeplabv3plus" and importlib.util.find_spec("segmentation_models_pytorch") is None:
            pytest.skip("needs the extra `segmentation`")
        self.name = name
        self.kind, self.settings, self.inputs, self.head, self.hidden = ALL[name]

    def make(self, seed=0):
        torch.manual_seed(seed)
        return new_classifier(self.kind, self.name, NAMES, **self.settings).eval()

    def saved(self, folder):
        """A model none of whose weights is what it begins with, as after training, and saved."""
        model = self.make()
        with torch.no_grad():
            for tensor in (*model.parameters(), *model.buffers()):
                if tensor.is_floating_point():
                    tensor.mul_(1 + 0.1 * torch.rand_like(tensor)).add_(0.01 * (tensor.ndim == 1))
        model.save_pretrained(folder)
        return model

    def of_head(self, key):
        return key.startswith(tuple(self.head))

    @torch.no_grad()
    def logits(self, model):
        return model(**self.inputs).logits


def assert_same(model, other):
    saved, read = model.state_dict(), other.state_dict()
    assert saved.keys() == read.keys()
    assert [key for key in saved if saved[key].dtype != read[key].dtype or not torch.equal(saved[key], read[key])] == []
