"""Train an image classifier, with or without label smoothing, and measure how well it knows when to abstain.

    python training_scripts/train_image_classification.py training_scripts/recipes/resnet20_cifar10.yaml \
        --label_smoothing_factor 0.2 --output_dir runs/resnet20_cifar10_ls

A recipe sets options; the command line overrides them. The data set is `digits`, a local folder of Parquet files or of
images, or a name on the Hub. With `accelerate launch` in place of `python` it runs on several GPUs (with `torchrun` on
several processors), or on machines that share the output folder. A run that was stopped continues from its last
checkpoint, which recipes write every epoch, when the same command is given again.

The output folder holds the model (`from_pretrained`), its image processor, `logits/validation.parquet` and
`logits/test.parquet`, and `results.json`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from datasets import ClassLabel, DatasetDict, Image
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoImageProcessor,
    AutoModelForImageClassification,
    BaseImageProcessor,
    set_seed,
)

import abstain.models  # noqa: F401 - registers its architectures with the Auto classes
from abstain import InputError, SelectiveTrainer, SelectiveTrainingArguments, evaluate_logits
from abstain.data import (
    check_classes,
    class_names,
    find_column,
    head_classes,
    limit_samples,
    load_data,
    with_validation,
)
from abstain.images import ImageTensors, decode_images
from abstain.training import (
    begin_run,
    check_source,
    parse_recipe,
    run_settings,
    training_summary,
    without_folders,
    write_run_results,
)


@dataclass
class ModelArguments:
    """Which model to train."""

    model_name_or_path: str | None = field(
        default=None, metadata={"help": "A checkpoint to fine-tune: a folder or a name on the Hub."}
    )
    model_type: str = field(
        default="cifar_resnet", metadata={"help": "Without a checkpoint: the architecture to train from scratch."}
    )
    config_overrides: str | None = field(
        default=None, metadata={"help": "Without a checkpoint: changes to its default configuration: depth=20,width=16"}
    )


@dataclass
class DataArguments:
    """Which images to train on, and what to do to them."""

    dataset_name: str = field(
        default="digits", metadata={"help": "`digits`, a local folder of Parquet files or images, or a Hub name."}
    )
    image_column: str | None = field(default=None, metadata={"help": "Default: the only column of images."})
    label_column: str | None = field(default=None, metadata={"help": "Default: the only column of classes."})
    test_split: str = field(default="test", metadata={"help": "The split that is reported."})
    validation_size: int = field(
        default=0, metadata={"help": "Samples of train to hold out for validation; 0 takes the split `validation`."}
    )
    validation_seed: int = field(default=0, metadata={"help": "Chooses them; the same for all runs to be compared."})
    image_size: int | None = field(default=None, metadata={"help": "Resize to this height and width; default: as is."})
    crop_padding: int = field(default=0, metadata={"help": "Augment by shifts of up to this many pixels."})
    flip: bool = field(default=False, metadata={"help": "Augment by mirroring half of the images."})
    max_samples: int | None = field(
        default=None, metadata={"help": "Only so many of each split, chosen at random, for a quick try."}
    )

    def __post_init__(self) -> None:
        lowest = {"validation_size": 0, "crop_padding": 0, "image_size": 1, "max_samples": 1}
        for name, least in lowest.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"{name} is {value}, but must be at least {least}")


def main() -> None:
    """Read the arguments, train, write the model and its logits, and measure them."""
    model_args, data_args, args = parse_recipe(
        (ModelArguments, DataArguments, SelectiveTrainingArguments), description=__doc__
    )
    settings = run_settings(args, model=without_folders(model_args), data=without_folders(data_args))
    check_source(model_args.model_name_or_path, args)
    checkpoint = begin_run(args, settings)
    data, names = read_data(data_args)
    set_seed(args.seed)
    model = make_model(model_args, names)
    splits = decode_splits(data, data_args, image_processor(model_args))

    train_data = splits["train"].augmented(crop_padding=data_args.crop_padding, flip=data_args.flip, seed=args.seed)
    trainer = SelectiveTrainer(model, args, train_dataset=train_data, eval_dataset=splits["validation"])
    training = training_summary(trainer.train(resume_from_checkpoint=checkpoint).metrics, checkpoint)
    logits = trainer.save_with_logits({name: splits[name] for name in ("validation", "test")})
    report = evaluate_logits(*logits["test"], validation=logits["validation"])
    if trainer.is_world_process_zero():
        splits["train"].image_processor().save_pretrained(args.output_dir)
        write_run_results(args, settings=settings, splits=splits, training=training, report=report)


def read_data(data_args: DataArguments) -> tuple[DatasetDict, list[str]]:
    """The three splits with the columns `image` and `label`, and the names of the classes."""
    data = load_data(data_args.dataset_name)
    data = with_validation(
        data, size=data_args.validation_size, seed=data_args.validation_seed, test_split=data_args.test_split
    )
    image_column = find_column(data["train"], data_args.image_column, Image, "image")
    label_column = find_column(data["train"], data_args.label_column, ClassLabel, "label")
    names = class_names(data["train"], label_column)
    for name, split in data.items():
        check_classes(split, label_column, n_classes=len(names), split=name)
    data = limit_samples(data, data_args.max_samples, seed=data_args.validation_seed)
    data = data.select_columns([image_column, label_column])
    return data.rename_columns({image_column: "image", label_column: "label"}), names


def image_processor(model_args: ModelArguments) -> BaseImageProcessor | None:
    """The image processor of the checkpoint to fine-tune, if it has one."""
    if model_args.model_name_or_path is None:
        return None
    try:
        return AutoImageProcessor.from_pretrained(model_args.model_name_or_path)
    except (OSError, ValueError):
        return None


def decode_splits(
    data: DatasetDict, data_args: DataArguments, processor: BaseImageProcessor | None
) -> dict[str, ImageTensors]:
    """All images in memory, decoded once; sized and normalised as the checkpoint wants, else by the training images."""
    size, like = data_args.image_size, processor
    if processor is not None and size is None:
        size = processor.size.get("height") or processor.size.get("shortest_edge")
    splits: dict[str, ImageTensors] = {}
    for name, split in data.items():
        splits[name] = decode_images(split, image_size=size, like=like or splits.get("train"))
    return splits


def make_model(model_args: ModelArguments, names: list[str]) -> AutoModelForImageClassification:
    """The checkpoint with a head for these classes, or a new model."""
    classes = head_classes(names)
    if model_args.model_name_or_path is None and model_args.model_type not in CONFIG_MAPPING:
        raise InputError(
            f"unknown model_type {model_args.model_type!r}: give cifar_resnet or one of transformers: resnet"
        )
    try:
        if model_args.model_name_or_path:
            return AutoModelForImageClassification.from_pretrained(
                model_args.model_name_or_path, ignore_mismatched_sizes=True, **classes
            )
        config = AutoConfig.for_model(model_args.model_type, **classes)
        if model_args.config_overrides:
            config.update_from_string(model_args.config_overrides)
            config = type(config).from_dict(config.to_dict())  # so that it is checked as a whole
        return AutoModelForImageClassification.from_config(config)
    except (OSError, ValueError, IndexError) as error:  # no such checkpoint, no such setting
        raise InputError(f"the model cannot be made: {str(error).splitlines()[0][:300]}") from error


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
