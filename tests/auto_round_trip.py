"""What every architecture of ours must survive: to be saved, and loaded by the Auto class that knows its type."""

import torch
from transformers import AutoConfig


def assert_goes_through(auto, model, inputs, folder):
    with torch.no_grad():
        for parameter in model.eval().parameters():  # none as it is initialised, or a loader that forgets it is unseen
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    loaded = auto.from_pretrained(folder).eval()
    assert type(loaded) is type(model)
    assert isinstance(AutoConfig.from_pretrained(folder), type(model.config))
    with torch.no_grad():
        assert (loaded(inputs).logits - model(inputs).logits).abs().max() == 0
    assert loaded.num_parameters(only_trainable=True) == model.num_parameters(only_trainable=True)
