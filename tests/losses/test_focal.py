import math

import numpy as np
import pytest
import torch

import abstain
from abstain.losses import focal_loss, smoothed_cross_entropy


def test_it_is_the_formula_worked_by_hand():
    # π = (0.8, 0.1, 0.1) of both: of the label 0 it is 0.2² · -log 0.8, of the label 2 0.9² · -log 0.1
    logits = torch.tensor([[0.8, 0.1, 0.1]] * 3).log()
    labels = torch.tensor([0, 2, -100])
    expected = [0.04 * -math.log(0.8), 0.81 * -math.log(0.1), 0.0]
    np.testing.assert_allclose(focal_loss(logits, labels, reduction="none"), expected, rtol=1e-6)
    assert focal_loss(logits, labels, reduction="sum").item() == pytest.approx(sum(expected))
    assert focal_loss(logits, labels).item() == pytest.approx(sum(expected) / 2)
    weight = torch.tensor([3.0, 1.0, 5.0])
    weighted = focal_loss(logits, labels, weight=weight).item()
    assert weighted == pytest.approx((3 * expected[0] + 5 * expected[1]) / 8)


@pytest.mark.parametrize("n_logits", [1, 3])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("soft", [False, True])
def test_gamma_zero_is_cross_entropy(n_logits, reduction, soft):
    torch.manual_seed(0)
    logits = (3 * torch.randn(7, n_logits, 2)).requires_grad_()
    labels = torch.randint(0, max(n_logits, 2), (7, 2))
    if soft:
        labels = torch.rand(7, 1, 2) if n_logits == 1 else torch.randn(7, 3, 2).softmax(dim=1)
    else:
        labels[2, 1] = -100
    options = {"reduction": reduction, "weight": None if n_logits == 1 else torch.tensor([1.0, 2.0, 5.0])}
    both = [focal_loss(logits, labels, gamma=0.0, **options), smoothed_cross_entropy(logits, labels, **options)]
    gradients = [torch.autograd.grad(loss.sum(), logits)[0] for loss in both]
    torch.testing.assert_close(*both, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 3.5])
def test_it_is_torchvision_s_sigmoid_focal_loss_where_there_are_two_classes(gamma):
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    one, labels = 3 * torch.randn(20, 1, dtype=torch.float64), torch.arange(20) % 2
    expected = torchvision.ops.sigmoid_focal_loss(one[:, 0], labels.double(), alpha=-1, gamma=gamma)
    pair = torch.cat([torch.zeros_like(one), one], dim=1)
    torch.testing.assert_close(focal_loss(one, labels, gamma=gamma, reduction="none"), expected)
    torch.testing.assert_close(focal_loss(pair, labels, gamma=gamma, reduction="none"), expected)


@pytest.mark.parametrize("n_logits", [1, 4])
def test_of_a_soft_label_it_is_the_mean_over_labels_drawn_from_it(n_logits):
    torch.manual_seed(0)
    logits, n_classes = torch.randn(5, n_logits, dtype=torch.float64), max(n_logits, 2)
    soft = torch.randn(5, n_classes, dtype=torch.float64).softmax(dim=1)
    weight = None if n_logits == 1 else torch.tensor([1.0, 2.0, 3.0, 4.0])
    one_each = [
        focal_loss(logits, torch.full((5,), label), weight=weight, reduction="none") for label in range(n_classes)
    ]
    expected = (soft * torch.stack(one_each, dim=1)).sum(dim=1)
    given = soft[:, 1:] if n_logits == 1 else soft
    torch.testing.assert_close(focal_loss(logits, given, weight=weight, reduction="none"), expected)


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("above", [0.0, 10.0, 17.5, 90.0, 1e4, -1e4])
def test_the_gradient_is_finite_and_right_also_where_the_label_is_certain(gamma, above):
    # dL/dz_y = -(1 - π)^γ · [(1 - π) - γ π · -log π], here of 64 bits
    logits = torch.tensor([[above, 0.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0]), gamma=gamma).backward()
    missing = 1 / (1 + math.exp(above)) if above < 700 else 0.0
    surprise = math.log1p(math.exp(-above)) if above > -700 else -above
    expected = -(missing**gamma) * (missing - gamma * (1 - missing) * -surprise)
    assert logits.grad[0, 0].item() == pytest.approx(expected, rel=2e-2 if above == 17.5 else 1e-3, abs=1e-7)
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("n_logits", [1, 3])
def test_its_gradient_is_that_of_finite_differences(n_logits):
    torch.manual_seed(0)
    logits = torch.randn(4, n_logits, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: focal_loss(z, torch.tensor([0, 1, -100, 1]), gamma=1.5), logits)


@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (2, 3, 4, 5)])
def test_a_batch_with_every_label_ignored_gives_nothing(shape):
    logits = torch.ones(shape, requires_grad=True)
    loss = focal_loss(logits, torch.full((2, *shape[2:]), -100), gamma=0.5)
    loss.backward()
    assert loss.item() == 0.0 and logits.grad.count_nonzero() == 0


def test_half_precision_is_computed_in_float32():
    assert focal_loss(torch.tensor([[1000.0, 1.0]]).bfloat16(), torch.tensor([0])).dtype == torch.float32


@pytest.mark.parametrize("gamma", [-0.5, float("nan"), float("inf"), "abc", True])
def test_a_gamma_that_is_none_is_refused(gamma):
    with pytest.raises(abstain.InputError, match=r"gamma is .*, but must be"):
        focal_loss(torch.zeros(1, 2), torch.tensor([0]), gamma=gamma)


def test_an_unknown_reduction_is_refused():
    with pytest.raises(abstain.InputError, match="unknown reduction"):
        focal_loss(torch.zeros(1, 2), torch.tensor([0]), reduction="all")
