import pytest
import torch

import abstain
from abstain.losses.targets import check_targets, sample_weights


@pytest.mark.parametrize(
    ("logits", "labels", "sentence"),
    [
        ((4, 3), torch.rand(4), r"labels hold float32 in shape \(4,\), but must be integers .* a regression is no"),
        ((2, 3), torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), "hold samples with several labels or none"),
        ((2, 3), torch.tensor([[0.5, 0.6, 0.0], [1.0, 0.0, 0.0]]), "a row that is no distribution"),
        ((2, 3), torch.tensor([[1.5, -0.5, 0.0], [1.0, 0.0, 0.0]]), "a row that is no distribution"),
        ((2, 1), torch.tensor([[1.5], [0.0]]), "a row that is no distribution"),
        ((2, 3), torch.zeros(2, 3, dtype=torch.int64), "as samples with several labels do, but each sample"),
        ((2, 3), torch.zeros(3, dtype=torch.int64), r"logits have shape \(2, 3\) and labels \(3,\): need"),
    ],
)
def test_targets_that_are_neither_classes_nor_distributions_are_named(logits, labels, sentence):
    with pytest.raises(abstain.InputError, match=sentence):
        check_targets(torch.zeros(logits), labels)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32])
def test_distributions_in_any_precision_are_taken(kind):
    torch.manual_seed(0)
    check_targets(torch.zeros(50, 7), torch.randn(50, 7).softmax(dim=1).to(kind))
    check_targets(torch.zeros(2, 7, 3), torch.rand(2, 7, 3).softmax(dim=1))
    check_targets(torch.zeros(2, 1), torch.tensor([[0.2], [1.0]]))


def test_a_sample_weighs_what_its_label_does():
    weight = torch.tensor([1.0, 3.0])
    labels = torch.tensor([[0, 1], [-100, 1]])
    assert sample_weights(labels, ignore_index=-100, weight=weight).tolist() == [[1.0, 3.0], [0.0, 3.0]]
    assert sample_weights(labels, ignore_index=-100, weight=None).tolist() == [[True, True], [False, True]]
    soft = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    assert sample_weights(soft, ignore_index=-100, weight=weight).tolist() == [2.5, 1.0]
    assert sample_weights(soft, ignore_index=-100, weight=None).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_soft_labels_in_half_precision_are_counted_in_whole_numbers(kind):
    from abstain.losses import max_suppression, smoothed_cross_entropy

    torch.manual_seed(0)
    logits, labels = (
        torch.randn(70_001, 3),
        torch.randn(70_001, 3).softmax(dim=1).to(kind),
    )
    for loss in (smoothed_cross_entropy, max_suppression):
        torch.testing.assert_close(loss(logits, labels), loss(logits, labels.float()))
