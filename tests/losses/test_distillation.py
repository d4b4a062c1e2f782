import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from abstain import InputError
from abstain.losses import distillation


def test_two_classes_as_worked_by_hand():
    # at temperature 2 the teacher says e : 1, the student 1 : 1
    p = math.e / (1 + math.e)
    expected = 4 * (p * math.log(2 * p) + (1 - p) * math.log(2 * (1 - p)))
    student, teacher, labels = torch.zeros(1, 2), torch.tensor([[0.0, 2.0]]), torch.tensor([0])
    assert distillation(student, teacher, labels, temperature=2.0).item() == pytest.approx(expected, rel=1e-6)
    assert distillation(teacher + 3, teacher, labels, temperature=2.0).item() == pytest.approx(0, abs=1e-6)


def test_its_gradient_is_that_of_the_cross_entropy_on_soft_targets_times_t_squared():
    torch.manual_seed(0)
    student, teacher = torch.randn(5, 4, requires_grad=True), torch.randn(5, 4, requires_grad=True)
    (found,) = torch.autograd.grad(distillation(student, teacher, torch.zeros(5).long(), temperature=3.0), student)
    targets = (teacher.detach() / 3).softmax(dim=1)
    (expected,) = torch.autograd.grad(9 * functional.cross_entropy(student / 3, targets), student)
    torch.testing.assert_close(found, expected)
    with pytest.raises(RuntimeError, match=r"does not require grad"):
        torch.autograd.grad(distillation(student.detach(), teacher, torch.zeros(5).long(), temperature=3.0), teacher)


def test_for_high_temperatures_it_is_half_the_squared_difference_of_centred_logits():
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 6, 5, dtype=torch.float64)  # equation 4 of the paper, integrated
    centred = [logits - logits.mean(dim=1, keepdim=True) for logits in (student, teacher)]
    expected = (centred[0] - centred[1]).square().sum(dim=1).mean() / (2 * 5)
    found = distillation(student, teacher, torch.zeros(6).long(), temperature=1000.0)
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=0)


def test_one_logit_is_the_pair_of_zero_and_itself():
    student, teacher = torch.tensor([[2.0], [-3.0]]), torch.tensor([[0.5], [1.0]])
    labels = torch.tensor([1, 0])
    pairs = [torch.cat([torch.zeros(2, 1), logits], dim=1) for logits in (student, teacher)]
    found = distillation(student, teacher, labels, temperature=2.0, reduction="none")
    torch.testing.assert_close(found, distillation(*pairs, labels, temperature=2.0, reduction="none"))


def test_samples_count_by_their_labels_as_in_the_other_losses():
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 3, 3)
    one = distillation(student, teacher, torch.zeros(3).long(), temperature=2.0, reduction="none")
    weight, labels = torch.tensor([1.0, 5.0, 3.0]), torch.tensor([1, -100, 2])
    found = distillation(student, teacher, labels, temperature=2.0, weight=weight)
    assert found.item() == pytest.approx((5 * one[0] + 3 * one[2]).item() / 8, rel=1e-6)
    soft = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    terms = distillation(student, teacher, soft, temperature=2.0, weight=weight, reduction="none")
    np.testing.assert_allclose(terms, one * torch.tensor([3.0, 3.0, 1.0]), rtol=1e-6)
    nothing = distillation(student, teacher, torch.full((3,), -100), temperature=2.0)
    assert nothing.item() == 0


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf, "abc"])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(InputError, match="temperature is"):
        distillation(torch.ones(1, 2), torch.ones(1, 2), torch.tensor([0]), temperature=temperature)


def test_logits_of_two_shapes_are_refused():
    with pytest.raises(InputError, match=r"\(1, 2\) and teacher_logits \(1, 3\): not equal"):
        distillation(torch.ones(1, 2), torch.ones(1, 3), torch.tensor([0]), temperature=2.0)
