import pytest
import torch

from abstain.losses import distillation
from abstain.training.distillation import DistillationLoss
from abstain.training.loss import TrainingLoss


@pytest.mark.parametrize("class_weights", [None, (1, 2, 5)])
@pytest.mark.parametrize("soft", [False, True])
def test_batches_of_unequal_sizes_sum_to_the_mean_over_all(class_weights, soft):
    torch.manual_seed(0)
    (logits, teacher), labels = torch.randn(2, 9, 3), torch.tensor([0, 1, 2, 2, -100, 0, 1, 1, -100])
    if soft:
        labels = torch.rand(9, 3).softmax(dim=1)
    own = TrainingLoss(0.2, False, 0.0, -100, class_weights)
    pieces = list(zip(*(values.split([2, 4, 3]) for values in (logits, teacher, labels)), strict=True))
    total = own.count([some for *_, some in pieces])
    summed = sum(DistillationLoss(own, taught, 2.0, 0.3)(some, of, total) for some, taught, of in pieces)
    whole = DistillationLoss(own, teacher, 2.0, 0.3)(logits, labels)
    torch.testing.assert_close(summed, whole)

    weight = None if class_weights is None else torch.tensor(class_weights).float()
    term = distillation(logits, teacher, labels, temperature=2.0, weight=weight)
    torch.testing.assert_close(whole, 0.7 * own(logits, labels) + 0.3 * term)
    torch.testing.assert_close(DistillationLoss(own, teacher, 2.0, 0.0)(logits, labels), own(logits, labels))
    torch.testing.assert_close(DistillationLoss(own, teacher, 2.0, 1.0)(logits, labels), term)
