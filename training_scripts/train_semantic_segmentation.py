"""Train a model that gives every pixel a class, with or without label smoothing, and measure when it should abstain.

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

from dataclasses import dataclass, field

from datasets import DatasetDict, Image
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoImageProcessor,
    AutoModelForSemanticSegmentation,
    set_seed,
)

import abstain.models  # noqa: F401 - registers its architectures with the Auto classes
from abstain import InputError, SelectiveTrainer, evaluate_logits
from abstain.data import Augmentation, SegmentationImages, find_column, load_data, with_validation, without_bad_samples
from abstain.experiments import (
    ScriptTrainingArguments,
    begin_run,
    check_at_least,
    check_source,
    parse_recipe,
    run_script,
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
        default="segformer", metadata={"help": "Without a checkpoint: the architecture to train from scratch."}
    )
    config_overrides: str | None = field(
        default=None, metadata={"help": "Without a checkpoint: changes to its default configuration: output_stride=8"}
    )
    encoder_weights: str | None = field(
        default=None, metadata={"help": "Of deeplabv3plus: begin with these weights (`imagenet`) in the encoder."}
    )


@dataclass
class DataArguments:
    """Which images to train on, and what to do to them."""

    dataset_name: str = field(metadata={"help": "A local folder of Parquet files, or a Hub name."})
    class_names: list[str] = field(
        default_factory=list, metadata={"help": "The classes, in the order of their labels."}
    )
    label_ids: list[int] | None = field(
        default=None,
        metadata={"help": "The id of each class in the masks; all others are ignored. Default: 0, 1, … and no other."},
    )
    image_column: str = field(default="image", metadata={"help": "The column of images."})
    annotation_column: str = field(default="annotation", metadata={"help": "The column of masks."})
    test_split: str = field(default="test", metadata={"help": "The split that is reported."})
    validation_size: int = field(
        default=0, metadata={"help": "Images to hold out for validation; 0 takes the split `validation`."}
    )
    validation_from_test: bool = field(
        default=False, metadata={"help": "Hold them out of the split that is reported, instead of train."}
    )
    validation_seed: int = field(default=0, metadata={"help": "Chooses them; the same for all runs to be compared."})
    crop_size: int = field(default=512, metadata={"help": "Train on parts of this height and width."})
    flip: bool = field(default=False, metadata={"help": "Augment by mirroring half of the images."})
    color_jitter: float = field(
        default=0.0, metadata={"help": "Augment by up to this change of brightness, contrast and saturation."}
    )
    skip_bad_samples: bool = field(
        default=False, metadata={"help": "Leave out images that do not decode, and count them; reads all images once."}
    )
    max_samples: int | None = field(default=None, metadata={"help": "Only so many of each split, for a quick try."})

    def __post_init__(self) -> None:
        check_at_least(self, validation_size=0, crop_size=1, color_jitter=0, max_samples=1)
        if not self.class_names:
            raise InputError("class_names are missing: name the classes in the order of their labels")


def main() -> None:
    """Read the arguments, train, write the model and its logits, and measure them."""
    model_args, data_args, args = parse_recipe(
        (ModelArguments, DataArguments, ScriptTrainingArguments), description=__doc__
    )
    settings = run_settings(args, model=without_folders(model_args), data=without_folders(data_args))
    check_source(model_args.model_name_or_path, args)
    checkpoint = begin_run(args, settings)
    data, skipped = read_data(data_args)
    set_seed(args.seed)
    model = make_model(model_args, data_args.class_names)
    splits = make_splits(data, data_args, model_args, args.ignore_index)
    model.config.semantic_loss_ignore_index = args.ignore_index

    augmentation = Augmentation(data_args.crop_size, data_args.flip, data_args.color_jitter, seed=args.seed)
    train_data = splits["train"].augmented(augmentation)
    trainer = SelectiveTrainer(model, args, train_dataset=train_data, eval_dataset=splits["validation"])
    training = training_summary(trainer.train(resume_from_checkpoint=checkpoint).metrics, checkpoint)
    logits = trainer.save_with_logits({name: splits[name] for name in ("validation", "test")})
    report = evaluate_logits(*logits["test"], validation=logits["validation"])
    if trainer.is_world_process_zero():
        splits["train"].image_processor().save_pretrained(args.output_dir)
        notes = {"n_images": len(splits["test"]), "intervals": "pixels of one image are taken for independent"}
        write_run_results(
            args, settings=settings, splits=splits, training=training, report=report, skipped=skipped, notes=notes
        )


def read_data(data_args: DataArguments) -> tuple[DatasetDict, dict[str, int]]:
    """The three splits with the columns `image` and `annotation`, and how many bad images were left out of each."""
    data = load_data(data_args.dataset_name)
    size, seed, test_split = data_args.validation_size, data_args.validation_seed, data_args.test_split
    if data_args.validation_from_test and test_split in data:
        if not 0 < size < len(data[test_split]):
            raise InputError(f"validation_size is {size}, but must be from 1 to {len(data[test_split]) - 1}")
        parts = data[test_split].train_test_split(train_size=size, seed=seed)
        rest = {name: split for name, split in data.items() if name != test_split}
        data, size, test_split = DatasetDict(rest | {"validation": parts["train"], "test": parts["test"]}), 0, "test"
    data = with_validation(data, size=size, seed=seed, test_split=test_split)
    skipped = dict.fromkeys(data, 0)
    for name, split in data.items():
        for wanted, column in (("image", data_args.image_column), ("annotation", data_args.annotation_column)):
            if find_column(split, column, Image, wanted) != wanted:
                split = split.rename_column(column, wanted)
        if data_args.max_samples is not None:
            split = split.shuffle(seed=seed).select(range(min(len(split), data_args.max_samples)))
        if data_args.skip_bad_samples:
            split, skipped[name] = without_bad_samples(split)
        data[name] = split
    return data, skipped


def make_splits(
    data: DatasetDict, data_args: DataArguments, model_args: ModelArguments, ignore_index: int
) -> dict[str, SegmentationImages]:
    """The splits as inputs of a model: normalised as its checkpoint wants, else as is usual with ImageNet."""
    like = {}
    if model_args.model_name_or_path is not None:
        try:
            processor = AutoImageProcessor.from_pretrained(model_args.model_name_or_path)
            like = {"mean": processor.image_mean, "std": processor.image_std}
        except (OSError, ValueError):  # it has none
            pass
    names, ids = data_args.class_names, data_args.label_ids
    return {name: SegmentationImages(split, len(names), ignore_index, ids, **like) for name, split in data.items()}


def make_model(model_args: ModelArguments, names: list[str]) -> AutoModelForSemanticSegmentation:
    """The checkpoint with a head for these classes, or a new model."""
    classes = {"id2label": dict(enumerate(names)), "label2id": {name: index for index, name in enumerate(names)}}
    if model_args.model_name_or_path is None and model_args.model_type not in CONFIG_MAPPING:
        raise InputError(
            f"unknown model_type {model_args.model_type!r}: give deeplabv3plus or one of transformers: segformer"
        )
    try:
        if model_args.model_name_or_path:
            return AutoModelForSemanticSegmentation.from_pretrained(
                model_args.model_name_or_path, ignore_mismatched_sizes=True, **classes
            )
        config = AutoConfig.for_model(model_args.model_type, **classes)
        if model_args.config_overrides:
            config.update_from_string(model_args.config_overrides)
            config = type(config).from_dict(config.to_dict())  # so that it is checked as a whole
        model = AutoModelForSemanticSegmentation.from_config(config)
    except InputError:
        raise
    except (OSError, ValueError, IndexError) as error:  # no such checkpoint, no such setting
        raise InputError(f"the model cannot be made: {str(error).splitlines()[0][:300]}") from error
    if model_args.encoder_weights:
        if not hasattr(model, "load_encoder_weights"):
            raise InputError(f"encoder_weights are for deeplabv3plus, but model_type is {model_args.model_type!r}")
        model.load_encoder_weights(model_args.encoder_weights)
    return model


if __name__ == "__main__":
    run_script(main)
