from functools import partial

import pytest
import torch
from tiny_trainers import ONE_STEP, arguments, small_resnet, small_vit
from torch.nn import functional

from abstain import InputError, SelectiveTrainer
from abstain.losses import max_suppression, smoothed_cross_entropy
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification
from abstain.training.loss import TrainingLoss


def loss_of(smoothing=0.0, suppression=0.0, ignore_index=-100, class_weights=None, **others):
    return TrainingLoss(smoothing, True, suppression, ignore_index, class_weights, **others)


FOCAL, NORMALIZED = {"focal_gamma": 2.0}, {"logit_norm_temperature": 0.5}
BOTH = {**NORMALIZED, "smoothing": 0.2}


@pytest.mark.parametrize("settings", [{"smoothing": 0.2}, {"suppression": 0.3}, {"smoothing": -0.2}, FOCAL, BOTH])
@pytest.mark.parametrize("class_weights", [None, (1, 2, 5)])
@pytest.mark.parametrize("soft", [False, True])
def test_batches_of_unequal_sizes_sum_to_the_mean_over_all(settings, class_weights, soft):
    torch.manual_seed(0)
    logits, labels = torch.randn(9, 3), torch.tensor([0, 1, 2, 2, -100, 0, 1, 1, -100])
    if soft:
        labels = torch.rand(9, 3).softmax(dim=1)
    loss = loss_of(class_weights=class_weights, **settings)
    pieces = list(zip(logits.split([2, 4, 3]), labels.split([2, 4, 3]), strict=True))
    total = loss.count([some for _, some in pieces])
    summed = sum(loss(some_logits, some_labels, total) for some_logits, some_labels in pieces)
    torch.testing.assert_close(summed, loss(logits, labels))


def test_what_counts_as_worked_by_hand():
    labels = [torch.tensor([0, 2, 255]), torch.tensor([[1, 255], [2, 2]])]
    assert loss_of(ignore_index=255).count(labels).item() == 5
    assert loss_of(ignore_index=255, class_weights=(1, 2, 5)).count(labels).item() == 1 + 5 + 2 + 5 + 5
    soft = [torch.tensor([[0.5, 0.5, 0.0]]), torch.tensor([[0.0, 0.0, 1.0]])]
    assert loss_of().count(soft).item() == 2
    assert loss_of(class_weights=(1, 2, 5)).count(soft).item() == 1.5 + 5


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_weights_that_are_integers_meet_logits_of_any_type(kind):
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 3, dtype=kind), torch.tensor([0, 1, 2, 2, 1, 0])
    expected = functional.cross_entropy(logits.double(), labels, torch.tensor([1.0, 2.0, 5.0]).double())
    found = loss_of(class_weights=(1, 2, 5))(logits, labels)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


def test_logits_smaller_than_their_masks_or_soft_masks_are_interpolated():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 3, 2, 2), torch.randint(0, 3, (2, 4, 4))
    soft = functional.one_hot(labels, 3).movedim(-1, 1).float()
    torch.testing.assert_close(loss_of()(logits, soft), loss_of()(logits, labels))


def trained(tmp_path, data, model=None, **changes):
    model = model or small_vit()
    args = arguments(tmp_path, **{**ONE_STEP, "per_device_train_batch_size": 8, **changes})
    SelectiveTrainer(model, args, train_dataset=data).train()
    return torch.cat([parameter.detach().float().flatten() for parameter in model.parameters()])


