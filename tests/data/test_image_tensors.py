import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Image
from PIL import Image as PILImage

from abstain import InputError
from abstain.data.image_tensors import decode_images
from abstain.data.splits import load_data

FEATURES = Features({"image": Image(), "label": ClassLabel(names=["a", "b"])})


def as_dataset(arrays):
    images = [PILImage.fromarray(array) for array in arrays]
    return Dataset.from_dict({"image": images, "label": [0] * len(images)}, features=FEATURES)


@pytest.fixture(scope="module")
def digits():
    return decode_images(load_data("digits")["train"].select(range(40)))


def test_images_are_normalised_by_their_own_channels():
    arrays = np.random.default_rng(0).integers(0, 256, size=(6, 5, 4, 3), dtype=np.uint8)
    images = decode_images(as_dataset(arrays))
    assert images.pixels.shape == (6, 3, 5, 4) and images.pixels.dtype == torch.uint8
    assert np.allclose(images.mean, (arrays / 255).mean(axis=(0, 1, 2)), atol=1e-6)
    assert np.allclose(images.std, (arrays / 255).std(axis=(0, 1, 2)), atol=1e-6)
    batch = torch.stack([images[i]["pixel_values"] for i in range(6)])
    assert torch.allclose(batch.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(batch.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_other_splits_take_the_statistics_of_the_training_images(digits):
    dark = decode_images(as_dataset(np.zeros((2, 8, 8, 3), np.uint8)), like=digits)
    assert (dark.mean, dark.std) == (digits.mean, digits.std)
    assert torch.allclose(dark[0]["pixel_values"][0], torch.tensor(-digits.mean[0] / digits.std[0]))


def test_images_of_one_grey_level_do_not_divide_by_zero():
    black = decode_images(as_dataset(np.zeros((2, 4, 4, 3), np.uint8)))
    assert torch.isfinite(black[0]["pixel_values"]).all()


def test_augmentation_depends_on_seed_epoch_and_index_alone(digits):
    first, second = (digits.augmented(crop_padding=2, flip=True, seed=3) for _ in range(2))
    for images in (first, second):
        images.set_epoch(4)
    backwards = {i: second[i]["pixel_values"] for i in reversed(range(40))}
    assert all(torch.equal(first[i]["pixel_values"], backwards[i]) for i in range(40))
    first.set_epoch(5)
    assert not all(torch.equal(first[i]["pixel_values"], backwards[i]) for i in range(40))
    first.set_epoch(4)
    assert all(torch.equal(first[i]["pixel_values"], backwards[i]) for i in range(40))
    other = digits.augmented(crop_padding=2, flip=True, seed=4)
    other.set_epoch(4)
    assert not all(torch.equal(other[i]["pixel_values"], backwards[i]) for i in range(40))


def test_every_shift_and_both_flips_occur_and_are_crops_of_the_image():
    array = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3, 1).repeat(3, axis=-1)
    images = decode_images(as_dataset(np.repeat(array, 400, axis=0)))
    augmented = images.augmented(crop_padding=1, flip=True, seed=0)
    padded = np.pad(array[0, :, :, 0], 1)
    crops = {padded[t : t + 3, s : s + 3].tobytes() for t in range(3) for s in range(3)}
    crops |= {np.ascontiguousarray(padded[t : t + 3, s : s + 3][:, ::-1]).tobytes() for t in range(3) for s in range(3)}
    scale, shift = images.std[0] * 255, images.mean[0] * 255
    seen = {
        (augmented[i]["pixel_values"][0] * scale + shift).round().to(torch.uint8).contiguous().numpy().tobytes()
        for i in range(400)
    }
    assert seen == crops


def test_no_augmentation_leaves_the_images_alone(digits):
    plain = digits.augmented(crop_padding=0, flip=False, seed=0)
    plain.set_epoch(7)
    assert all(torch.equal(plain[i]["pixel_values"], digits[i]["pixel_values"]) for i in range(40))


def test_images_of_several_sizes_need_a_size():
    mixed = as_dataset([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)])
    with pytest.raises(InputError, match=r"image 1 is 6×4 and the first one 4×4.*--image_size"):
        decode_images(mixed)
    resized = decode_images(mixed, image_size=5)
    assert resized.pixels.shape == (2, 3, 5, 5)


def test_an_empty_set_is_refused():
    with pytest.raises(InputError, match="empty"):
        decode_images(as_dataset([]))


def test_the_processor_makes_of_an_image_what_the_data_set_makes_of_it(digits):
    image = load_data("digits")["train"][7]["image"].convert("RGB")
    processed = digits.image_processor()(image, return_tensors="pt")["pixel_values"][0]
    assert torch.allclose(processed, digits[7]["pixel_values"], atol=1e-5)


def test_the_fingerprint_is_of_the_content(digits):
    same = decode_images(load_data("digits")["train"].select(range(40)))
    assert same.fingerprint() == digits.fingerprint()
    same.labels[0] += 1
    assert same.fingerprint() != digits.fingerprint()


def test_an_image_that_does_not_decode_is_named(tmp_path):
    whole = tmp_path / "whole.png"
    PILImage.new("RGB", (4, 4)).save(whole)
    (tmp_path / "broken.png").write_bytes(whole.read_bytes()[:40])
    paths = [str(whole), str(tmp_path / "broken.png")]
    dataset = Dataset.from_dict({"image": paths, "label": [0, 0]}, features=FEATURES)
    with pytest.raises(InputError, match="image 1 does not decode"):
        decode_images(dataset)


def test_a_checkpoint_s_processor_gives_its_statistics(digits):
    like = digits.image_processor()
    images = decode_images(as_dataset(np.zeros((2, 8, 8, 3), np.uint8)), like=like)
    assert (images.mean, images.std) == (digits.mean, digits.std)


def test_sixteen_bits_a_pixel_are_scaled_not_clipped(tmp_path):
    levels = np.array([[0, 256], [32_768, 65_535]], np.uint16)
    PILImage.fromarray(levels).save(tmp_path / "deep.png")
    images = decode_images(Dataset.from_dict({"image": [str(tmp_path / "deep.png")], "label": [0]}, features=FEATURES))
    assert images.pixels[0, 0].tolist() == [[0, 1], [128, 255]]
