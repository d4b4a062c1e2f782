import numpy as np
import pytest
import torch
from datasets import Dataset, Features, Image
from PIL import Image as PILImage

from abstain import InputError
from abstain.data.augmentation import Augmentation
from abstain.data.masks import SegmentationImages

FEATURES = Features({"image": Image(), "annotation": Image()})
VOID = 9


def as_dataset(images, masks):
    rows = {"image": [PILImage.fromarray(array) for array in images]}
    return Dataset.from_dict(rows | {"annotation": [PILImage.fromarray(array) for array in masks]}, features=FEATURES)


def pictures(count=4, size=(6, 8), n_classes=4):
    """Images whose red channel is ten times the id of the class, so that both can be compared."""
    masks = np.random.default_rng(0).integers(0, n_classes, size=(count, *size)).astype(np.uint8)
    return as_dataset(np.repeat(masks[..., None] * 10, 3, axis=-1), masks)


def plain(source, **changes):
    return SegmentationImages(
        source, **{"n_classes": 4, "ignore_index": VOID, "mean": (0,) * 3, "std": (1,) * 3} | changes
    )


def red(item):
    return (item["pixel_values"][0] * 255 / 10).round().long()


def test_an_item_is_a_normalised_image_and_its_mask():
    item = plain(pictures(), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))[1]
    assert item["pixel_values"].shape == (3, 6, 8) and item["labels"].dtype == torch.int64
    assert torch.allclose(item["pixel_values"][2], (item["labels"] * 10 / 255 - 0.5) / 0.25, atol=1e-6)


def test_image_and_mask_are_cut_and_mirrored_alike_in_every_place():
    images = plain(pictures(count=300)).augmented(Augmentation(5, flip=True))
    for item in (images[index] for index in range(300)):
        assert item["labels"].shape == (5, 5) and torch.equal(red(item), item["labels"])
    whole = plain(pictures(count=300))
    seen = set()
    for index in range(300):
        labels, part = whole[index]["labels"], images[index]["labels"]
        for flipped in (False, True):
            wanted = part.flip(-1) if flipped else part
            seen |= {(t, s, flipped) for t in range(2) for s in range(4)
                     if torch.equal(labels[t : t + 5, s : s + 5], wanted)}  # fmt: skip
    assert len(seen) == 2 * 4 * 2


def test_augmentation_depends_on_seed_epoch_and_index_alone():
    first, second = (
        plain(pictures()).augmented(Augmentation(3, flip=True, color_jitter=0.5, seed=7)) for _ in range(2)
    )
    other = plain(pictures()).augmented(Augmentation(3, flip=True, color_jitter=0.5, seed=8))
    for images in (first, second, other):
        images.set_epoch(2)
    backwards = {index: second[index] for index in reversed(range(4))}

    def equals(images):
        return all(torch.equal(images[i][k], backwards[i][k]) for i in range(4) for k in ("pixel_values", "labels"))

    assert equals(first) and not equals(other)
    first.set_epoch(3)
    assert not equals(first)


def test_ids_become_labels_and_all_others_are_ignored():
    source = as_dataset(np.zeros((1, 2, 2, 3), np.uint8), np.array([[[7, 8], [200, 0]]], np.uint8))
    assert plain(source, n_classes=2, label_ids=[8, 7])[0]["labels"].tolist() == [[1, 0], [VOID, VOID]]


def test_mistakes_are_one_sentence():
    source = as_dataset(np.zeros((1, 2, 2, 3), np.uint8), np.full((1, 2, 2), 5, np.uint8))
    with pytest.raises(InputError, match="mask of image 0 has the label 5, but labels must be from 0 to 3"):
        plain(source)[0]
    with pytest.raises(InputError, match="no annotation column 'annotation'"):
        plain(source.remove_columns("annotation"))
    with pytest.raises(InputError, match="1 label_ids and 4 classes"):
        plain(source, label_ids=[3])
    with pytest.raises(InputError, match="ignore_index is 2, but classes"):
        plain(source, ignore_index=2)
    other = as_dataset(np.zeros((1, 2, 2, 3), np.uint8), np.zeros((1, 2, 3), np.uint8))
    with pytest.raises(InputError, match=r"mask of image 0 has shape \(2, 3\) and the image \(2, 2\)"):
        plain(other)[0]


def test_the_processor_makes_of_an_image_what_the_data_set_makes_of_it():
    source = pictures()
    images = SegmentationImages(source, 4, VOID)
    processed = images.image_processor()(source[2]["image"], return_tensors="pt")["pixel_values"][0]
    assert torch.allclose(processed, images[2]["pixel_values"], atol=1e-5)


def test_the_fingerprint_is_of_the_content():
    assert plain(pictures()).fingerprint() == plain(pictures()).fingerprint() != plain(pictures(count=3)).fingerprint()
