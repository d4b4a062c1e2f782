import pytest
import torch

from abstain.losses.reduction import mean_over, reduced

LOSSES, COUNTS = torch.tensor([[2.0, 0.0], [3.0, 1.0]]), torch.tensor([[1.0, 0.0], [2.0, 0.5]])


def test_the_mean_is_over_what_counts_and_not_over_samples():
    assert torch.equal(reduced(LOSSES, COUNTS, "none"), LOSSES)
    assert reduced(LOSSES, COUNTS, "sum").item() == 6.0
    assert reduced(LOSSES, COUNTS, "mean").item() == pytest.approx(6.0 / 3.5)


def test_where_nothing_counts_the_mean_is_0_with_a_gradient_of_0():
    losses = torch.zeros(3, requires_grad=True)
    mean = mean_over((losses * 0).sum(), torch.zeros(3, dtype=torch.bool))
    mean.backward()
    assert mean.item() == 0 and torch.equal(losses.grad, torch.zeros(3))
