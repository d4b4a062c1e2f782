import numpy as np
import pytest
import torch

import abstain
from abstain.losses import max_suppression, smoothed_cross_entropy


def test_it_is_the_largest_logit_above_the_mean():
    logits = torch.tensor([[3.0, 0.0, 0.0], [1.0, 1.0, -2.0]])
    assert max_suppression(logits, torch.tensor([2, 0]), reduction="none").tolist() == [2.0, 1.0]
    assert max_suppression(logits, torch.tensor([2, 0])).item() == 1.5
    assert max_suppression(logits, torch.tensor([2, -100])).item() == 2.0
    weight = torch.tensor([1.0, 5.0, 3.0])
    assert max_suppression(logits, torch.tensor([2, 0]), weight=weight).item() == (3 * 2 + 1) / 4
    soft = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    assert max_suppression(logits, soft, weight=weight, reduction="none").tolist() == [6.0, 3.0]


def test_its_gradient_does_not_depend_on_the_label_and_ties_share_it():
    logits = torch.tensor([[3.0, 0.0, 0.0], [1.0, 1.0, -2.0]], requires_grad=True)
    max_suppression(logits, torch.tensor([2, 0]), reduction="sum").backward()
    np.testing.assert_allclose(logits.grad, [[2 / 3, -1 / 3, -1 / 3], [1 / 6, 1 / 6, -1 / 3]], atol=1e-7)


def test_one_logit_is_the_pair_of_zero_and_itself():
    logits = torch.tensor([[2.0], [-3.0], [0.0]], requires_grad=True)
    terms = max_suppression(logits, torch.tensor([1, 1, 0]), reduction="none")
    assert terms.tolist() == [1.0, 1.5, 0.0]
    terms.sum().backward()
    assert logits.grad.tolist() == [[0.5], [-0.5], [0.0]]
    pair = torch.cat([torch.zeros(3, 1), logits.detach()], dim=1)
    torch.testing.assert_close(terms.detach(), max_suppression(pair, torch.tensor([1, 1, 0]), reduction="none"))


def test_where_the_label_is_the_largest_logit_it_is_what_label_smoothing_adds():
    torch.manual_seed(0)
    logits = torch.randn(8, 5, dtype=torch.float64)
    labels = logits.argmax(dim=1)
    smoothed, plain = (smoothed_cross_entropy(logits, labels, smoothing=a) for a in (0.3, 0.0))
    torch.testing.assert_close(smoothed - plain, 0.3 * max_suppression(logits, labels))


def test_with_its_factor_it_is_the_loss_of_torch_uncertainty():
    # CrossEntropyMaxSupLoss(max_sup=0.3) of torch-uncertainty 0.13, run on these numbers
    logits = torch.tensor([[1.5, -0.5, 0.25], [0.0, 2.0, -1.0]], dtype=torch.float64)
    labels = torch.tensor([0, 2])
    found = smoothed_cross_entropy(logits, labels) + 0.3 * max_suppression(logits, labels)
    assert found.item() == pytest.approx(2.173398941679544, rel=1e-12)


@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (2, 3, 4, 5)])
def test_a_batch_with_every_label_ignored_gives_nothing(shape):
    logits = torch.ones(shape, requires_grad=True)
    term = max_suppression(logits, torch.full((2, *shape[2:]), -100))
    term.backward()
    assert term.item() == 0.0 and logits.grad.count_nonzero() == 0


def test_it_compiles_into_one_graph():
    logits, labels = torch.randn(4, 3), torch.tensor([0, 2, -100, 1])
    compiled = torch.compile(max_suppression, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(logits, labels), max_suppression(logits, labels))


def test_half_precision_is_computed_in_float32():
    logits = torch.tensor([[1000.0, 1.0]]).bfloat16()
    assert max_suppression(logits, torch.tensor([0])).dtype == torch.float32


def test_an_unknown_reduction_is_refused():
    with pytest.raises(abstain.InputError, match="unknown reduction"):
        max_suppression(torch.zeros(1, 2), torch.tensor([0]), reduction="all")
