import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode, functional

from abstain import InputError
from abstain.data.augmentation import Augmentation, draw_crop

VOID = 9


@pytest.fixture(scope="module")
def image():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, 12, 16), generator=generator, dtype=torch.uint8)


def as_mask(image):
    """A mask whose labels can be told from the red channel of its image."""
    return image[0].long() % 5


def augmented(augmentation, image, count=400, epoch=0):
    return [augmentation.of_image(image, epoch=epoch, index=index) for index in range(count)]


def test_every_shift_and_both_flips_occur_and_are_crops_of_the_image():
    array = np.arange(1, 10, dtype=np.uint8).reshape(3, 3)
    image = torch.from_numpy(array)[None].expand(3, 3, 3)
    padded = np.pad(array, 1)
    crops = {padded[t : t + 3, s : s + 3].tobytes() for t in range(3) for s in range(3)}
    crops |= {np.ascontiguousarray(padded[t : t + 3, s : s + 3][:, ::-1]).tobytes() for t in range(3) for s in range(3)}
    seen = augmented(Augmentation(crop_padding=1, flip=True), image)
    assert {part[0].contiguous().numpy().tobytes() for part in seen} == crops


def test_half_of_the_images_are_mirrored(image):
    flipped = sum(torch.equal(part, image.flip(-1)) for part in augmented(Augmentation(flip=True), image, count=1000))
    plain = sum(torch.equal(part, image) for part in augmented(Augmentation(flip=True), image, count=1000))
    assert flipped + plain == 1000 and 430 < flipped < 570  # 4.4 standard deviations of 15.8


def test_nothing_to_do_leaves_the_image_alone(image):
    assert all(torch.equal(part, image) for part in augmented(Augmentation(seed=3), image, count=20))


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(crop_padding=2, flip=True, seed=3),
        Augmentation(8, flip=True, color_jitter=0.5, seed=3),
        Augmentation((10, 10), random_resized_crop=True, seed=3),
    ],
)
def test_what_happens_depends_on_seed_epoch_and_index_alone(image, augmentation):
    first = augmented(augmentation, image, count=8, epoch=4)
    for index in reversed(range(8)):
        assert torch.equal(augmentation.of_image(image, epoch=4, index=index), first[index])

    def differs(others):
        return any(not torch.equal(a, b) for a, b in zip(first, others, strict=True))

    assert differs(augmented(augmentation, image, count=8, epoch=5)) and differs([first[0]] * 8)
    assert differs(augmented(type(augmentation)(**{**vars(augmentation), "seed": 4}), image, count=8, epoch=4))


def test_the_draws_are_those_of_the_generator_in_the_documented_order(image):
    """So that results of one version can be had again with the next."""
    generator = np.random.default_rng((7, 2, 5))
    top, left = (int(generator.integers(0, n)) for n in (12 - 6 + 1, 16 - 6 + 1))
    flipped, factors = generator.random() < 0.5, generator.uniform(0.5, 1.5, size=3).tolist()
    expected = image[:, top : top + 6, left : left + 6]
    expected = expected.flip(-1) if flipped else expected
    expected = functional.adjust_brightness(expected, factors[0])
    expected = functional.adjust_saturation(functional.adjust_contrast(expected, factors[1]), factors[2])
    augmentation = Augmentation(6, flip=True, color_jitter=0.5, seed=7)
    assert torch.equal(augmentation.of_image(image, epoch=2, index=5), expected)


