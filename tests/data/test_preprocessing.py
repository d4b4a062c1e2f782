import numpy as np
import pytest
import torch
from PIL import Image as PILImage
from tiny_data import photographs
from transformers import (
    BitImageProcessor,
    CLIPImageProcessor,
    ConvNextImageProcessor,
    EfficientNetImageProcessor,
    MobileViTImageProcessor,
    ViTImageProcessor,
)

from abstain import InputError
from abstain.data.preprocessing import Preprocessing, channel_statistics
from abstain.data.processors import as_timm, mean_and_std, resize_and_crop, squash

pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision backend.*")


@pytest.fixture(scope="module")
def mixed():
    return photographs([(40, 30), (30, 40), (64, 33), (24, 24)])


@pytest.mark.parametrize(
    "processor",
    [
        ViTImageProcessor(size=16),
        BitImageProcessor(size={"shortest_edge": 20}, crop_size=16),
        ConvNextImageProcessor(size={"shortest_edge": 20}, crop_pct=0.8),
        CLIPImageProcessor(size={"shortest_edge": 20}, crop_size=16),
        MobileViTImageProcessor(size={"shortest_edge": 20}, crop_size=16),  # which turns the channels round
        ViTImageProcessor(size=16, do_rescale=False, do_normalize=False),
        as_timm(resize_and_crop(16, crop_fraction=0.8)),
        as_timm(squash(12, 16)),
    ],
    ids=lambda processor: type(processor).__name__,
)
def test_the_two_steps_are_what_the_processor_does_in_one(processor, mixed):
    preprocessing = Preprocessing(processor)
    for index in range(4):
        pixels = preprocessing.read(mixed, index)
        assert pixels.dtype == torch.uint8 and pixels.shape[1:] == preprocessing.size
        expected = processor(mixed[index]["image"], return_tensors="pt")["pixel_values"][0]
        assert torch.allclose(preprocessing.normalized(pixels), expected.float(), atol=1e-5)


def test_a_processor_that_does_not_work_in_bytes_is_refused(mixed):
    preprocessing = Preprocessing(EfficientNetImageProcessor(size=16))
    with pytest.raises(InputError, match=r"EfficientNetImageProcessor does not resize images in bytes.*image_size"):
        preprocessing.read(mixed, 0)


def test_images_as_they_are_keep_every_byte_and_have_one_size():
    dataset = photographs([(8, 6), (8, 6), (6, 8)])
    preprocessing = Preprocessing.of_images_as_they_are((6, 8), mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    for index in (0, 1):
        pixels = preprocessing.read(dataset, index)
        assert np.array_equal(pixels.permute(1, 2, 0), np.array(dataset[index]["image"]))
        expected = (np.array(dataset[index]["image"])[..., 2] / 255 - 0.3) / 0.6
        assert np.allclose(preprocessing.normalized(pixels)[2], expected, atol=1e-5)
        processed = preprocessing.processor(dataset[index]["image"], return_tensors="pt")["pixel_values"][0]
        assert torch.allclose(preprocessing.normalized(pixels), processed, atol=1e-6)
    with pytest.raises(InputError, match=r"image 2 of the split 'test' is 6×8 and others are 8×6.*image_size"):
        preprocessing.read(dataset, 2, split="test")
    with pytest.raises(InputError, match=r"image 2 is 6×8 and others are 8×6"):
        preprocessing.normalized_by((0.0,) * 3, (1.0,) * 3).read(dataset, 2)


def test_another_normalisation_leaves_bytes_alone(mixed):
    before = Preprocessing(resize_and_crop(16))
    after = before.normalized_by((0.5,) * 3, (0.25,) * 3)
    assert torch.equal(before.read(mixed, 1), after.read(mixed, 1))
    assert (after.mean, after.std) == mean_and_std(after.processor) == ((0.5,) * 3, (0.25,) * 3)


def test_the_normalisation_leaves_the_bytes_it_is_given_alone():
    pixels = torch.full((2, 3, 4, 4), 7, dtype=torch.uint8)
    Preprocessing(squash(4, 4)).normalized(pixels)
    assert (pixels == 7).all()


def test_statistics_are_of_all_pixels_however_the_images_are_divided():
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 200, size=(7, 3, 5, 4), dtype=np.uint8))
    whole, one_by_one = channel_statistics([pixels]), channel_statistics(pixels)
    assert whole == one_by_one == channel_statistics(pixels.split(3))
    assert np.allclose(whole[0], (pixels.numpy() / 255).mean(axis=(0, 2, 3)), atol=1e-6)
    assert np.allclose(whole[1], (pixels.numpy() / 255).std(axis=(0, 2, 3)), atol=1e-6)


def test_images_of_one_grey_level_do_not_divide_by_zero():
    mean, std = channel_statistics([torch.full((2, 3, 4, 4), 51, dtype=torch.uint8)])
    assert mean == (0.2, 0.2, 0.2) and std == (round(1 / 255, 6),) * 3


def test_a_grey_image_has_three_channels():
    dataset = photographs([(4, 4)]).map(lambda row: {"image": PILImage.new("L", (4, 4), 9)})
    assert Preprocessing(squash(4, 4)).read(dataset, 0).shape == (3, 4, 4)
