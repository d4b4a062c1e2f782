"""`transformers.TrainingArguments`, with label smoothing checked and what the paper's recipes need."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import TrainingArguments

from abstain._arguments import check_smoothing
from abstain._checks import InputError
from abstain.training.limits import check_limits

LOWER_IS_BETTER = ("loss", "risk", "aurc")
"""Metrics of every evaluation that a good model has small; coverages at a risk are better when larger."""


@dataclass
class SelectiveTrainingArguments(TrainingArguments):
    """Every field of `TrainingArguments`, and those below.

    `label_smoothing_factor` must be in [0, 1), or below 0 too with `allow_negative_smoothing`, and `greater_is_better`
    is set right for the metrics of `SelectiveTrainer` (`aurc`, `risk`, `cov@5`, …) unless it is given.

    Raises:
        InputError: α or another number outside its range, a best model wanted by the smoothed loss, bad
            `lr_step_epochs`, class weights that are not positive, an evaluation in parts, or `sam_rho` where the norm
            of the gradient is not to be had.
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
    sam_rho: float = field(
        default=0.0,
        metadata={"help": "Radius of sharpness-aware minimisation, which takes two passes an update; 0 is without it."},
    )
    backbone_learning_rate_factor: float = field(
        default=1.0, metadata={"help": "What the learning rate of the model's backbone is multiplied with."}
    )
    ignore_index: int = field(
        default=-100, metadata={"help": "The label of pixels that neither the loss nor the evaluation counts."}
    )
    class_weights: list[float] | None = field(
        default=None, metadata={"help": "A weight for each class in the loss that is minimised; default: all alike."}
    )
    allow_negative_smoothing: bool = field(
        default=False, metadata={"help": "Take a label_smoothing_factor below 0 (negative label smoothing)."}
    )
    eval_pixels_per_sample: int = field(
        default=5000, metadata={"help": "Of segmentation: labelled pixels of an image that an evaluation counts."}
    )
    eval_pixels_seed: int = field(
        default=0, metadata={"help": "Chooses them; the same for all runs to be compared, whatever their `seed`."}
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

    @property
    def device(self) -> torch.device:
        """Where this process computes; with several on processors, `cpu` without a number."""
        # Where such a run is resumed, Trainer of transformers 5.6 has torch load to `cpu:0`, which it refuses.
        device = super().device
        return torch.device("cpu") if device.type == "cpu" else device

    def __post_init__(self) -> None:
        self.label_smoothing_factor = check_smoothing(
            self.label_smoothing_factor, allow_negative=self.allow_negative_smoothing
        )
        check_limits(self)
        self._check_steps()
        if self.class_weights is not None and not min(self.class_weights, default=0) > 0:
            raise InputError(f"class_weights are {self.class_weights}, but must be numbers above 0, one for each class")
        if self.batch_eval_metrics or not self.eval_do_concat_batches:
            raise InputError(
                "AURC needs all samples at once: leave out batch_eval_metrics and eval_do_concat_batches=False"
            )
        if self.save_strategy == "best" and not self.metric_for_best_model:
            raise InputError("save_strategy best needs to know what is best: give metric_for_best_model, such as aurc")
        metric = "_" + (self.metric_for_best_model or "")  # eval_aurc, or eval_NAME_aurc for one of several data sets
        if metric.endswith("_smoothed_loss"):
            raise InputError(
                "metric_for_best_model is the smoothed loss, which differs between smoothing factors: "
                "take aurc, risk or loss (the plain cross-entropy)"
            )
        if self.metric_for_best_model and self.greater_is_better is None:
            self.greater_is_better = not metric.endswith(tuple(f"_{name}" for name in LOWER_IS_BETTER))
        if not torch.accelerator.is_available():
            self.use_cpu = True  # what Trainer would do, but bf16 it refuses until it is told
        super().__post_init__()
        if self.sam_rho and self.mixed_precision == "fp16":  # from a flag, or from what starts the processes
            raise InputError(
                "sam_rho needs the norm of the gradient, which fp16 scales as it goes: take bf16 or float32"
            )

    def _check_steps(self) -> None:
        if not self.lr_step_epochs:
            return
        if self.max_steps > 0:
            raise InputError(
                f"lr_step_epochs counts epochs, but max_steps = {self.max_steps} counts steps: give num_train_epochs"
            )
        if self.warmup_steps:
            raise InputError("lr_step_epochs replaces the schedule, which has no warm-up then: leave out warmup_steps")
        steps = list(self.lr_step_epochs)
        if not all(0 < epoch < math.inf for epoch in steps) or sorted(set(steps)) != steps:
            raise InputError(f"lr_step_epochs are {self.lr_step_epochs}, but must be above 0 and ascending")
