import pytest
import torch
from torch.nn import functional

import abstain
from abstain.losses import normalized_logits, smoothed_cross_entropy


def test_it_is_the_formula_worked_by_hand():
    logits = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-30.0, 40.0]], dtype=torch.float64)
    expected = torch.tensor([[1.2, 1.6], [0.0, 0.0], [-1.2, 1.6]], dtype=torch.float64)
    torch.testing.assert_close(normalized_logits(logits, temperature=0.5), expected, rtol=1e-7, atol=0)


def test_classes_are_on_the_second_axis_and_the_loss_is_that_of_its_definition():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    found = smoothed_cross_entropy(normalized_logits(logits, temperature=0.04), labels, smoothing=0.1)
    rows = logits.movedim(1, -1).reshape(-1, 3)
    rows = rows / (rows.square().sum(dim=1, keepdim=True).sqrt() + 1e-7) / 0.04
    torch.testing.assert_close(found, functional.cross_entropy(rows, labels.flatten(), label_smoothing=0.1))


def test_longer_logits_lower_no_loss():
    logits = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64, requires_grad=True)
    smoothed_cross_entropy(normalized_logits(logits, temperature=0.2), torch.tensor([0])).backward()
    assert logits.grad.abs().max() > 0.1 and (logits.grad * logits).sum().abs() < 1e-6
    assert torch.autograd.gradcheck(lambda z: normalized_logits(z, temperature=0.2), logits)


def test_logits_of_zero_have_a_finite_gradient():
    logits = torch.zeros(1, 3, requires_grad=True)
    smoothed_cross_entropy(normalized_logits(logits, temperature=0.04), torch.tensor([0])).backward()
    assert logits.grad.isfinite().all() and logits.grad[0, 0] < 0 < logits.grad[0, 1]


def test_half_precision_is_computed_in_float32():
    assert normalized_logits(torch.ones(1, 2).half(), temperature=1.0).dtype == torch.float32


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf"), "abc"])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(abstain.InputError, match=r"temperature is .*, but must be"):
        normalized_logits(torch.ones(1, 2), temperature=temperature)


@pytest.mark.parametrize(("logits", "said"), [(torch.ones(2, 1), "one logit"), (torch.ones(2, 2).long(), "floats")])
def test_what_has_no_norm_worth_a_division_is_refused(logits, said):
    with pytest.raises(abstain.InputError, match=said):
        normalized_logits(logits, temperature=0.04)
