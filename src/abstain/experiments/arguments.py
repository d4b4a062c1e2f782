"""The arguments that the training scripts share: what to train on, and how runs are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar

from transformers.trainer_utils import IntervalStrategy, SaveStrategy

from abstain._checks import ArgumentError, check_at_least
from abstain.inference.kept_validation import check_target
from abstain.training.arguments import SelectiveTrainingArguments

EXPLAINED = {one.name: one.metadata for one in fields(SelectiveTrainingArguments)}
"""Field -> what `--help` says of it."""


@dataclass
class ScriptTrainingArguments(SelectiveTrainingArguments):
    """`SelectiveTrainingArguments` with what nearly every experiment wants: evaluate and save once an epoch, keep two.

    A run that was stopped can go on then, and a seed is part of an experiment's name, so it begins at 0.

    Attributes:
        GROUPS: title -> the fields that `--help` shows under it; `--help-all` shows the others too.

    Raises:
        InputError: as `SelectiveTrainingArguments`; other `label_names`, or a target that is none.
    """

    GROUPS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "smoothing and abstention": (
            "label_smoothing_factor",
            "max_suppression_factor",
            "focal_gamma",
            "logit_norm_temperature",
            "allow_negative_smoothing",
            "class_weights",
            "target_risk",
            "delta",
            "ignore_index",
            "eval_pixels_per_sample",
            "eval_pixels_seed",
        ),
        "mixed samples": (
            "mixup_alpha",
            "cutmix_alpha",
        ),
        "how it runs": (
            "output_dir",
            "overwrite_output_dir",
            "num_train_epochs",
            "per_device_train_batch_size",
            "per_device_eval_batch_size",
            "gradient_accumulation_steps",
            "seed",
            "bf16",
            "channels_last",
            "dataloader_num_workers",
        ),
        "how the weights are learnt": (
            "optim",
            "learning_rate",
            "backbone_learning_rate_factor",
            "lr_scheduler_type",
            "warmup_steps",
            "lr_step_epochs",
            "lr_step_factor",
            "weight_decay",
            "decay_all_parameters",
            "sam_rho",
            "ema_decay",
        ),
    }

    eval_strategy: IntervalStrategy | str = field(default="epoch", metadata=EXPLAINED["eval_strategy"])
    save_strategy: SaveStrategy | str = field(default="epoch", metadata=EXPLAINED["save_strategy"])
    save_total_limit: int | None = field(default=2, metadata=EXPLAINED["save_total_limit"])
    report_to: None | str | list[str] = field(  # noqa: RUF036 - as HfArgumentParser reads it
        default="none", metadata=EXPLAINED["report_to"]
    )
    seed: int = field(default=0, metadata=EXPLAINED["seed"])
    target_risk: float | None = field(
        default=None,
        metadata={
            "help": "Choose on validation data when to answer, so that at most this share of the answers is wrong, and "
            "write abstention.json; default: do not."
        },
    )
    delta: float | None = field(
        default=None,
        metadata={"help": "With target_risk: guarantee it with probability 1 - delta; default: no guarantee."},
    )

    def __post_init__(self) -> None:
        check_target(self.target_risk, self.delta)
        if self.label_names not in (None, ["labels"]):
            raise ArgumentError(
                f"label_names are {self.label_names}, but the data of the scripts have labels alone: leave them out"
            )
        super().__post_init__()


@dataclass
class DataArguments:
    """Which data to train on; a script adds what is special to its kind.

    Attributes:
        AT_LEAST: field -> the smallest value that it may have; a script adds its own.

    Raises:
        InputError: there is no data set, or a value below its smallest.
    """

    AT_LEAST: ClassVar[Mapping[str, float]] = {"validation_size": 0, "validation_seed": 0, "max_samples": 1}
    _argument_group_name: ClassVar[str] = "data"

    dataset_name: str | None = field(default=None, metadata={"help": "A local folder of files, or a Hub name."})
    label_column: str | None = field(
        default=None, metadata={"help": "Classes, integers or texts; default: the only column of classes, or `label`."}
    )
    test_split: str = field(default="test", metadata={"help": "The split that is reported."})
    validation_size: int = field(
        default=0, metadata={"help": "Samples of train to hold out for validation; 0 takes the split `validation`."}
    )
    validation_seed: int = field(default=0, metadata={"help": "Chooses them; the same for all runs to be compared."})
    max_samples: int | None = field(
        default=None, metadata={"help": "Only so many of each split, chosen at random, for a quick try."}
    )

    def __post_init__(self) -> None:
        if self.dataset_name is None:
            raise ArgumentError("there is no data set: give dataset_name a folder or a Hub name")
        check_at_least(self, **self.AT_LEAST)
