"""`transformers.TrainingArguments`, with label smoothing checked and what the paper's recipes need."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import TrainingArguments

from abstain._checks import InputError, check_smoothing

LOWER_IS_BETTER = ("loss", "risk", "aurc")
"""Metrics of every evaluation that a good model has small; coverages at a risk are better when larger."""


@dataclass
class SelectiveTrainingArguments(TrainingArguments):
    """Every field of `TrainingArguments`, and those below.

    `label_smoothing_factor` must be in [0, 1), and `greater_is_better` is set right for the metrics of
    `SelectiveTrainer` (`aurc`, `risk`, `cov@5`, …) unless it is given.

    Raises:
        InputError: α outside [0, 1), a best model wanted by the smoothed loss, or `lr_step_epochs` with `max_steps`.
    """

    lr_step_epochs: list[float] | None = field(
        default=None,
        metadata={
            "help": "Epochs after which the learning rate is multiplied by lr_step_factor; replaces lr_scheduler_type."
        },
    )
    lr_step_factor: float = field(
        default=0.1, metadata={"help": "What lr_step_epochs multiplies the learning rate with."}
    )
    decay_all_parameters: bool = field(
        default=False,
        metadata={"help": "Apply weight_decay to biases and normalisation too, as plain SGD recipes do."},
    )
    channels_last: bool = field(
        default=False, metadata={"help": "Keep images and convolutions in channels-last memory format (often faster)."}
    )
    overwrite_output_dir: bool = field(
        default=False, metadata={"help": "Replace the results that output_dir holds; without it they are kept."}
    )

    @property
    def folder(self) -> Path:
        """`output_dir` as a path."""
        return Path(str(self.output_dir))

    def __post_init__(self) -> None:
        self.label_smoothing_factor = check_smoothing(self.label_smoothing_factor)
        if self.lr_step_epochs and self.max_steps > 0:
            raise InputError(
                f"lr_step_epochs counts epochs, but max_steps = {self.max_steps} counts steps: give num_train_epochs"
            )
        metric = (self.metric_for_best_model or "").removeprefix("eval_")
        if metric == "smoothed_loss":
            raise InputError(
                "metric_for_best_model is the smoothed loss, which differs between smoothing factors: "
                "take aurc, risk or loss (the plain cross-entropy)"
            )
        if metric and self.greater_is_better is None:
            self.greater_is_better = metric not in LOWER_IS_BETTER
        if not torch.accelerator.is_available():
            self.use_cpu = True  # what Trainer would do, but bf16 it refuses until it is told
        super().__post_init__()
