r"""Train a model that gives every pixel a class, with or without label smoothing, and measure when it should abstain.

    python training_scripts/train_semantic_segmentation.py training_scripts/recipes/deeplabv3plus_camvid_small.yaml \
        --dataset_name path/to/camvid --label_smoothing_factor 0.2 --output_dir runs/deeplabv3plus_camvid_ls

A recipe sets options; the command line overrides them. The data set is a local folder of Parquet files or a name on the
Hub, with one column of images and one of masks, which hold the id of each pixel's class. With `accelerate launch` in
place of `python` it runs on several GPUs (with `torchrun` on several processors). A run that was stopped continues from
its last checkpoint when the same command is given again. DeepLabV3+ needs `pip install 'abstain[segmentation]'`.

The output folder holds the model (`from_pretrained`), its image processor, `results.json`, `logits/validation.parquet`
and `logits/test.parquet`: of a few thousand labelled pixels an image (`--eval_pixels_per_sample`), the same for every
model, before the last interpolation, with the number of their image in `sample`. Pixels of one image depend on each
other, so the intervals in `results.json`, which count pixels and not images, are too narrow.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from datasets import DatasetDict
from transformers import PreTrainedModel, set_seed

from abstain import InputError, SelectiveTrainer
from abstain.data import (
    Augmentation,
    SegmentationImages,
    find_column,
    limit_samples,
    load_data,
    mean_and_std,
    skip_bad_images,
    with_validation,
)
from abstain.experiments import (
    ArgumentError,
    DataArguments,
    ScriptTrainingArguments,
    finish,
    parse_recipe,
    run_script,
    start_run,
    train_run,
)
from abstain.models import load_classifier, load_processor, new_classifier


@dataclass
class ModelArguments:
    """Which model to train."""

    _argument_group_name: ClassVar[str] = "model"

    model_name_or_path: str | None = field(
        default=None, metadata={"help": "A checkpoint to fine-tune: a folder or a name on the Hub."}
    )
    model_type: str = field(
        default="segformer", metadata={"help": "Without a checkpoint: the architecture to train from scratch."}
    )
    config_overrides: str | None = field(
        default=None, metadata={"help": "Without a checkpoint: changes to its default configuration: output_stride=8"}
    )
    encoder_weights: str | None = field(
        default=None, metadata={"help": "Of deeplabv3plus: begin with these weights (`imagenet`) in the encoder."}
    )


@dataclass
class PixelArguments(DataArguments):
    """Which images to train on, and what to do to them."""

    AT_LEAST: ClassVar = {**DataArguments.AT_LEAST, "crop_size": 1, "color_jitter": 0}

    class_names: list[str] = field(
        default_factory=list, metadata={"help": "The classes, in the order of their labels."}
    )
    label_ids: list[int] | None = field(
        default=None,
        metadata={"help": "The id of each class in the masks; all others are ignored. Default: 0, 1, … and no other."},
    )
    image_column: str = field(default="image", metadata={"help": "The column of images."})
    annotation_column: str = field(default="annotation", metadata={"help": "The column of masks."})
    validation_from_test: bool = field(
        default=False, metadata={"help": "Hold them out of the split that is reported, instead of train."}
    )
    crop_size: int = field(default=512, metadata={"help": "Train on parts of this height and width."})
    flip: bool = field(default=False, metadata={"help": "Augment by mirroring half of the images."})
    color_jitter: float = field(
        default=0.0, metadata={"help": "Augment by up to this change of brightness, contrast and saturation."}
    )
    skip_bad_samples: bool = field(
        default=False, metadata={"help": "Leave out images that do not decode, and count them; reads all images once."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.class_names:
            raise ArgumentError("class_names are missing: name the classes in the order of their labels")


ARGUMENTS = (ModelArguments, PixelArguments, ScriptTrainingArguments)


def main() -> None:
    """Read the arguments, train, write the model and its logits, and measure them."""
    model_args, data_args, args = parse_recipe(ARGUMENTS, description=__doc__)
    if args.delta is not None:
        raise ArgumentError("pixels of one image are not independent, so no guarantee holds: leave out delta")
    settings, checkpoint = start_run(args, model=model_args, data=data_args)
    data = read_data(data_args)
    skipped = skip_bad_images(data) if data_args.skip_bad_samples else {}
    set_seed(args.seed)
    model = make_model(model_args, data_args.class_names)
    if args.ignore_index is None:
        args.ignore_index = getattr(model.config, "semantic_loss_ignore_index", 255)
    splits = make_splits(data, data_args, model_args, args.ignore_index)
    model.config.semantic_loss_ignore_index = args.ignore_index

    augmentation = Augmentation(
        data_args.crop_size, flip=data_args.flip, color_jitter=data_args.color_jitter, seed=args.seed
    )
    train_data = splits["train"].augmented(augmentation)
    trainer = SelectiveTrainer(model, args, train_dataset=train_data, eval_dataset=splits["validation"])
    training = train_run(trainer, settings, checkpoint)
    notes = {"n_images": len(splits["test"])}
    found = {"settings": settings, "training": training, "skipped": skipped, "notes": notes}
    finish(trainer, splits, processor=splits["train"].image_processor(), **found)


def read_data(data_args: PixelArguments) -> DatasetDict:
    """The three splits with the columns `image` and `annotation`."""
    data = load_data(data_args.dataset_name)
    data = with_validation(
        data,
        size=data_args.validation_size,
        seed=data_args.validation_seed,
        test_split=data_args.test_split,
        from_test=data_args.validation_from_test,
    )
    for role, name in (("image", data_args.image_column), ("annotation", data_args.annotation_column)):
        if find_column(data["train"], name, role) != role:
            data = data.rename_column(name, role)
    return limit_samples(data, data_args.max_samples, seed=data_args.validation_seed)


def make_splits(
    data: DatasetDict, data_args: PixelArguments, model_args: ModelArguments, ignore_index: int
) -> dict[str, SegmentationImages]:
    """The splits as inputs of a model: normalised as its checkpoint wants, else as is usual with ImageNet."""
    like = {}
    if model_args.model_name_or_path is not None:
        with suppress(InputError):  # it has none
            mean, std = mean_and_std(load_processor("pixels", model_args.model_name_or_path))
            like = {"mean": mean, "std": std}
    names, ids = data_args.class_names, data_args.label_ids
    return {name: SegmentationImages(split, len(names), ignore_index, ids, **like) for name, split in data.items()}


def make_model(model_args: ModelArguments, names: list[str]) -> PreTrainedModel:
    """The checkpoint with a head for these classes, or a new model."""
    if model_args.model_name_or_path:
        return load_classifier("pixels", model_args.model_name_or_path, names)
    return new_classifier(
        "pixels",
        model_args.model_type,
        names,
        overrides=model_args.config_overrides,
        encoder_weights=model_args.encoder_weights,
    )


if __name__ == "__main__":
    run_script(main, ARGUMENTS)
