import numpy as np
import pytest
import torch

from abstain import InputError
from abstain.data.pixels import ChosenPixels, PixelChoice, choose_pixels, has_dense_labels

VOID = 9


@pytest.fixture
def labels():
    """A square of 100 labelled pixels, and 300 around it that do not count."""
    labels = torch.full((20, 20), VOID)
    labels[5:15, 5:15] = torch.arange(100).view(10, 10) % 4
    return labels


def kept(labels, **changes):
    return choose_pixels(labels, **{"count": 30, "seed": 0, "index": 1, "ignore_index": VOID} | changes)


def test_pixels_are_chosen_by_seed_and_index_among_the_labelled_ones(labels):
    before, chosen = labels.clone(), kept(labels)
    assert (chosen != VOID).sum() == 30 and torch.equal(chosen[chosen != VOID], labels[chosen != VOID])
    assert torch.equal(chosen, kept(labels)) and torch.equal(labels, before)
    assert not torch.equal(chosen, kept(labels, seed=1)) and not torch.equal(chosen, kept(labels, index=2))
    assert torch.equal(kept(labels, count=100), labels)


def test_every_labelled_pixel_is_as_likely_as_any_other(labels):
    counts = sum((kept(labels, index=index) != VOID).long() for index in range(1000))
    assert counts[5:15, 5:15].sum() == counts.sum() == 30_000
    assert 240 < counts[5:15, 5:15].min() and counts.max() < 360  # 300 ± 4.1 standard deviations of 14.5


def test_items_have_the_chosen_labels_and_all_else_as_it_was(labels):
    items = ChosenPixels([{"labels": labels, "pixel_values": 5}] * 3, 30, 0, VOID)
    assert torch.equal(items[1]["labels"], kept(labels)) and items[1]["pixel_values"] == 5 and len(items) == 3


def test_ids_become_labels_before_the_pixels_are_chosen(labels):
    ids = np.where(labels == VOID, 77, labels + 20).astype(np.uint8)
    choice = PixelChoice(4, count=30, ignore_index=VOID, label_ids=[20, 21, 22, 23])
    assert torch.equal(choice.labels(ids, index=1), kept(labels))
    with pytest.raises(InputError, match="mask of image 1 has the label 77"):
        PixelChoice(4, ignore_index=VOID).labels(ids, index=1)


def test_choices_that_cannot_be_are_one_sentence():
    with pytest.raises(InputError, match="count of pixels is 0, but must be at least 1"):
        PixelChoice(4, count=0)
    with pytest.raises(InputError, match="1 label_ids and 4 classes"):
        PixelChoice(4, label_ids=[3])


def test_dense_labels_are_two_dimensional(labels):
    assert has_dense_labels([{"labels": labels}])
    for other in ([], [{"labels": 3}], [{"labels": None}], [{}], [labels]):
        assert not has_dense_labels(other)
