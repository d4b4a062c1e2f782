"""What each architecture of ours answers when it is called: logits, loss, tuples, hidden states, or a refusal."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from abstain import InputError

pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision backend.*")


def test_labels_give_the_loss_and_every_weight_a_gradient(ours):
    model = ours.make()
    shape = (4, 32, 32) if ours.kind == "pixels" else (4,)
    labels = torch.arange(4).view(-1, *[1] * (len(shape) - 1)).expand(shape)
    found = model.train()(**ours.inputs, labels=labels)
    logits = functional.interpolate(found.logits, shape[1:], mode="bilinear") if ours.kind == "pixels" else found.logits
    assert torch.allclose(found.loss, functional.cross_entropy(logits, labels))
    found.loss.backward()
    assert [key for key, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()] == []
    assert model(**ours.inputs).loss is None


def test_a_tuple_is_given_on_demand(each):
    model = each.make()
    labels = torch.zeros((4, 32, 32) if each.kind == "pixels" else 4, dtype=torch.int64)
    with torch.no_grad():
        loss, logits = model(**each.inputs, labels=labels, return_dict=False)
        named = model(**each.inputs, labels=labels)
        assert torch.equal(loss, named.loss) and torch.equal(logits, named.logits)
        assert [type(item) for item in model(**each.inputs, return_dict=False)] == [torch.Tensor]
        model.config.return_dict = False
        assert type(model(**each.inputs)) is tuple and type(model(**each.inputs, return_dict=True)) is not tuple


def test_hidden_states_are_given_or_refused_by_name(ours):
    model = ours.make()
    refused = rf"{type(model).__name__} gives no hidden states, but output_hidden_states is True: leave it out"
    for asked in ({"output_hidden_states": True}, {}):
        model.config.output_hidden_states = not asked
        if ours.hidden is None:
            with pytest.raises(InputError, match=refused):
                model(**ours.inputs, **asked)
            continue
        found = model(**ours.inputs, **asked)
        assert [len(state[0]) for state in found.hidden_states] == ours.hidden
        assert torch.equal(model(**ours.inputs, output_hidden_states=False).logits, found.logits)
        assert model(**ours.inputs, output_hidden_states=False).hidden_states is None
    with pytest.raises(InputError, match=r"output_hidden_states is \[0, 2\], but .* takes True or False"):
        model(**ours.inputs, output_hidden_states=[0, 2])


def test_attentions_are_refused_by_name(ours):
    model = ours.make()
    assert torch.equal(model(**ours.inputs, output_attentions=False).logits, ours.logits(model))
    with pytest.raises(InputError, match=f"{type(model).__name__} gives no attentions, but output_attentions is True"):
        model(**ours.inputs, output_attentions=True)


def test_it_compiles(ours):
    model = ours.make()
    torch.compiler.reset()
    # torch does not trace its own LSTM unless it is told to
    compiled = torch.compile(model, backend="aot_eager", fullgraph=ours.name != "lstm_text_classifier")
    assert torch.allclose(ours.logits(compiled), ours.logits(model), rtol=1e-4, atol=1e-4)


def test_training_differs_from_evaluation_by_dropout_and_batch_statistics_alone(ours):
    model = ours.make()
    expected = ours.logits(model)
    assert torch.equal(ours.logits(model), expected)
    varying = [layer for layer in model.train().modules() if isinstance(layer, nn.Dropout | nn.BatchNorm2d)]
    if ours.name != "tabular_mlp":
        assert not torch.equal(ours.logits(model), expected)
    model = ours.make().train()
    for layer in model.modules():
        if isinstance(layer, nn.Dropout | nn.BatchNorm2d):
            layer.eval()
    assert torch.equal(ours.logits(model), expected) and (varying or ours.name == "tabular_mlp")


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing_enable.*deprecated")
def test_gradient_checkpointing_is_not_claimed_and_refused(ours):
    model = ours.make()
    assert not model.supports_gradient_checkpointing
    with pytest.raises(ValueError, match=f"{type(model).__name__} does not support"):
        model.gradient_checkpointing_enable()
