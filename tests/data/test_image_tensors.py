import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Image
from PIL import Image as PILImage
from torch.utils.data import DataLoader

from abstain import InputError
from abstain.data.augmentation import Augmentation
from abstain.data.image_tensors import decode_images
from abstain.data.preprocessing import Preprocessing
from abstain.data.processors import resize_and_crop
from abstain.data.splits import load_data

FEATURES = Features({"image": Image(), "label": ClassLabel(names=["a", "b"])})


def as_dataset(arrays, labels=None):
    images = [PILImage.fromarray(array) for array in arrays]
    return Dataset.from_dict({"image": images, "label": labels or [0] * len(images)}, features=FEATURES)


@pytest.fixture(scope="module")
def digits():
    return decode_images(load_data("digits")["train"].select(range(40)))


def test_images_are_normalised_by_their_own_channels():
    arrays = np.random.default_rng(0).integers(0, 256, size=(6, 5, 4, 3), dtype=np.uint8)
    images = decode_images(as_dataset(arrays, [0, 1, 1, 0, 1, 0]))
    assert images.pixels.shape == (6, 3, 5, 4) and images.pixels.dtype == torch.uint8
    assert np.allclose(images.preprocessing.mean, (arrays / 255).mean(axis=(0, 1, 2)), atol=1e-6)
    assert np.allclose(images.preprocessing.std, (arrays / 255).std(axis=(0, 1, 2)), atol=1e-6)
    batch = torch.stack([images[i]["pixel_values"] for i in range(6)])
    assert torch.allclose(batch.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(batch.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5)
    assert [int(images[i]["labels"]) for i in range(6)] == [0, 1, 1, 0, 1, 0]


def test_other_splits_take_the_preprocessing_of_the_training_images(digits):
    dark = decode_images(as_dataset(np.zeros((2, 8, 8, 3), np.uint8)), digits.preprocessing)
    mean, std = digits.preprocessing.mean[0], digits.preprocessing.std[0]
    assert torch.allclose(dark[0]["pixel_values"][0], torch.tensor(-mean / std))


def test_a_batch_is_its_items(digits):
    for images in (digits, digits.augmented(Augmentation(crop_padding=2, flip=True, seed=3))):
        rows = [7, 3, 3, 39]
        for item, row in zip(images.__getitems__(rows), rows, strict=True):
            assert torch.equal(item["pixel_values"], images[row]["pixel_values"])
            assert item["labels"] == images[row]["labels"] == digits.labels[row]
        batch = next(iter(DataLoader(images, batch_size=40)))
        assert torch.equal(batch["pixel_values"][7], images[7]["pixel_values"])


def test_augmentation_depends_on_seed_epoch_and_index_alone(digits):
    first, second = (digits.augmented(Augmentation(crop_padding=2, flip=True, seed=3)) for _ in range(2))
    for images in (first, second):
        images.set_epoch(4)
    backwards = {i: second[i]["pixel_values"] for i in reversed(range(40))}
    assert all(torch.equal(first[i]["pixel_values"], backwards[i]) for i in range(40))
    first.set_epoch(5)
    assert not all(torch.equal(first[i]["pixel_values"], backwards[i]) for i in range(40))
    first.set_epoch(4)
    assert all(torch.equal(first[i]["pixel_values"], backwards[i]) for i in range(40))


def test_an_item_is_the_augmented_and_then_normalised_image(digits):
    augmentation = Augmentation(crop_padding=2, flip=True, color_jitter=0.3, seed=3)
    images = digits.augmented(augmentation)
    images.set_epoch(2)
    expected = digits.preprocessing.normalized(augmentation.of_image(digits.pixels[5], epoch=2, index=5))
    assert torch.equal(images[5]["pixel_values"], expected)
    assert torch.equal(digits[5]["pixel_values"], digits.preprocessing.normalized(digits.pixels[5])), "is not changed"


def test_a_random_resized_crop_needs_the_whole_images(digits):
    with pytest.raises(InputError, match="needs the whole images, but only the resized ones are held"):
        digits.augmented(Augmentation(random_resized_crop=True))


def test_images_of_several_sizes_need_a_size():
    mixed = as_dataset([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)])
    with pytest.raises(InputError, match=r"image 1 is 6×4 and others are 4×4.*image_size"):
        decode_images(mixed)
    resized = decode_images(mixed, Preprocessing(resize_and_crop(5)))
    assert resized.pixels.shape == (2, 3, 5, 5)


def test_rows_are_read_many_at_once(monkeypatch):
    asked, whole = [], Dataset.__getitem__
    dataset = as_dataset(np.random.default_rng(0).integers(0, 256, size=(64, 4, 4, 3), dtype=np.uint8))
    monkeypatch.setattr(Dataset, "__getitem__", lambda self, key: asked.append(key) or whole(self, key))
    pixels = decode_images(dataset).pixels
    assert len(asked) < 10, "64 rows one by one take five times as long"
    assert all((pixels[i].permute(1, 2, 0).numpy() == np.asarray(dataset[i]["image"])).all() for i in range(64))


@pytest.mark.parametrize(
    ("files", "message"),
    [("ggwb", r"^image 2 of the split 'train' is 6×4"), ("gbw", r"^image 1 does not decode \(split 'train'\)")],
)
def test_the_first_image_that_cannot_be_held_is_named(files, message):
    kinds = {letter: as_dataset([np.zeros(size, np.uint8)]) for letter, size in (("g", (4, 4, 3)), ("w", (4, 6, 3)))}
    stored = {letter: one.cast_column("image", Image(decode=False))[0]["image"] for letter, one in kinds.items()}
    stored["b"] = {"bytes": b"no image", "path": None}
    rows = {"image": [stored[letter] for letter in files], "label": [0] * len(files)}
    with pytest.raises(InputError, match=message):
        decode_images(Dataset.from_dict(rows, features=FEATURES), split="train")


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