def test_a_margin_that_is_there_already_spares_the_padding_and_changes_nothing(image):
    augmentation, margin = Augmentation(crop_padding=3, flip=True), functional.pad_image(image, [3])
    for index, expected in enumerate(augmented(augmentation, image, count=50)):
        assert torch.equal(augmentation.of_image(margin, epoch=0, index=index, margin=3), expected)


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(5, flip=True),
        Augmentation(crop_padding=4, flip=True),
        Augmentation((14, 10), crop_padding=2),
        Augmentation(20, color_jitter=0.0),
    ],
)
def test_image_and_mask_are_changed_alike_and_what_is_filled_up_is_black_and_ignored(image, augmentation):
    image = image.clamp(min=1)
    filled = False
    for index in range(60):
        settings = {"epoch": 0, "index": index}
        part, mask = augmentation.of_pair(image, as_mask(image), ignore_index=VOID, **settings)
        assert torch.equal(part, augmentation.of_image(image, **settings)), "with its mask or alone"
        assert part.shape[1:] == mask.shape
        inside = mask != VOID
        assert torch.equal(mask[inside], as_mask(part)[inside])
        assert (part[:, ~inside] == 0).all() and (part[:, inside] > 0).all()
        filled |= not bool(inside.all())
    assert filled == (augmentation.crop_padding > 0 or augmentation.crop_size == 20)


def test_smaller_images_are_filled_up_at_the_right_and_at_the_bottom(image):
    part, mask = Augmentation(20).of_pair(image, as_mask(image), epoch=0, index=0, ignore_index=VOID)
    assert torch.equal(part[:, :12, :16], image) and torch.equal(mask[:12, :16], as_mask(image))
    assert (mask == VOID).sum() == 20 * 20 - 12 * 16


def test_colours_change_and_masks_do_not(image):
    settings = {"epoch": 0, "index": 1, "ignore_index": VOID}
    plain = Augmentation(8).of_pair(image, as_mask(image), **settings)
    jittered = Augmentation(8, color_jitter=0.5).of_pair(image, as_mask(image), **settings)
    assert torch.equal(plain[1], jittered[1]) and not torch.equal(plain[0], jittered[0])


def test_a_random_resized_crop_is_the_resized_part_of_image_and_mask(image):
    augmentation = Augmentation((7, 9), random_resized_crop=True, seed=1)
    part, mask = augmentation.of_pair(image, as_mask(image), epoch=0, index=0, ignore_index=VOID)
    top, left, height, width = draw_crop(np.random.default_rng((1, 0, 0)), height=12, width=16)
    cut = (slice(top, top + height), slice(left, left + width))
    expected = functional.resize(image[:, *cut], [7, 9], interpolation=InterpolationMode.BICUBIC, antialias=True)
    assert torch.equal(part, expected)
    nearest = functional.resize(as_mask(image)[None][:, *cut], [7, 9], interpolation=InterpolationMode.NEAREST)[0]
    assert torch.equal(mask, nearest)


def test_crops_have_the_areas_and_shapes_of_the_recipe():
    generator = np.random.default_rng(0)
    boxes = np.array([draw_crop(generator, height=300, width=400) for _ in range(2000)])
    area, aspect = boxes[:, 2] * boxes[:, 3] / 120_000, boxes[:, 3] / boxes[:, 2]
    assert 0.075 < area.min() < 0.1 and 0.9 < area.max() <= 1
    assert 0.74 < aspect.min() and aspect.max() < 1.35
    assert (boxes[:, 0] + boxes[:, 2] <= 300).all() and (boxes[:, 1] + boxes[:, 3] <= 400).all()
    top, left, height, width = draw_crop(generator, height=10, width=1000)  # nothing drawn fits: the middle
    assert (top, height, width) == (0, 10, 13) and left == (1000 - 13) // 2


def test_negative_numbers_are_refused():
    with pytest.raises(InputError, match="crop_padding is -1, but must be at least 0"):
        Augmentation(crop_padding=-1)
    with pytest.raises(InputError, match=r"color_jitter is -0\.5"):
        Augmentation(color_jitter=-0.5)


def test_no_shift_goes_beyond_the_image():
    Augmentation(crop_padding=8).check_size(8, 9)
    Augmentation(crop_padding=99, random_resized_crop=True).check_size(8, 8)
    with pytest.raises(InputError, match="crop_padding is 9, but must be no larger than the images: 9×8"):
        Augmentation(crop_padding=9).check_size(8, 9)
