import pytest
import torch

import abstain
from abstain.losses import logit_gradient, max_logit_suppression, regularisation_gradient, smoothed_cross_entropy


def test_the_gradients_are_those_of_autograd_under_the_true_conditional():
    torch.manual_seed(0)
    logits = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    conditional = torch.rand(6, 4, dtype=torch.float64).softmax(dim=1)
    for smoothing in (0.0, 0.3):
        every_label = [torch.full((6,), label) for label in range(4)]
        losses = [smoothed_cross_entropy(logits, y, smoothing=smoothing, reduction="none") for y in every_label]
        expected = (conditional * torch.stack(losses, dim=1)).sum()
        (gradient,) = torch.autograd.grad(expected, logits)
        torch.testing.assert_close(logit_gradient(logits.detach(), conditional, smoothing=smoothing), gradient)


def test_what_smoothing_adds_is_the_difference_of_the_gradients_and_falls_with_the_probability_of_error():
    logits = torch.tensor([[3.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    conditional = torch.tensor([[0.9, 0.1, 0.0, 0.0], [0.4, 0.6, 0.0, 0.0]], dtype=torch.float64)
    added = logit_gradient(logits, conditional, smoothing=0.2) - logit_gradient(logits, conditional)
    torch.testing.assert_close(added, regularisation_gradient(conditional, smoothing=0.2))
    # 0.2 · (0.9 - 1/4) = 0.13 where the prediction is likely right, 0.2 · (0.4 - 1/4) = 0.03 where it is likely wrong
    torch.testing.assert_close(added[:, 0], torch.tensor([0.13, 0.03], dtype=torch.float64))
    suppression = max_logit_suppression(1 - conditional[:, 0], n_classes=4, smoothing=0.2)
    torch.testing.assert_close(suppression, added[:, 0])
    with pytest.raises(abstain.InputError, match="not equal"):
        logit_gradient(logits, conditional[:1])
