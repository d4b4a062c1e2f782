import numpy as np
import pytest
import torch
from datasets import DatasetDict
from tiny_data import photographs
from transformers import AutoImageProcessor, BitImageProcessor, ConvNextImageProcessor, ViTImageProcessor, pipeline

from abstain import InputError
from abstain.data.augmentation import Augmentation
from abstain.data.image_files import ImageFiles
from abstain.data.image_tensors import ImageTensors
from abstain.data.images import ImagePlan, prepare_images
from abstain.data.processors import as_timm, mean_and_std, resize_and_crop
from abstain.data.splits import load_data
from abstain.models.auto import new_classifier
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.timm_wrapper import record_preprocessing

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TINY_VIT = "img_size=16,patch_size=8,depth=1,embed_dim=16,num_heads=2"
pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision backend.*")


def splits_of(sizes):
    return DatasetDict(train=photographs(sizes), test=photographs(sizes, seed=1))


SQUARES, LONG = splits_of([(12, 12)] * 5), splits_of([(80, 40)] * 5)
MIXED = splits_of([(80, 40), (40, 80), (33, 64), (24, 24), (40, 40)])

SAME_PIXELS = {
    "squares": (SQUARES, {}, None),
    "one long size": (LONG, {}, None),
    "several sizes": (MIXED, {}, None),
    "cropped to a size": (MIXED, {"image_size": 16}, None),
    "long, cropped to a size": (LONG, {"image_size": 16, "crop_fraction": 0.5}, None),
    "squashed to a size": (MIXED, {"image_size": 16, "resize": "squash"}, None),
    "imagenet": (LONG, {"image_size": 16, "normalization": "imagenet"}, None),
    "ViT": (MIXED, {}, ViTImageProcessor(size=16)),
    "BiT": (MIXED, {}, BitImageProcessor(size={"shortest_edge": 20}, crop_size=16)),
    "ResNet": (MIXED, {}, ConvNextImageProcessor(size={"shortest_edge": 20}, crop_pct=0.875)),
    "timm": (MIXED, {}, as_timm(resize_and_crop(16, crop_fraction=0.8))),
    "ViT by train": (MIXED, {"normalization": "train"}, ViTImageProcessor(size=16)),
    "ViT at another size": (MIXED, {"image_size": 12}, ViTImageProcessor(size=16)),
}


@pytest.mark.parametrize("case", SAME_PIXELS)
@pytest.mark.parametrize("timm", [False, True])
def test_memory_does_not_change_a_pixel(case, timm):
    data, plan, processor = SAME_PIXELS[case]
    if timm and processor is not None:
        processor = as_timm(processor)
    held = prepare_images(data, ImagePlan(**plan, memory_gib=4.0), processor, timm=timm)
    read = prepare_images(data, ImagePlan(**plan, memory_gib=0.0), processor, timm=timm)
    augmentation = Augmentation(crop_padding=3, flip=True, seed=7)
    for name in ("train", "test"):
        assert isinstance(held[name], ImageTensors) and isinstance(read[name], ImageFiles)
        pairs = [(held[name], read[name]), (held[name].augmented(augmentation), read[name].augmented(augmentation))]
        for a, b in pairs:
            for epoch in (0, 3):
                a.set_epoch(epoch)
                b.set_epoch(epoch)
                for index in range(5):
                    assert torch.equal(a[index]["pixel_values"], b[index]["pixel_values"])
                    assert torch.equal(a[index]["labels"], b[index]["labels"])
        assert held[name].image_processor().to_dict() == read[name].image_processor().to_dict()
    saved = held["test"].image_processor()
    for index in range(5):
        expected = saved(data["test"][index]["image"], return_tensors="pt")["pixel_values"][0]
        assert torch.allclose(held["test"][index]["pixel_values"], expected, atol=1e-5)


@pytest.mark.parametrize("data", [SQUARES, LONG])
def test_images_of_one_size_are_taken_as_they_are_by_the_statistics_of_training(data):
    splits = prepare_images(data, ImagePlan())
    arrays = np.stack([np.array(image) for image in data["train"]["image"]]) / 255
    mean, std = arrays.mean(axis=(0, 1, 2)), arrays.std(axis=(0, 1, 2))
    for name in ("train", "test"):
        for index in range(5):
            expected = (np.array(data[name][index]["image"]) / 255 - mean) / std
            assert np.allclose(splits[name][index]["pixel_values"].permute(1, 2, 0), expected, atol=1e-4)


def test_images_of_several_sizes_get_the_usual_one():
    splits = prepare_images(MIXED, ImagePlan())
    assert splits["test"][1]["pixel_values"].shape == (3, 224, 224)
    assert splits["train"].preprocessing.processor.size.shortest_edge == 256


def test_an_image_that_was_not_looked_at_is_not_squeezed_in_silence():
    data = DatasetDict(train=photographs([(8, 8)] * 3), test=photographs([(8, 8), (9, 8)]))
    with pytest.raises(InputError, match="image 1 of the split 'test' is 9×8 and others are 8×8"):
        prepare_images(data, ImagePlan())
    read = prepare_images(data, ImagePlan(lazy=True))
    with pytest.raises(InputError, match="image 1 of the split 'test' is 9×8 and others are 8×8"):
        read["test"][1]


