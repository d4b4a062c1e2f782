r"""Train an image classifier, with or without label smoothing, and measure how well it knows when to abstain.

    python training_scripts/train_image_classification.py training_scripts/recipes/resnet20_cifar10.yaml \
        --label_smoothing_factor 0.2 --output_dir runs/resnet20_cifar10_ls

A recipe sets options; the command line overrides them. The data set is `digits`, a local folder of Parquet files or of
images, or a name on the Hub. With `accelerate launch` in place of `python` it runs on several GPUs (with `torchrun` on
several processors), or on machines that share the output folder. A run that was stopped continues from its last
checkpoint, which recipes write every epoch, when the same command is given again.

The output folder holds the model (`from_pretrained`), its image processor, `logits/validation.parquet`,
`logits/test.parquet`, `samples.parquet` (confidence and error of each test sample), and `results.json`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from datasets import DatasetDict
from transformers import BaseImageProcessor, PreTrainedModel, TimmWrapperConfig, set_seed

from abstain import InputError, SelectiveTrainer
from abstain.data import (
    Augmentation,
    ImagePlan,
    find_column,
    limit_samples,
    load_data,
    prepare_images,
    skip_bad_images,
    with_classes,
    with_validation,
)
from abstain.experiments import (
    DataArguments,
    ScriptTrainingArguments,
    check_teacher_inputs,
    finish,
    parse_recipe,
    run_script,
    start_run,
    train_run,
)
from abstain.models import load_classifier, load_processor, new_classifier, record_preprocessing


@dataclass
class ModelArguments:
    """Which model to train."""

    _argument_group_name: ClassVar[str] = "model"

    model_name_or_path: str | None = field(
        default=None, metadata={"help": "A checkpoint to fine-tune: a folder or a name on the Hub, timm's too."}
    )
    model_type: str = field(
        default="cifar_resnet", metadata={"help": "Without a checkpoint: the architecture to train from scratch."}
    )
    timm_architecture: str | None = field(
        default=None, metadata={"help": "With model_type timm_wrapper: timm's name of it, such as resnet50."}
    )
    config_overrides: str | None = field(
        default=None, metadata={"help": "Without a checkpoint: changes to its default configuration: depth=20,width=16"}
    )


@dataclass
class ImageArguments(DataArguments):
    """Which images to train on, and what to do to them."""

    AT_LEAST: ClassVar = {**DataArguments.AT_LEAST, "crop_padding": 0, "image_size": 1}

    dataset_name: str | None = field(
        default="digits",
        metadata={"help": "`digits`, `noisy_digits`, a local folder of Parquet files or images, or a Hub name."},
    )
    image_column: str | None = field(default=None, metadata={"help": "Default: the only column of images."})
    image_size: int | None = field(
        default=None,
        metadata={"help": "Resize to this height and width; default: the checkpoint's, or images of one size as is."},
    )
    resize: str = field(
        default="crop", metadata={"help": "To image_size: crop (the short edge, then the middle), or squash."}
    )
    crop_fraction: float = field(
        default=0.875, metadata={"help": "With crop, the short edge of images becomes image_size / this."}
    )
    normalization: str | None = field(
        default=None,
        metadata={"help": "By mean and std of train or imagenet; default: the checkpoint's, without one train."},
    )
    augmentation: str = field(
        default="crop_flip", metadata={"help": "crop_flip (by crop_padding and flip), or random_resized_crop."}
    )
    crop_padding: int = field(default=0, metadata={"help": "Augment by shifts of up to this many pixels."})
    flip: bool = field(default=False, metadata={"help": "Augment by mirroring half of the images."})
    lazy_images: bool | None = field(
        default=None, metadata={"help": "Read images one by one; default: if they need more than image_memory_gib."}
    )
    image_memory_gib: float = field(default=4.0, metadata={"help": "The most that images held in memory may take."})
    skip_bad_samples: bool = field(
        default=False, metadata={"help": "Leave out images that do not decode, and count them in results.json."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.plan = ImagePlan(
            image_size=self.image_size,
            resize=self.resize,
            crop_fraction=self.crop_fraction,
            normalization=self.normalization,
            augmentation=self.augmentation,
            lazy=self.lazy_images,
            memory_gib=self.image_memory_gib,
        )


ARGUMENTS = (ModelArguments, ImageArguments, ScriptTrainingArguments)


def main() -> None:
    """Read the arguments, train, write the model and its logits, and measure them."""
    model_args, data_args, args = parse_recipe(ARGUMENTS, description=__doc__)
    settings, checkpoint = start_run(args, model=model_args, data=data_args)
    data, names = read_data(data_args)
    skipped = skip_bad_images(data) if data_args.skip_bad_samples else {}
    set_seed(args.seed)
    model = make_model(model_args, names)
    timm = isinstance(model.config, TimmWrapperConfig)  # which keeps its preprocessing in config.json
    splits = prepare_images(data, data_args.plan, image_processor(model_args), timm=timm)
    check_teacher_inputs(args.teacher, "images", splits["train"].image_processor())
    record_preprocessing(model, splits["train"].image_processor())

    train_data = splits["train"].augmented(augmentation(data_args, args.seed))
    trainer = SelectiveTrainer(model, args, train_dataset=train_data, eval_dataset=splits["validation"])
    training = train_run(trainer, settings, checkpoint)
    processor = None if timm else splits["train"].image_processor()
    finish(trainer, splits, settings=settings, training=training, processor=processor, skipped=skipped)


def read_data(data_args: ImageArguments) -> tuple[DatasetDict, list[str]]:
    """The three splits with the columns `image` and `label`, and the names of the classes."""
    data = load_data(data_args.dataset_name)
    data = with_validation(
        data, size=data_args.validation_size, seed=data_args.validation_seed, test_split=data_args.test_split
    )
    image_column = find_column(data["train"], data_args.image_column, "image")
    label_column = find_column(data["train"], data_args.label_column, "label")
    data, names = with_classes(data, label_column)
    data = limit_samples(data, data_args.max_samples, seed=data_args.validation_seed)
    data = data.select_columns([image_column, label_column])
    return data.rename_columns({image_column: "image", label_column: "label"}), names


def image_processor(model_args: ModelArguments) -> BaseImageProcessor | None:
    """The image processor of the checkpoint to fine-tune, if it has one."""
    if model_args.model_name_or_path is None:
        return None
    with suppress(InputError):
        return load_processor("images", model_args.model_name_or_path)
    return None


def augmentation(data_args: ImageArguments, seed: int) -> Augmentation:
    """What is done to training images at random."""
    if data_args.augmentation == "random_resized_crop":
        return Augmentation(random_resized_crop=True, flip=data_args.flip, seed=seed)
    return Augmentation(crop_padding=data_args.crop_padding, flip=data_args.flip, seed=seed)


def make_model(model_args: ModelArguments, names: list[str]) -> PreTrainedModel:
    """The checkpoint with a head for these classes, or a new model."""
    if model_args.model_name_or_path:
        return load_classifier("images", model_args.model_name_or_path, names)
    return new_classifier(
        "images",
        model_args.model_type,
        names,
        overrides=model_args.config_overrides,
        architecture=model_args.timm_architecture,
    )


if __name__ == "__main__":
    run_script(main, ARGUMENTS)
