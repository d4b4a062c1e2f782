import math

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image
from PIL import Image as PILImage
from torchvision.transforms.v2 import InterpolationMode, functional
from transformers import BitImageProcessor, CLIPImageProcessor, ConvNextImageProcessor, TimmWrapperImageProcessor

from abstain import InputError
from abstain.data.augmentation import draw_crop
from abstain.data.image_files import ImageFiles
from abstain.data.image_tensors import ImageTensors, decode_images
from abstain.data.images import ImagePlan, prepare_images, skip_bad_images
from abstain.data.processors import input_size, resize_and_crop
from abstain.models.timm_wrapper import timm_data_config

FEATURES = Features({"image": Image(), "label": ClassLabel(names=["a", "b"])})


def photographs(sizes, seed=0):
    """Smooth coloured images of the given widths and heights."""
    generator = np.random.default_rng(seed)
    rough = [generator.integers(0, 256, size=(4, 5, 3), dtype=np.uint8) for _ in sizes]
    images = [
        PILImage.fromarray(array).resize(size, PILImage.BICUBIC) for array, size in zip(rough, sizes, strict=True)
    ]
    return Dataset.from_dict({"image": images, "label": [i % 2 for i in range(len(images))]}, features=FEATURES)


@pytest.fixture(scope="module")
def mixed():
    return photographs([(40, 30), (30, 40), (64, 33), (24, 24)])


def test_evaluation_resizes_the_short_edge_and_crops_the_middle(mixed):
    images = ImageFiles(mixed, resize_and_crop(16, crop_fraction=0.8))
    pixels = functional.pil_to_tensor(mixed[2]["image"])  # 64 wide, 33 high: the short edge becomes 16 / 0.8 = 20
    small = functional.resize(pixels, [20], interpolation=InterpolationMode.BICUBIC, antialias=True)
    expected = functional.center_crop(small, [16, 16]).float() / 255
    mean, std = (torch.tensor(values)[:, None, None] for values in (images.mean, images.std))
    assert torch.allclose(images[2]["pixel_values"], (expected - mean) / std, atol=1e-5)
    assert {images[i]["pixel_values"].shape for i in range(4)} == {(3, 16, 16)}


def test_a_processor_s_short_edge_is_not_squeezed_into_a_square_in_memory_either(mixed):
    processor = CLIPImageProcessor(size={"shortest_edge": 20}, crop_size={"height": 16, "width": 16})
    for images in (decode_images(mixed, like=processor), ImageFiles(mixed, processor)):
        for index in range(4):
            expected = processor(mixed[index]["image"], return_tensors="pt")["pixel_values"][0]
            assert torch.allclose(images[index]["pixel_values"], expected, atol=1e-5)
        assert images.image_processor() is processor


def test_timm_s_processor_is_followed_in_memory_and_one_by_one(mixed):
    config = timm_data_config(resize_and_crop(16, crop_fraction=0.8))
    processor = TimmWrapperImageProcessor(pretrained_cfg=config)
    assert input_size(processor) == (16, 16)
    in_memory, one_by_one = decode_images(mixed, like=processor), ImageFiles(mixed, processor)
    for index in range(4):
        assert torch.allclose(in_memory[index]["pixel_values"], one_by_one[index]["pixel_values"], atol=1e-6)


@pytest.mark.parametrize("crops", [True, False])
def test_augmentation_depends_on_seed_epoch_and_index_alone(mixed, crops):
    def draw(epoch, seed, indices=range(4)):
        images = ImageFiles(mixed, resize_and_crop(16), random_resized_crop=crops)
        images = images.augmented(crop_padding=2, flip=True, seed=seed)
        images.set_epoch(epoch)
        return {index: images[index]["pixel_values"] for index in indices}

    first, backwards = draw(4, 3), draw(4, 3, reversed(range(4)))
    assert all(torch.equal(first[i], backwards[i]) for i in range(4))
    assert not all(torch.equal(first[i], draw(5, 3)[i]) for i in range(4))
    assert not all(torch.equal(first[i], draw(4, 4)[i]) for i in range(4))


def test_a_drawn_crop_is_the_resized_part_of_the_image(mixed):
    images = ImageFiles(mixed, resize_and_crop(16), random_resized_crop=True)
    augmented = images.augmented(crop_padding=0, flip=False, seed=1)
    top, left, height, width = draw_crop(np.random.default_rng((1, 0, 0)), height=30, width=40)
    part = functional.pil_to_tensor(mixed[0]["image"])[:, top : top + height, left : left + width]
    expected = functional.resize(part, [16, 16], interpolation=InterpolationMode.BICUBIC, antialias=True)
    mean, std = (torch.tensor(values)[:, None, None] for values in (images.mean, images.std))
    assert torch.allclose(augmented[0]["pixel_values"], (expected.float() / 255 - mean) / std, atol=1e-5)


