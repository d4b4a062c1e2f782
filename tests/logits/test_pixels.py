import numpy as np
import pytest
import torch
from datasets import Dataset, Features, Image
from PIL import Image as PILImage
from transformers import SegformerImageProcessor

from abstain import InputError
from abstain.data.pixels import PixelChoice
from abstain.logits.pixels import LabelledPixels, PixelBatch, PixelInputs

FEATURES = Features({"image": Image(), "annotation": Image()})
VOID = 9


def pictures(masks, sizes=None):
    """Grey images of the size of their masks, or of `sizes`."""
    images = [
        PILImage.new("RGB", size or mask.shape[::-1]) for mask, size in zip(masks, sizes or [None] * 9, strict=False)
    ]
    rows = {"image": images, "annotation": [PILImage.fromarray(mask) for mask in masks]}
    return Dataset.from_dict(rows, features=FEATURES)


def inputs_of(dataset, **choice):
    processor = SegformerImageProcessor(do_resize=True, size={"height": 8, "width": 8})
    return PixelInputs(dataset, processor, PixelChoice(3, **{"count": 5, "ignore_index": VOID} | choice))


def test_the_logits_of_a_pixel_are_those_of_the_cell_it_lies_in():
    # cells of 3×4 pixels: (1, 7) lies in cell (0, 1), (5, 0) in (1, 0); image 1 has no label
    logits = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]])
    labels = torch.full((2, 6, 8), VOID)
    labels[0, 1, 7], labels[0, 5, 0] = 2, 1
    pixels = LabelledPixels.of(logits, labels, ignore_index=VOID)
    assert pixels.logits.tolist() == [[2.0], [3.0]] and pixels.labels.tolist() == [2, 1]
    assert (pixels.image.tolist(), pixels.place.tolist(), pixels.n_images) == ([0, 0], [0, 1], 2)
    assert pixels.padded(pixels.labels, 3, -1).tolist() == [[2, 1, -1], [-1, -1, -1]]
    with pytest.raises(InputError, match="an image has 2 labelled pixels, but at most 1 are evaluated"):
        pixels.padded(pixels.labels, 1, -1)


def test_where_cells_and_pixels_do_not_divide_the_centre_of_the_pixel_decides():
    # three pixels on two cells: their centres 1/6, 1/2 and 5/6 lie in the cells 0, 1 (which begins at 1/2) and 1
    logits = torch.tensor([[[[10.0, 20.0]]]])
    pixels = LabelledPixels.of(logits, torch.zeros(1, 1, 3, dtype=torch.int64), ignore_index=VOID)
    assert pixels.logits.flatten().tolist() == [10.0, 20.0, 20.0]


def test_a_batch_keeps_the_labelled_pixels_of_masks_of_any_size_and_their_row():
    masks = [torch.tensor([[0, VOID], [VOID, 1]]), torch.full((3, 5), VOID), torch.tensor([[2]])]
    batch = PixelBatch({}, [4, 6, 7], torch.zeros(0, dtype=torch.int64), {5: "bad"}, masks=masks, ignore_index=VOID)
    logits = torch.arange(3 * 2 * 2 * 2.0).view(3, 2, 2, 2)
    kept = batch.labelled(logits)
    assert kept.logits.tolist() == [[0, 4], [3, 7], [19, 23]]  # of image 2 the one pixel's centre lies in the last cell
    assert kept.labels.tolist() == [0, 1, 2] and kept.sample.tolist() == [4, 4, 7] and kept.skipped == [5]
    nothing = PixelBatch({}, [], torch.zeros(0), {5: "bad"}, masks=[], ignore_index=VOID).labelled(torch.zeros(0, 2))
    assert nothing.logits.shape == (0, 2) and nothing.skipped == [5]


def test_images_are_made_ready_with_the_chosen_labels_of_their_masks():
    masks = [np.full((6, 4), 2, np.uint8), np.zeros((6, 4), np.uint8)]
    inputs = inputs_of(pictures(masks))
    batch = inputs.__getitems__([1, 0])
    assert batch.inputs["pixel_values"].shape == (2, 3, 8, 8) and batch.rows == [1, 0]
    assert [sorted(mask.unique().tolist()) for mask in batch.masks] == [[0, VOID], [2, VOID]]
    assert [int((mask != VOID).sum()) for mask in batch.masks] == [5, 5] and batch.masks[0].shape == (6, 4)
    again = inputs.__getitems__([0]).masks[0]
    assert torch.equal(again, batch.masks[1]), "which pixels count depends on the row and not on the batch"


def test_a_mask_that_does_not_fit_is_named_and_the_others_stay():
    masks = [np.zeros((6, 4), np.uint8)] * 3
    batch = inputs_of(pictures(masks, sizes=[None, (5, 5), None])).__getitems__([0, 1, 2])
    assert batch.rows == [0, 2] and len(batch.masks) == 2 and len(batch.inputs["pixel_values"]) == 2
    assert list(batch.bad) == [1] and "(6, 4)" in batch.bad[1] and "(5, 5)" in batch.bad[1]


def test_mistakes_are_one_sentence():
    dataset = pictures([np.full((6, 4), 7, np.uint8)])
    with pytest.raises(InputError, match="mask of image 0 has the label 7, but labels must be from 0 to 2"):
        inputs_of(dataset).__getitems__([0])
    several = pictures([np.zeros((6, 4), np.uint8), np.zeros((5, 5), np.uint8)])
    inputs = inputs_of(several)
    inputs.processor.do_resize = False
    with pytest.raises(InputError, match="images of several sizes, but a batch needs one: take batch_size=1"):
        inputs.__getitems__([0, 1])
    for name in ("do_center_crop", "do_pad"):
        processor = SegformerImageProcessor()
        setattr(processor, name, True)
        with pytest.raises(InputError, match=f"the image processor has {name}, so that pixels would not lie where"):
            PixelInputs(dataset, processor, PixelChoice(3))


def test_the_fingerprint_is_of_masks_processor_and_choice():
    masks = [np.full((6, 4), label, np.uint8) for label in (2, 0)]
    same, other = inputs_of(pictures(masks)), inputs_of(pictures(masks[::-1]))
    resized = inputs_of(pictures(masks))
    resized.processor.size = {"height": 4, "width": 4}
    prints = {x.fingerprint() for x in (same, other, resized, inputs_of(pictures(masks), seed=1))}
    assert len(prints) == 4 and inputs_of(pictures(masks)).fingerprint() in prints and len(same) == 2
