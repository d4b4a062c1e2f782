"""The gradient on the max logit, by autograd through our losses, against what is known of it."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ranked_samples import repeatable

import abstain
from abstain.audit import predicted_suppression, suppression_gradient
from abstain.losses import distillation, focal_loss, max_suppression, normalized_logits, smoothed_cross_entropy

CROSS_ENTROPY = partial(smoothed_cross_entropy, reduction="none")
factors = st.floats(0, 0.99)
seeds = st.integers(0, 2**32 - 1)
n_classes = st.integers(2, 12)


def drawn(seed, k, n=7):
    """Logits of several lengths, a true distribution that has little to do with them, and the error of the argmax."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(n, k)) * random.uniform(0.1, 10, size=(n, 1))
    conditional = random.dirichlet(np.full(k, 0.3), size=n)
    return logits, conditional, 1 - conditional[np.arange(n), logits.argmax(axis=1)]


def suppressed(logits, labels, factor):
    return CROSS_ENTROPY(logits, labels) + factor * max_suppression(logits, labels, reduction="none")


@repeatable
@given(seeds, n_classes, factors)
def test_label_smoothing_pushes_down_by_its_factor_and_less_where_an_error_is_likely(seed, k, factor):
    logits, conditional, risk = drawn(seed, k)
    found = suppression_gradient(partial(CROSS_ENTROPY, smoothing=factor), logits, conditional)
    np.testing.assert_allclose(found, factor * (1 - risk - 1 / k), atol=1e-13)
    np.testing.assert_allclose(found, predicted_suppression("label_smoothing", factor, risk, k), atol=1e-13)


@repeatable
@given(seeds, n_classes, factors)
def test_max_suppression_pushes_down_alike_whatever_the_probability_of_an_error(seed, k, factor):
    logits, conditional, risk = drawn(seed, k)
    found = suppression_gradient(partial(suppressed, factor=factor), logits, conditional)
    np.testing.assert_allclose(found, factor * (1 - 1 / k), atol=1e-13)
    np.testing.assert_allclose(found, predicted_suppression("max_suppression", factor, risk, k), atol=1e-13)


@repeatable
@given(seeds, n_classes, factors, st.floats(0, 0.5))
def test_targets_mixed_with_the_frequencies_of_the_classes_push_as_smoothing_towards_them(seed, k, factor, share):
    """Mixup and CutMix, where the input is taken for that of the larger share."""
    logits, conditional, risk = drawn(seed, k)
    frequency = np.random.default_rng(seed).dirichlet(np.ones(k))

    def mixed(logits, labels):
        targets = (1 - share) * torch.eye(k, dtype=torch.float64)[labels] + share * torch.from_numpy(frequency)
        return CROSS_ENTROPY(logits, targets, smoothing=factor)

    found = suppression_gradient(mixed, logits, conditional)
    mean_target = (1 - share) * (1 - risk) + share * frequency[logits.argmax(axis=1)]
    np.testing.assert_allclose(found, (1 - risk) - (1 - factor) * mean_target - factor / k, atol=1e-13)


@repeatable
@given(seeds, n_classes)
def test_a_teacher_pushes_down_where_it_is_less_sure_than_the_truth(seed, k):
    logits, conditional, risk = drawn(seed, k)
    teacher, _, _ = drawn(seed + 1, k)
    loss = partial(distillation, teacher_logits=torch.from_numpy(teacher), temperature=1.0, reduction="none")
    found = suppression_gradient(lambda z, y: loss(z, labels=y), logits, conditional)
    probability = np.exp(teacher) / np.exp(teacher).sum(axis=1, keepdims=True)
    of_largest = np.take_along_axis(probability, logits.argmax(axis=1)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(found, 1 - risk - of_largest, atol=1e-12)


def numeric(loss, logits, conditional, step=1e-6):
    """Central differences on the max logit of the expected loss, `loss` giving (N, K): one for each label."""
    moved = step * np.eye(logits.shape[1])[logits.argmax(axis=1)]
    up, down = ((conditional * loss(logits + sign * moved)).sum(axis=1) for sign in (1, -1))
    return (up - down) / (2 * step)


def surprise(logits):
    return np.log(np.exp(logits).sum(axis=1, keepdims=True)) - logits


@pytest.mark.parametrize("seed", range(3))
def test_focal_loss_and_normalised_logits_push_as_central_differences_say(seed):
    logits, conditional, _ = drawn(seed, 6, n=20)
    logits /= 3
    of_cross_entropy = numeric(surprise, logits, conditional)
    focal = numeric(lambda z: (1 - np.exp(-surprise(z))) ** 2 * surprise(z), logits, conditional)
    found = suppression_gradient(partial(focal_loss, gamma=2, reduction="none"), logits, conditional)
    np.testing.assert_allclose(found, focal - of_cross_entropy, atol=1e-8)

    length = numeric(lambda z: surprise(z / (0.5 * np.linalg.norm(z, axis=1, keepdims=True))), logits, conditional)
    found = suppression_gradient(
        lambda z, y: CROSS_ENTROPY(normalized_logits(z, temperature=0.5), y), logits, conditional
    )
    np.testing.assert_allclose(found, length - of_cross_entropy, atol=1e-5)


def test_inputs_that_do_not_fit_are_refused():
    logits, conditional, risk = drawn(0, 4)
    for wrong, said in [
        (lambda: suppression_gradient(CROSS_ENTROPY, logits, conditional[:, :3]), "one probability for each logit"),
        (lambda: suppression_gradient(CROSS_ENTROPY, logits[:, :1], conditional[:, :1]), "K at least 2"),
        (lambda: suppression_gradient(CROSS_ENTROPY, logits, 2 * conditional), "no distribution"),
        (lambda: suppression_gradient(smoothed_cross_entropy, logits, conditional), 'reduction="none"'),
        (lambda: suppression_gradient(lambda z, y: 1.0, logits, conditional), "gives float"),
        (lambda: predicted_suppression("mixup", 0.1, risk, 4), "unknown loss 'mixup'"),
        (lambda: predicted_suppression("max_suppression", 1.0, risk, 4), "label-smoothing factor is 1"),
        (lambda: predicted_suppression("label_smoothing", 0.1, risk + 1, 4), "outside"),
        (lambda: predicted_suppression("label_smoothing", 0.1, risk, 1), "at least 2|from 2"),
    ]:
        with pytest.raises(abstain.InputError, match=said):
            wrong()


def test_neither_input_is_changed_nor_asked_for_a_gradient():
    logits, conditional, _ = drawn(0, 4)
    given_logits = torch.tensor(logits, requires_grad=True)
    with torch.no_grad():
        found = suppression_gradient(partial(CROSS_ENTROPY, smoothing=0.1), given_logits, conditional)
    assert given_logits.grad is None and (given_logits.detach().numpy() == logits).all() and found.shape == (7,)