def test_crops_have_the_areas_and_shapes_of_the_recipe():
    generator = np.random.default_rng(0)
    boxes = np.array([draw_crop(generator, height=300, width=400) for _ in range(2000)])
    area, aspect = boxes[:, 2] * boxes[:, 3] / 120_000, boxes[:, 3] / boxes[:, 2]
    assert 0.075 < area.min() < 0.1 and 0.9 < area.max() <= 1
    assert 0.74 < aspect.min() and aspect.max() < 1.35
    assert (boxes[:, 0] + boxes[:, 2] <= 300).all() and (boxes[:, 1] + boxes[:, 3] <= 400).all()
    top, left, height, width = draw_crop(generator, height=10, width=1000)  # nothing drawn fits: the middle
    assert (top, height, width) == (0, 10, 13) and left == (1000 - 13) // 2


def test_without_padding_and_flip_a_shift_leaves_the_image_alone(mixed):
    images = ImageFiles(mixed, resize_and_crop(16))
    plain = images.augmented(crop_padding=0, flip=False, seed=0)
    assert all(torch.equal(plain[i]["pixel_values"], images[i]["pixel_values"]) for i in range(4))


def test_what_is_shifted_in_is_black(mixed):
    images = ImageFiles(mixed, resize_and_crop(16))
    augmented = images.augmented(crop_padding=16, flip=False, seed=0)
    black = -torch.tensor(images.mean) / torch.tensor(images.std)
    seen = torch.cat([augmented[i]["pixel_values"].flatten(1) for i in range(4)], dim=1)
    assert torch.isclose(seen, black[:, None]).all(dim=0).any()


def test_the_fingerprint_is_of_the_content(mixed):
    first = ImageFiles(mixed, resize_and_crop(16)).fingerprint()
    assert ImageFiles(mixed.select(range(4)), resize_and_crop(8)).fingerprint() == first
    assert ImageFiles(mixed.select([1, 0, 2, 3]), resize_and_crop(16)).fingerprint() != first


@pytest.mark.parametrize(
    ("plan", "lazy"),
    [
        (ImagePlan(), False),
        (ImagePlan(memory_gib=0.0), True),
        (ImagePlan(lazy=True), True),
        (ImagePlan(augmentation="random_resized_crop"), True),
        (ImagePlan(lazy=False, memory_gib=0.0), False),
    ],
)
def test_images_are_read_one_by_one_where_it_is_needed_or_wanted(plan, lazy):
    data = DatasetDict(train=photographs([(8, 8)] * 3), test=photographs([(8, 8)] * 2))
    splits = prepare_images(data, plan)
    assert all(isinstance(images, ImageFiles if lazy else ImageTensors) for images in splits.values())
    assert splits["test"][0]["pixel_values"].shape == (3, 8, 8), "squares of one size are taken as they are"


def test_images_of_several_sizes_are_read_one_by_one_at_the_usual_size(mixed):
    splits = prepare_images(DatasetDict(train=mixed, test=mixed), ImagePlan())
    assert splits["test"][1]["pixel_values"].shape == (3, 224, 224)
    assert isinstance(prepare_images(DatasetDict(train=mixed), ImagePlan(image_size=8))["train"], ImageTensors)


def test_images_that_do_not_decode_are_named_or_left_out_and_counted(tmp_path):
    PILImage.new("RGB", (9, 9)).save(tmp_path / "whole.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "whole.png").read_bytes()[:40])
    files = [str(tmp_path / name) for name in ("whole.png", "broken.png", "whole.png")]
    dataset = Dataset.from_dict({"image": files, "label": [0, 1, 1]}, features=FEATURES)
    with pytest.raises(InputError, match=r"image 1 does not decode \(split 'test', file .*broken\.png\)"):
        ImageFiles(dataset, resize_and_crop(8), "test")[1]
    data = DatasetDict(test=dataset)
    assert skip_bad_images(data) == {"test": 1}
    assert ImageFiles(data["test"], resize_and_crop(8)).labels.tolist() == [0, 1]
    with pytest.raises(InputError, match="none of the 1 images of the split 'train' decodes"):
        skip_bad_images(DatasetDict(train=dataset.select([1])))


def test_plans_that_cannot_be_are_one_sentence():
    with pytest.raises(InputError, match="unknown augmentation 'crop'"):
        ImagePlan(augmentation="crop")
    with pytest.raises(InputError, match="needs the whole images"):
        ImagePlan(augmentation="random_resized_crop", lazy=False)
    with pytest.raises(InputError, match="crop_fraction is 0"):
        ImagePlan(crop_fraction=0)


def test_the_size_of_a_processor_s_output_is_known_or_asked_for():
    assert input_size(ConvNextImageProcessor(size={"shortest_edge": 384})) == (384, 384)
    with pytest.raises(InputError, match="no fixed size"):
        input_size(BitImageProcessor(size={"shortest_edge": 30}, do_center_crop=False))
    assert math.isclose(timm_data_config(resize_and_crop(224))["crop_pct"], 0.875)
