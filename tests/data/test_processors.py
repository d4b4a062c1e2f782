import numpy as np
import pytest
import torch
from PIL import Image as PILImage
from torchvision.transforms.v2 import InterpolationMode, functional
from transformers import (
    BitImageProcessor,
    CLIPImageProcessor,
    ConvNextImageProcessor,
    EfficientNetImageProcessor,
    MobileViTImageProcessor,
    TimmWrapperImageProcessor,
    ViTImageProcessor,
)

from abstain import InputError
from abstain.data.processors import (
    as_timm,
    input_size,
    mean_and_std,
    renormalized,
    resize_and_crop,
    squash,
    timm_data_config,
)

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision backend.*")


@pytest.fixture(scope="module")
def image():
    array = np.random.default_rng(0).integers(0, 256, size=(4, 5, 3), dtype=np.uint8)
    return PILImage.fromarray(array).resize((64, 33), PILImage.BICUBIC)


def processed(processor, image):
    return processor(image, return_tensors="pt")["pixel_values"][0]


def normalised(pixels, mean, std):
    return (pixels.float() / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


def test_the_short_edge_is_resized_and_the_middle_cropped(image):
    pixels = functional.pil_to_tensor(image)  # 64 wide, 33 high: the short edge becomes 16 / 0.8 = 20
    small = functional.resize(pixels, [20], interpolation=InterpolationMode.BICUBIC, antialias=True)
    expected = normalised(functional.center_crop(small, [16, 16]), *IMAGENET)
    assert torch.allclose(processed(resize_and_crop(16, crop_fraction=0.8), image), expected, atol=1e-5)


def test_squashing_takes_the_whole_image(image):
    pixels = functional.pil_to_tensor(image)
    small = functional.resize(pixels, [12, 20], interpolation=InterpolationMode.BILINEAR, antialias=True)
    assert torch.allclose(processed(squash(12, 20), image), normalised(small, *IMAGENET), atol=1e-5)


@pytest.mark.parametrize(
    ("processor", "size"),
    [
        (ViTImageProcessor(size={"height": 20, "width": 24}), (20, 24)),
        (resize_and_crop(16), (16, 16)),
        (ConvNextImageProcessor(size={"shortest_edge": 384}), (384, 384)),
        (CLIPImageProcessor(size={"shortest_edge": 20}, crop_size={"height": 16, "width": 18}), (16, 18)),
        (as_timm(resize_and_crop(16)), (16, 16)),
        (ViTImageProcessor(do_resize=False, do_center_crop=True, crop_size=8), (8, 8)),
    ],
)
def test_the_size_of_a_processor_s_output_is_known(processor, size):
    assert input_size(processor) == size


def test_a_size_that_depends_on_the_image_is_refused():
    with pytest.raises(InputError, match=r"BitImageProcessor gives images of no fixed size \(45×30 and 30×45\)"):
        input_size(BitImageProcessor(size={"shortest_edge": 30}, do_center_crop=False))


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (resize_and_crop(16), IMAGENET),
        (as_timm(resize_and_crop(16)), IMAGENET),
        (ViTImageProcessor(size=8, do_normalize=False), ((0.0,) * 3, (1.0,) * 3)),
        (MobileViTImageProcessor(), ((0.0,) * 3, (1.0,) * 3)),  # which names a mean, and does not subtract it
        (ViTImageProcessor(size=8, do_rescale=False, do_normalize=False), ((0.0,) * 3, (1 / 255,) * 3)),
        (EfficientNetImageProcessor(size=8), ((0.5,) * 3, (0.25,) * 3)),  # divides by its std of 0.5 twice
    ],
)
def test_mean_and_std_are_what_a_processor_does(processor, expected):
    found = mean_and_std(processor)
    assert np.allclose(found, expected, atol=1e-6)
    if expected is IMAGENET:
        assert found == IMAGENET, "as they are named, to the last digit"


@pytest.mark.parametrize("make", [lambda: resize_and_crop(16), lambda: squash(9, 12), lambda: as_timm(squash(9, 12))])
def test_another_normalisation_leaves_the_sizes_alone(make, image):
    mean, std = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)
    before, after = make(), renormalized(make(), mean, std)
    assert type(after) is type(before) and mean_and_std(after) == (mean, std)
    bytes_before = processed(renormalized(before, (0.0,) * 3, (1.0,) * 3), image) * 255
    assert torch.allclose(normalised(bytes_before, mean, std), processed(after, image), atol=1e-5)


def test_timm_s_words_say_the_same(image):
    config = timm_data_config(resize_and_crop(224))
    assert (config["crop_pct"], config["crop_mode"], config["interpolation"]) == (0.875, "center", "bicubic")
    assert timm_data_config(squash(9, 12))["input_size"] == [3, 9, 12]
    for processor in (resize_and_crop(16, crop_fraction=0.8), squash(9, 12)):
        theirs = as_timm(processor)
        assert isinstance(theirs, TimmWrapperImageProcessor)
        assert timm_data_config(theirs) == timm_data_config(as_timm(theirs))
        ours = processed(processor, image)
        levels = (processed(theirs, image) - ours).abs() * 255 * torch.tensor(IMAGENET[1])[:, None, None]
        assert levels.max() < 3, "they resize with another library, which rounds otherwise"
