import numpy as np
import pytest
import torch
from tiny_data import photographs
from torchvision.transforms.v2 import InterpolationMode, functional

from abstain import InputError
from abstain.data.augmentation import Augmentation, draw_crop
from abstain.data.image_files import ImageFiles
from abstain.data.preprocessing import Preprocessing, channel_statistics
from abstain.data.processors import resize_and_crop


@pytest.fixture(scope="module")
def mixed():
    return photographs([(40, 30), (30, 40), (64, 33), (24, 24)])


@pytest.fixture(scope="module")
def images(mixed):
    return ImageFiles(mixed, Preprocessing(resize_and_crop(16, crop_fraction=0.8)))


def test_an_item_is_what_the_processor_makes_of_the_image(mixed, images):
    for index in range(4):
        expected = images.image_processor()(mixed[index]["image"], return_tensors="pt")["pixel_values"][0]
        assert torch.allclose(images[index]["pixel_values"], expected, atol=1e-6)
    assert images.labels.tolist() == [0, 1, 0, 1] and images[1]["labels"] == 1 and len(images) == 4


@pytest.mark.parametrize("crops", [True, False])
def test_augmentation_depends_on_seed_epoch_and_index_alone(images, crops):
    def draw(epoch, seed, indices=range(4)):
        augmentation = Augmentation(crop_padding=2, random_resized_crop=crops, flip=True, seed=seed)
        augmented = images.augmented(augmentation)
        augmented.set_epoch(epoch)
        return {index: augmented[index]["pixel_values"] for index in indices}

    first, backwards = draw(4, 3), draw(4, 3, reversed(range(4)))
    assert all(torch.equal(first[i], backwards[i]) for i in range(4))
    assert not all(torch.equal(first[i], draw(5, 3)[i]) for i in range(4))
    assert not all(torch.equal(first[i], draw(4, 4)[i]) for i in range(4))


def test_a_random_resized_crop_is_of_the_whole_image(mixed, images):
    augmented = images.augmented(Augmentation(random_resized_crop=True, seed=1))
    top, left, height, width = draw_crop(np.random.default_rng((1, 0, 0)), height=30, width=40)
    part = functional.pil_to_tensor(mixed[0]["image"])[:, top : top + height, left : left + width]
    expected = functional.resize(part, [16, 16], interpolation=InterpolationMode.BICUBIC, antialias=True)
    assert torch.equal(augmented[0]["pixel_values"], images.preprocessing.normalized(expected))


def test_a_shift_is_of_the_resized_image_and_what_is_shifted_in_is_black(images):
    black = images.preprocessing.normalized(torch.zeros(3, 1, 1, dtype=torch.uint8))
    augmented = images.augmented(Augmentation(crop_padding=16))
    top, left = np.random.default_rng((0, 0, 2)).integers(0, 33, size=2) - 16
    shifted = black.expand(3, 48, 48).clone()
    shifted[:, 16:32, 16:32] = images[2]["pixel_values"]
    assert torch.equal(augmented[2]["pixel_values"], shifted[:, top + 16 : top + 32, left + 16 : left + 32])


def test_its_images_in_bytes_are_those_of_evaluation(images):
    shifted = images.augmented(Augmentation(crop_padding=4, flip=True))
    assert channel_statistics(shifted.in_bytes()) == channel_statistics(images.in_bytes())
    mean, std = channel_statistics(images.in_bytes())
    values = torch.stack([item["pixel_values"] for item in images.normalized_by(mean, std)])
    assert torch.allclose(values.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(values.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_the_fingerprint_is_of_the_content(mixed, images):
    other = Preprocessing(resize_and_crop(8))
    assert ImageFiles(mixed.select(range(4)), other).fingerprint() == images.fingerprint()
    assert ImageFiles(mixed.select([1, 0, 2, 3]), other).fingerprint() != images.fingerprint()


def test_an_empty_set_is_refused(mixed, images):
    with pytest.raises(InputError, match="empty"):
        ImageFiles(mixed.select([]), images.preprocessing)