@pytest.mark.parametrize(
    ("plan", "statistics"),
    [
        ({}, ((0.1,) * 3, (0.2,) * 3)),
        ({"image_size": 8}, ((0.1,) * 3, (0.2,) * 3)),
        ({"normalization": "imagenet"}, IMAGENET),
        ({"image_size": 8, "normalization": "imagenet"}, IMAGENET),
    ],
)
def test_a_checkpoint_s_normalisation_is_kept_unless_another_is_asked_for(plan, statistics):
    checkpoint = ViTImageProcessor(size=16, image_mean=[0.1] * 3, image_std=[0.2] * 3)
    splits = prepare_images(MIXED, ImagePlan(**plan), checkpoint)
    assert np.allclose(mean_and_std(splits["test"].image_processor()), statistics)
    assert splits["test"].preprocessing.size == (plan.get("image_size", 16),) * 2


@pytest.mark.parametrize(
    ("plan", "lazy"),
    [
        (ImagePlan(), False),
        (ImagePlan(memory_gib=0.0), True),
        (ImagePlan(memory_gib=5 * 2 * 3 * 144 / 2**30), False),  # so many bytes as there are
        (ImagePlan(memory_gib=(5 * 2 * 3 * 144 - 1) / 2**30), True),
        (ImagePlan(lazy=True), True),
        (ImagePlan(augmentation="random_resized_crop"), True),
        (ImagePlan(lazy=False, memory_gib=0.0), False),
    ],
)
def test_images_are_read_one_by_one_where_it_is_needed_or_wanted(plan, lazy):
    splits = prepare_images(SQUARES, plan)
    assert all(isinstance(images, ImageFiles if lazy else ImageTensors) for images in splits.values())


def test_plans_that_cannot_be_are_one_sentence():
    for wrong, message in (
        ({"augmentation": "crop"}, "unknown augmentation 'crop'"),
        ({"resize": "crops"}, "unknown resize 'crops': did you mean 'crop'"),
        ({"normalization": "cifar"}, "unknown normalization 'cifar'"),
        ({"augmentation": "random_resized_crop", "lazy": False}, "needs the whole images"),
        ({"crop_fraction": 0}, "crop_fraction is 0"),
        ({"image_size": 0}, "image_size is 0, but must be a whole number from 1"),
        ({"memory_gib": -1}, "image_memory_gib is -1"),
    ):
        with pytest.raises(InputError, match=message):
            ImagePlan(**wrong)


def pipeline_logits(folder, files, model_type_folder=None):
    """What anybody gets from the saved folder and the image files."""
    processor = AutoImageProcessor.from_pretrained(folder)
    classify = pipeline("image-classification", model=str(folder), image_processor=processor, device="cpu")
    answers = classify([str(file) for file in files], function_to_apply="none", top_k=10)
    return torch.tensor([[a["score"] for a in sorted(answer, key=lambda a: int(a["label"]))] for answer in answers])


@torch.no_grad()
def check_pipeline(model, images, dataset, folder):
    model.eval().save_pretrained(folder)
    files = [folder / f"{index}.png" for index in range(len(dataset))]
    for file, image in zip(files, dataset["image"], strict=True):
        image.save(file)
    expected = model(torch.stack([images[index]["pixel_values"] for index in range(len(dataset))])).logits
    assert expected.std(dim=0).min() > 1e-3, "the model tells the images apart"
    assert (pipeline_logits(folder, files) - expected).abs().max() < 1e-5


@pytest.mark.parametrize("lazy", [False, True])
def test_a_pipeline_of_the_saved_folder_gives_the_logits_of_the_data_set_on_digits(tmp_path, lazy):
    data = load_data("digits")
    data = DatasetDict({name: data[name].select(range(12)) for name in ("train", "test")})
    splits = prepare_images(data, ImagePlan(lazy=lazy))
    torch.manual_seed(0)
    names = [str(index) for index in range(10)]
    model = CifarResNetForImageClassification(CifarResNetConfig(depth=8, id2label=dict(enumerate(names))))
    splits["train"].image_processor().save_pretrained(tmp_path)
    check_pipeline(model, splits["test"], data["test"], tmp_path)


@pytest.mark.parametrize(
    "plan", [ImagePlan(image_size=16, resize="squash"), ImagePlan(image_size=16, augmentation="random_resized_crop")]
)
def test_a_pipeline_of_a_timm_model_s_folder_gives_the_logits_of_the_data_set(tmp_path, plan):
    splits = prepare_images(MIXED, plan, timm=True)
    torch.manual_seed(0)
    names = [str(index) for index in range(3)]
    model = new_classifier("images", "timm_wrapper", names, overrides=TINY_VIT, architecture="vit_tiny_patch16_224")
    torch.nn.init.normal_(model.timm_model.head.weight)  # timm begins with zeros
    record_preprocessing(model, splits["train"].image_processor())
    check_pipeline(model, splits["test"], MIXED["test"], tmp_path)
