import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from abstain import InputError
from abstain.data.augmentation import Augmentation
from abstain.data.image_tensors import decode_images
from abstain.data.mixed_samples import MixedSamples
from abstain.data.mixing import Mixing
from abstain.data.splits import load_data
from abstain.data.tensor_rows import TensorRows


@pytest.fixture(scope="module")
def digits():
    return decode_images(load_data("digits")["train"].select(range(96)))


class Items(torch.utils.data.Dataset):
    """Items as a list holds them."""

    def __init__(self, *items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def mixed(data, *, seed=0, n_logits=10, **alphas):
    return MixedSamples(data, Mixing(**alphas, seed=seed), n_logits)


def everything(data, **options):
    """Inputs and labels of all samples, as a loader of one process or several gives them."""
    order = np.random.default_rng(0).permutation(len(data)).tolist()
    batches = list(DataLoader(data, sampler=order, **options))
    back = np.argsort(order)
    return [torch.cat([batch[name] for batch in batches])[back] for name in ("pixel_values", "labels")]


@pytest.mark.parametrize("alphas", [{"mixup_alpha": 0.4}, {"cutmix_alpha": 1}, {"mixup_alpha": 0.4, "cutmix_alpha": 1}])
def test_a_sample_is_mixed_alike_in_any_batch_and_by_any_worker(digits, alphas):
    data = mixed(digits.augmented(Augmentation(crop_padding=1, seed=3)), seed=3, **alphas)
    data.set_epoch(2)
    expected = everything(data, batch_size=96)
    for options in ({"batch_size": 7}, {"batch_size": 16, "num_workers": 2}):
        for found, one in zip(everything(data, **options), expected, strict=True):
            assert torch.equal(found, one)
    data.set_epoch(3)
    assert not torch.equal(everything(data, batch_size=96)[1], expected[1])
    data.set_epoch(2)
    assert torch.equal(data[5]["pixel_values"], expected[0][5]), "as one that goes on after it was stopped"


def test_image_and_label_are_mixed_by_the_same_share_of_the_same_two_samples(digits):
    plain = digits.augmented(Augmentation(crop_padding=1, seed=3))
    data, drawn = mixed(plain, seed=3, mixup_alpha=0.4), Mixing(0.4, seed=3).draw(96, epoch=1)
    data.set_epoch(1)
    for index, item in enumerate(data.__getitems__(range(96))):
        partner, share = int(drawn.partner[index]), drawn.share[index]
        first, second = plain[index], plain[partner]  # both with the augmentation of this epoch
        expected = share * first["pixel_values"] + (1 - share) * second["pixel_values"]
        torch.testing.assert_close(item["pixel_values"], expected.float())
        target = torch.zeros(10, dtype=torch.float64)
        target[first["labels"]] += share
        target[second["labels"]] += 1 - share
        torch.testing.assert_close(item["labels"], target.float())


def test_rows_with_one_logit_and_rows_with_soft_labels():
    rows = TensorRows({"features": torch.arange(8.0).reshape(4, 2)}, torch.tensor([0, 1, 1, 0]))
    before = rows.inputs["features"].clone()
    drawn = Mixing(1.0).draw(4, epoch=0)
    for index, item in enumerate(mixed(rows, mixup_alpha=1.0, n_logits=1).__getitems__([0, 1, 2, 3])):
        share, partner = drawn.share[index], drawn.partner[index]
        expected = share * rows.labels[index] + (1 - share) * rows.labels[partner]
        assert item["labels"].shape == (1,) and item["labels"].item() == pytest.approx(float(expected), abs=1e-6)
    assert torch.equal(rows.inputs["features"], before)

    soft = Items(*({"features": torch.ones(2), "labels": torch.tensor([0.9, 0.1])} for _ in range(3)))
    torch.testing.assert_close(mixed(soft, mixup_alpha=1.0, n_logits=2)[1]["labels"], torch.tensor([0.9, 0.1]))


IMAGE = torch.ones(3, 4, 4)
REFUSED = {
    "texts": ([{"input_ids": [3, 4], "attention_mask": [1, 1], "labels": 1}], "have input_ids, attention_mask: leave"),
    "one list of ids": ([{"input_ids": [3, 4], "labels": 1}], "one input of floats, such as images"),
    "words": ([{"text": "good", "labels": 1}], "one input of floats, such as images"),
    "masks": ([{"pixel_values": IMAGE, "labels": torch.ones(4, 4).long()}], "labels of the training set are of pixels"),
    "rows for CutMix": ([{"features": torch.ones(6), "labels": 1}], r"features has the shape \(6,\): take mixup_alpha"),
    "nothing": ([], "has no length, or none"),
    "no label": ([{"pixel_values": IMAGE}], "have no 'labels'"),
}


@pytest.mark.parametrize(("items", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_mixed_is_refused_in_one_sentence(items, said):
    with pytest.raises(InputError, match=said) as caught:
        mixed(Items(*items), cutmix_alpha=1.0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("label", "n_logits"), [(-100, 10), (10, 10), (2, 1)])
def test_a_label_that_is_no_class_is_refused(label, n_logits):
    data = Items({"pixel_values": IMAGE, "labels": label})
    with pytest.raises(InputError, match=f"a label is {label}, but mixup_alpha and cutmix_alpha need one from 0 to"):
        mixed(data, mixup_alpha=1.0, n_logits=n_logits)[0]


def test_images_of_several_sizes_are_refused():
    data = Items(*({"pixel_values": torch.ones(3, size, size), "labels": 1} for size in range(4, 20)))
    with pytest.raises(InputError, match="mix samples of one shape, but pixel_values has several"):
        mixed(data, mixup_alpha=1.0).__getitems__(range(16))
