import torch

from abstain.logits.pixels import LabelledPixels

VOID = 9


def test_the_logits_of_a_pixel_are_those_of_the_cell_it_lies_in():
    logits = torch.arange(6.0).view(1, 1, 2, 3)
    labels = torch.full((1, 8, 12), VOID)
    labels[0, 3, 4], labels[0, 4, 3], labels[0, 7, 11] = 1, 0, 1
    pixels = LabelledPixels.of(logits, labels, ignore_index=VOID)
    assert pixels.logits.flatten().tolist() == [1.0, 3.0, 5.0]
    assert pixels.labels.tolist() == [1, 0, 1] and pixels.place.tolist() == [0, 1, 2]