class Softened(torch.utils.data.Dataset):
    """The first 16 digits, each with a little of the class that comes after its own."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return 16

    def __getitem__(self, index):
        item = self.data[index]
        target = functional.one_hot(item["labels"], 10).float()
        return {"pixel_values": item["pixel_values"], "labels": 0.75 * target + 0.25 * target.roll(1)}


def batch_of(data):
    items = [data[index] for index in range(16)]
    return torch.stack([item["pixel_values"] for item in items]), torch.stack([item["labels"] for item in items])


def one_step_by_hand(data, loss):
    model = small_vit().eval()
    pixels, labels = batch_of(data)
    loss(model(pixels).logits, labels).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.1 * parameter.grad
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("steps", [1, 2])
def test_training_on_soft_labels_does_not_depend_on_gradient_accumulation(tmp_path, digits, steps):
    data = Softened(digits)
    size = {"per_device_train_batch_size": 16 // steps, "gradient_accumulation_steps": steps}
    found = trained(tmp_path, data, label_smoothing_factor=0.2, **size)

    def loss(logits, labels):
        return functional.cross_entropy(logits, 0.8 * labels + 0.02)

    torch.testing.assert_close(found, one_step_by_hand(data, loss), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2])
def test_max_suppression_takes_the_place_of_label_smoothing(tmp_path, digits, steps):
    data = torch.utils.data.Subset(digits, range(16))
    size = {"per_device_train_batch_size": 16 // steps, "gradient_accumulation_steps": steps}
    found = trained(tmp_path, data, max_suppression_factor=0.5, **size)

    def loss(logits, labels):
        return functional.cross_entropy(logits, labels) + 0.5 * (logits.amax(dim=1) - logits.mean(dim=1)).mean()

    torch.testing.assert_close(found, one_step_by_hand(data, loss), rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match=r"max_suppression_factor is 0\.5 and label_smoothing_factor 0\.1, but one"):
        arguments(tmp_path, max_suppression_factor=0.5, label_smoothing_factor=0.1)


@pytest.mark.parametrize("steps", [1, 2])
def test_the_focal_loss_takes_the_place_of_cross_entropy(tmp_path, digits, steps):
    data = torch.utils.data.Subset(digits, range(16))
    size = {"per_device_train_batch_size": 16 // steps, "gradient_accumulation_steps": steps}
    found = trained(tmp_path, data, focal_gamma=3.0, **size)

    def loss(logits, labels):
        probability = logits.softmax(dim=1).gather(1, labels[:, None])
        return -((1 - probability) ** 3 * probability.log()).mean()

    torch.testing.assert_close(found, one_step_by_hand(data, loss), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2])
def test_logit_normalisation_is_of_the_loss_and_the_model_keeps_its_own_logits(tmp_path, digits, steps):
    data = torch.utils.data.Subset(digits, range(16))
    size = {"per_device_train_batch_size": 16 // steps, "gradient_accumulation_steps": steps}
    model = small_vit()
    changes = {"logit_norm_temperature": 0.5, "label_smoothing_factor": 0.2, **size}
    found = trained(tmp_path, data, model, **changes)

    def loss(logits, labels):
        length = logits.square().sum(dim=1, keepdim=True).sqrt()
        return functional.cross_entropy(logits / (length + 1e-7) / 0.5, labels, label_smoothing=0.2)

    torch.testing.assert_close(found, one_step_by_hand(data, loss), rtol=1e-4, atol=1e-6)
    trainer = SelectiveTrainer(model, arguments(tmp_path, **changes))
    pixels, labels = batch_of(data)
    raw = model.eval()(pixels).logits.detach()
    torch.testing.assert_close(torch.tensor(trainer.predict(data).predictions), raw)
    assert trainer.evaluate(data)["eval_loss"] == pytest.approx(functional.cross_entropy(raw, labels).item())


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_class_weights_train_models_of_any_type(tmp_path, digits, kind):
    class Typed(torch.utils.data.Dataset):
        def __len__(self):
            return 16

        def __getitem__(self, index):
            item = digits[index]
            return {**item, "pixel_values": item["pixel_values"].to(kind)}

    model = small_resnet().to(kind)
    before = torch.cat([parameter.detach().float().flatten() for parameter in model.parameters()])
    after = trained(tmp_path, Typed(), model, class_weights=[1, 2, 5, 1, 1, 1, 1, 1, 1, 1])
    assert after.isfinite().all() and not torch.equal(before, after)


def test_the_two_regularisers_are_what_their_functions_say():
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, -100, 1, 0])
    torch.testing.assert_close(
        loss_of(smoothing=0.2)(logits, labels), smoothed_cross_entropy(logits, labels, smoothing=0.2)
    )
    expected = smoothed_cross_entropy(logits, labels) + 0.2 * max_suppression(logits, labels)
    torch.testing.assert_close(loss_of(suppression=0.2)(logits, labels), expected)


class Rows(torch.utils.data.Dataset):
    """Rows of a table with two classes, which have one logit."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.features = torch.randn(16, 3, generator=generator)

    def __len__(self):
        return 16

    def __getitem__(self, index):
        return {"features": self.features[index], "labels": torch.tensor(index % 3 == 0).long()}


@pytest.fixture
def compiler():
    """A compiler that has seen nothing yet, and after which nothing stays compiled."""
    torch.compiler.reset()
    yield partial(torch.compile, fullgraph=True, backend="aot_eager")
    torch.compiler.reset()


@pytest.mark.parametrize("settings", [{"label_smoothing_factor": 0.2}, {"max_suppression_factor": 0.3}])
def test_a_compiled_training_on_one_logit_ends_as_one_that_is_not(tmp_path, compiler, settings):
    weights = []
    for compiled in ({}, {"torch_compile": True, "torch_compile_backend": "aot_eager"}):
        torch.manual_seed(0)
        model = TabularMLPForClassification(TabularMLPConfig(num_features=3, num_labels=1))
        args = arguments(tmp_path, num_train_epochs=2, per_device_train_batch_size=4, **settings, **compiled)
        trainer = SelectiveTrainer(model, args, train_dataset=Rows())
        trainer.train()
        assert hasattr(trainer.model_wrapped, "_orig_mod") is bool(compiled), "what torch.compile wraps has this name"
        weights.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    torch.testing.assert_close(*weights)


OTHERS = [{"smoothing": 0.2}, {"suppression": 0.3}, {"smoothing": -0.2}, FOCAL]


@pytest.mark.parametrize(("settings", "n_logits"), [*((one, n) for one in OTHERS for n in (1, 3)), (BOTH, 3)])
def test_the_loss_of_an_update_compiles_into_one_graph(compiler, settings, n_logits):
    torch.manual_seed(0)
    logits, labels = torch.randn(6, n_logits), torch.tensor([0, 1, 1, 0, -100, 1])
    loss = loss_of(**settings)
    total = loss.count([labels])
    torch.testing.assert_close(compiler(loss)(logits, labels, total), loss(logits, labels, total))
