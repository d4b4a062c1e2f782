from functools import partial

import logit_oracle
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

import abstain
from abstain.losses import smoothed_cross_entropy

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

few_values = st.integers(-2, 2).map(float)
many_values = st.floats(-60, 60)
smoothings = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.99])


@st.composite
def batches(draw, min_classes=2):
    n_samples, n_classes = draw(st.integers(1, 6)), draw(st.integers(min_classes, 5))
    row = st.lists(draw(st.sampled_from([few_values, many_values])), min_size=n_classes, max_size=n_classes)
    logits = draw(st.lists(row, min_size=n_samples, max_size=n_samples))
    labels = draw(st.lists(st.integers(0, n_classes - 1), min_size=n_samples, max_size=n_samples))
    return torch.tensor(logits, dtype=torch.float64), torch.tensor(labels)


def images(ignored=0.3):
    """Logits (2, 3, 4, 5) and labels (2, 4, 5), some of them 255."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (2, 4, 5), generator=generator)
    return logits, torch.where(torch.rand(2, 4, 5, generator=generator) < ignored, 255, labels)


def test_one_sample_as_worked_by_hand():
    # Softmax 0.6, 0.3, 0.1, label 0, α = 0.3: the target is 0.7 + 0.1, 0.1, 0.1.
    # -(0.8 ln 0.6 + 0.1 ln 0.3 + 0.1 ln 0.1) = 0.408661 + 0.120397 + 0.230259 = 0.759316.
    logits = torch.tensor([[6.0, 3.0, 1.0]], dtype=torch.float64).log()
    assert smoothed_cross_entropy(logits, torch.tensor([0]), smoothing=0.3).item() == pytest.approx(0.759316, abs=5e-7)


def test_one_logit_as_worked_by_hand():
    # z = ln 3: σ = 3/4. y = 1, α = 0.4: the target is 0.6 + 0.2. -(0.8 ln 0.75 + 0.2 ln 0.25) = 0.507405.
    logits = torch.tensor([[3.0]], dtype=torch.float64).log()
    assert smoothed_cross_entropy(logits, torch.tensor([1]), smoothing=0.4).item() == pytest.approx(0.507405, abs=5e-7)


@repeatable
@given(batches(), smoothings)
def test_losses_are_the_oracle_s_sample_by_sample(batch, smoothing):
    logits, labels = batch
    expected = [logit_oracle.smoothed_cross_entropy(row, y, smoothing) for row, y in zip(logits, labels, strict=True)]
    found = smoothed_cross_entropy(logits, labels, smoothing=smoothing, reduction="none")
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    total, mean = (smoothed_cross_entropy(logits, labels, smoothing=smoothing, reduction=r) for r in ("sum", "mean"))
    assert total.item() == pytest.approx(sum(expected), rel=1e-12, abs=1e-12)
    assert mean.item() == pytest.approx(sum(expected) / len(expected), rel=1e-12, abs=1e-12)


@repeatable
@given(batches(), smoothings)
def test_the_gradient_is_softmax_minus_the_smoothed_target(batch, smoothing):
    logits, labels = batch
    logits.requires_grad_()
    smoothed_cross_entropy(logits, labels, smoothing=smoothing, reduction="sum").backward()
    rows = zip(logits.tolist(), labels.tolist(), strict=True)
    expected = [logit_oracle.smoothed_cross_entropy_gradient(row, y, smoothing) for row, y in rows]
    np.testing.assert_allclose(logits.grad, expected, rtol=1e-9, atol=1e-12)


@repeatable
@given(st.lists(st.tuples(many_values, st.integers(0, 1)), min_size=1, max_size=6), smoothings)
def test_one_logit_is_the_oracle_s_binary_loss_and_the_pair_of_zero_and_itself(batch, smoothing):
    z, labels = (torch.tensor(column) for column in zip(*batch, strict=True))
    logits = z[:, None].double()
    found = smoothed_cross_entropy(logits, labels, smoothing=smoothing, reduction="none")
    expected = [
        logit_oracle.smoothed_binary_cross_entropy(x.item(), y.item(), smoothing)
        for x, y in zip(logits, labels, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    pair = torch.cat([torch.zeros_like(logits), logits], dim=1)
    of_pair = smoothed_cross_entropy(pair, labels, smoothing=smoothing, reduction="none")
    np.testing.assert_allclose(found, of_pair, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_without_smoothing_it_is_cross_entropy(reduction):
    logits, labels = images()
    expected = functional.cross_entropy(logits, labels, ignore_index=255, reduction=reduction)
    found = smoothed_cross_entropy(logits, labels, ignore_index=255, reduction=reduction)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=1e-14)


def test_pixels_are_samples_and_ignored_ones_count_neither_above_nor_below_the_fraction_bar():
    logits, labels = images()
    flat_logits, flat_labels = logits.movedim(1, -1).reshape(-1, 3), labels.reshape(-1)
    counted = flat_labels != 255
    assert 0 < counted.sum() < len(counted)
    found = smoothed_cross_entropy(logits, labels, smoothing=0.2, ignore_index=255, reduction="none")
    assert found.shape == labels.shape
    expected = [
        logit_oracle.smoothed_cross_entropy(row, y, 0.2) if y != 255 else 0.0
        for row, y in zip(flat_logits.tolist(), flat_labels.tolist(), strict=True)
    ]
    np.testing.assert_allclose(found.reshape(-1), expected, rtol=1e-12)
    mean = smoothed_cross_entropy(logits, labels, smoothing=0.2, ignore_index=255)
    assert mean.item() == pytest.approx(sum(expected) / counted.sum().item(), rel=1e-12)


def test_ignored_samples_of_one_logit_do_not_count():
    logits = torch.tensor([[1.0], [-2.0], [3.0]], requires_grad=True)
    labels = torch.tensor([1, -100, 0])
    loss = smoothed_cross_entropy(logits, labels, smoothing=0.4)
    loss.backward()
    first, last = (logit_oracle.smoothed_binary_cross_entropy(z, y, 0.4) for z, y in ((1.0, 1), (3.0, 0)))
    assert loss.item() == pytest.approx((first + last) / 2)
    assert logits.grad[1] == 0
    losses = smoothed_cross_entropy(logits, labels, smoothing=0.4, reduction="none")
    assert losses.tolist() == pytest.approx([first, 0.0, last])


def test_one_logit_a_pixel():
    logits, labels = torch.tensor([[[0.0, 1.0]]]), torch.tensor([[1, 0]])  # (N, 1, 2) and (N, 2)
    found = smoothed_cross_entropy(logits, labels, smoothing=0.2, reduction="none")
    expected = [logit_oracle.smoothed_binary_cross_entropy(z, y, 0.2) for z, y in ((0.0, 1), (1.0, 0))]
    np.testing.assert_allclose(found, [expected], rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (2, 3, 4, 5), (2, 1, 4, 5)])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_batch_with_every_label_ignored_has_loss_zero_and_gradient_zero(shape, smoothing):
    logits = torch.ones(shape, requires_grad=True)
    loss = smoothed_cross_entropy(logits, torch.full((2, *shape[2:]), -100), smoothing=smoothing)
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad.count_nonzero() == 0
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("n_classes", [1, 10])
def test_half_precision_logits_are_computed_in_float32(n_classes):
    generator = torch.Generator().manual_seed(0)
    logits = (5 * torch.randn(50, n_classes, generator=generator)).bfloat16().requires_grad_()
    labels = torch.randint(max(n_classes, 2), (50,), generator=generator)
    loss = smoothed_cross_entropy(logits, labels, smoothing=0.1)
    loss.backward()
    expected = smoothed_cross_entropy(logits.detach().float(), labels, smoothing=0.1)
    assert loss.dtype == torch.float32
    assert loss.item() == expected.item()
    assert logits.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("n_classes", [1, 4])
def test_confident_logits_stay_finite(n_classes):
    logits = torch.full((1, n_classes), -1e4, requires_grad=True)
    loss = smoothed_cross_entropy(logits * torch.eye(1, n_classes), torch.tensor([1]), smoothing=0.5)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("smoothing", [-0.2, 1.0, 1.5, float("nan")])
@pytest.mark.parametrize("n_classes", [1, 3])
def test_smoothing_outside_zero_to_one_is_refused(smoothing, n_classes):
    with pytest.raises(abstain.InputError, match=r"the label-smoothing factor is .*, but must be in \[0, 1\)"):
        smoothed_cross_entropy(torch.zeros(2, n_classes), torch.tensor([0, 1]), smoothing=smoothing)


def test_one_logit_refuses_labels_that_are_no_class():
    logits = torch.tensor([[1.0], [2.0]])
    with pytest.raises(abstain.InputError, match=r"takes the labels 0, 1 and 255 \(ignored\), but there are others"):
        smoothed_cross_entropy(logits, torch.tensor([1, -1]), ignore_index=255)
    kept = smoothed_cross_entropy(logits, torch.tensor([1, 255]), ignore_index=255)
    assert torch.equal(kept, smoothed_cross_entropy(logits[:1], torch.tensor([1])))


@pytest.mark.parametrize("n_logits", [1, 3])
def test_nothing_of_an_ignored_sample_reaches_the_loss(n_logits):
    logits = torch.zeros(2, n_logits)
    logits[1] = float("nan")
    assert torch.isfinite(smoothed_cross_entropy(logits, torch.tensor([0, -100]), smoothing=0.1))


@pytest.mark.parametrize("n_logits", [1, 3])
def test_labels_may_be_any_integers(n_logits):
    logits = torch.arange(2.0 * n_logits).reshape(2, n_logits)
    wide, narrow = torch.tensor([0, 1]), torch.tensor([0, 1], dtype=torch.int32)
    assert torch.equal(smoothed_cross_entropy(logits, wide), smoothed_cross_entropy(logits, narrow))


def test_an_unknown_reduction_is_refused():
    with pytest.raises(abstain.InputError, match=r"unknown reduction 'men': did you mean 'mean'\?"):
        smoothed_cross_entropy(torch.zeros(1, 2), torch.tensor([0]), reduction="men")


def test_class_weights_are_those_of_torch_and_survive_a_batch_without_labels():
    torch.manual_seed(0)
    logits, weight = torch.randn(8, 3, 2), torch.tensor([0.5, 1.0, 4.0])
    labels = torch.randint(0, 3, (8, 2))
    labels[0] = -100
    expected = functional.cross_entropy(logits, labels, weight=weight)
    torch.testing.assert_close(smoothed_cross_entropy(logits, labels, weight=weight), expected)
    smoothed = functional.cross_entropy(logits, labels, weight=weight, label_smoothing=0.2)
    torch.testing.assert_close(smoothed_cross_entropy(logits, labels, weight=weight, smoothing=0.2), smoothed)
    assert smoothed_cross_entropy(logits, torch.full((8, 2), -100), weight=weight) == 0
    with pytest.raises(abstain.InputError, match="no classes to weigh"):
        smoothed_cross_entropy(logits[:, :1, 0], labels[:, 0].clamp(0, 1), weight=weight)


def test_negative_smoothing_needs_its_flag_and_is_linear_in_the_same_formula():
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
    losses = {
        a: smoothed_cross_entropy(logits, labels, smoothing=a, allow_negative_smoothing=True) for a in (-0.4, 0.0, 0.4)
    }
    torch.testing.assert_close(losses[0.0] - losses[-0.4], losses[0.4] - losses[0.0])


def soft_labels(shape, kind=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(shape, generator=generator, dtype=torch.float64).softmax(dim=1).to(kind)


@pytest.mark.parametrize("smoothing", [0.0, 0.3, -0.4])
def test_a_soft_label_is_the_mean_of_its_classes(smoothing):
    logits, labels = torch.randn(4, 3, 5, dtype=torch.float64, requires_grad=True), soft_labels((4, 3, 5))
    options = {"smoothing": smoothing, "allow_negative_smoothing": True, "reduction": "none"}
    of_class = [smoothed_cross_entropy(logits, torch.full((4, 5), label), **options) for label in range(3)]
    expected = (labels * torch.stack(of_class, dim=1)).sum(dim=1)
    found = smoothed_cross_entropy(logits, labels, **options)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(loss.sum(), logits, retain_graph=True)[0] for loss in (found, expected)]
    torch.testing.assert_close(*gradients)
    mean = smoothed_cross_entropy(logits, labels, smoothing=smoothing, allow_negative_smoothing=True)
    torch.testing.assert_close(mean, expected.mean())


@pytest.mark.parametrize("smoothing", [0.0, 0.3, -0.4])
def test_soft_labels_that_are_one_class_weigh_as_the_class_does(smoothing):
    logits, classes, weight = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 1, 0]), torch.tensor([0.5, 1.0, 4.0])
    for reduction in ("mean", "sum", "none"):
        options = {"smoothing": smoothing, "allow_negative_smoothing": True, "weight": weight, "reduction": reduction}
        found = smoothed_cross_entropy(logits, functional.one_hot(classes, 3).float(), **options)
        torch.testing.assert_close(found, smoothed_cross_entropy(logits, classes, **options))


def test_weights_of_soft_labels_as_worked_by_hand():
    # p = (1/2, 1/2), t = (1/4, 3/4), w = (1, 3): (1/4·1 + 3/4·3) ln 2, over the same 5/2
    logits, labels, weight = torch.zeros(1, 2), torch.tensor([[0.25, 0.75]]), torch.tensor([1.0, 3.0])
    options = {"weight": weight, "reduction": "sum"}
    assert smoothed_cross_entropy(logits, labels, **options).item() == pytest.approx(2.5 * np.log(2))
    assert smoothed_cross_entropy(logits, labels, weight=weight).item() == pytest.approx(np.log(2))


def test_a_soft_label_of_one_logit_is_that_of_the_pair():
    logits, labels = torch.randn(5, 1), torch.tensor([[0.0], [0.3], [0.5], [0.9], [1.0]])
    pair, of_pair = torch.cat([torch.zeros(5, 1), logits], dim=1), torch.cat([1 - labels, labels], dim=1)
    for smoothing in (0.0, 0.4):
        found = smoothed_cross_entropy(logits, labels, smoothing=smoothing)
        torch.testing.assert_close(found, smoothed_cross_entropy(pair, of_pair, smoothing=smoothing))


@pytest.mark.parametrize("kind", [torch.int64, torch.float32])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_negative_smoothing_is_linear_with_weights_and_labels_that_do_not_count(kind, reduction):
    logits, labels = images()
    weight = torch.tensor([1, 2, 5]).to(kind)  # which torch itself takes as floats alone
    options = {"ignore_index": 255, "weight": weight, "reduction": reduction}
    plain, above = (smoothed_cross_entropy(logits, labels, smoothing=a, **options) for a in (0.0, 0.25))
    below = smoothed_cross_entropy(logits, labels, smoothing=-0.25, allow_negative_smoothing=True, **options)
    torch.testing.assert_close(below, 2 * plain - above)


@pytest.fixture
def compiler():
    """A compiler that has seen nothing yet: it gives up after a few variants of one function."""
    torch.compiler.reset()
    yield partial(torch.compile, fullgraph=True, backend="aot_eager")
    torch.compiler.reset()


@pytest.mark.parametrize("n_classes", [1, 4])
@pytest.mark.parametrize("smoothing", [0.0, 0.2, -0.2])
@pytest.mark.parametrize("soft", [False, True])
def test_the_loss_compiles_into_one_graph(compiler, n_classes, smoothing, soft):
    torch.manual_seed(0)
    logits, labels = torch.randn(6, n_classes), torch.tensor([0, 1, 1, 0, -100, 1])
    if soft:
        labels = torch.rand(6, n_classes).softmax(dim=1) * (1 if n_classes > 1 else 0.5)

    def loss(logits, labels):
        return smoothed_cross_entropy(logits, labels, smoothing=smoothing, allow_negative_smoothing=True)

    torch.testing.assert_close(compiler(loss)(logits, labels), loss(logits, labels))


def test_compiled_code_makes_nan_of_a_label_of_one_logit_that_is_no_class(compiler):
    compiled = compiler(smoothed_cross_entropy)
    assert compiled(torch.zeros(2, 1), torch.tensor([0, 7])).isnan()
    assert compiled(torch.zeros(2, 1), torch.tensor([0, -100])).item() == pytest.approx(np.log(2))
