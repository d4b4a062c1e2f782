"""`transformers.TrainingArguments`, with label smoothing checked and what the paper's recipes need."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import TrainingArguments

from abstain._arguments import check_integer, check_numbers, check_smoothing
from abstain._checks import ArgumentError, check_choice
from abstain._files import as_path
from abstain.training.best_model import direction_of_best
from abstain.training.limits import check_limits

TEMPERATURE, WEIGHT = 2.0, 0.5
"""Of distillation, where nothing else is said."""
IN_PLACE_OF_EACH_OTHER = ("max_suppression_factor", "focal_gamma", "label_smoothing_factor")
"""Arguments of the loss of which a training has one at most."""


@dataclass
class SelectiveTrainingArguments(TrainingArguments):
    """Every field of `TrainingArguments`, and those below.

    `label_smoothing_factor` must be in [0, 1), or below 0 too with `allow_negative_smoothing`, and `greater_is_better`
    is set right for the metrics of `SelectiveTrainer` (`aurc`, `risk`, `cov@5`, …) unless it is given.

    Raises:
        InputError: α or another number outside its range, a best model wanted by the smoothed loss, bad
            `lr_step_epochs`, class weights that are not positive, an evaluation in parts, `sam_rho` where the norm of
            the gradient is not to be had, or how to learn from a teacher without one.
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
    ema_decay: float = field(
        default=0.0,
        metadata={
            "help": "Evaluate and save not the weights that are trained but their exponential moving average, which "
            "keeps this share of itself at every update and takes the rest from them, such as 0.999 where there are "
            "many thousand updates; it takes the memory of a second model; 0 is without it."
        },
    )
    backbone_learning_rate_factor: float = field(
        default=1.0, metadata={"help": "What the learning rate of the model's backbone is multiplied with."}
    )
    ignore_index: int | None = field(
        default=None,
        metadata={"help": "The label of what neither loss nor evaluation counts. Default: as the model says, or -100."},
    )
    class_weights: list[float] | None = field(
        default=None, metadata={"help": "A weight for each class in the loss that is minimised; default: all alike."}
    )
    max_suppression_factor: float = field(
        default=0.0,
        metadata={"help": "In place of label smoothing, what pulls the largest logit down (MaxSup); 0 is without it."},
    )
    focal_gamma: float = field(
        default=0.0,
        metadata={
            "help": "In place of label smoothing, multiply cross-entropy by 1 minus the probability of the label to "
            "this power, so that easy samples count little (focal loss; 2 is common); 0 is without it."
        },
    )
    logit_norm_temperature: float = field(
        default=0.0,
        metadata={
            "help": "Train on the logits divided by their 2-norm and by this temperature, such as 0.04 (LogitNorm of "
            "Wei et al. 2022; not the repair after training); the model that is saved gives its own logits, as theirs "
            "does when it is tested; 0 is without it."
        },
    )
    mixup_alpha: float = field(
        default=0.0,
        metadata={
            "help": "Mixup: every sample is λ of itself and 1 - λ of another one, and so is its label, λ ~ Beta(this, "
            "this); of images and tables. 0.2 is common, 0 without it; with cutmix_alpha, one or the other at random."
        },
    )
    cutmix_alpha: float = field(
        default=0.0,
        metadata={
            "help": "CutMix: over every image a box of another one is pasted, 1 - λ of its area, λ ~ Beta(this, this), "
            "and the label is mixed by the area that is left. 1 is common, 0 without it."
        },
    )
    teacher: str | None = field(
        default=None,
        metadata={
            "help": "Distillation: learn from this classifier of the same classes too, a checkpoint (a folder, a Hub "
            "name) that sees the same augmented or mixed inputs; or from its logits of the training samples as they "
            "are, a file in their order."
        },
    )
    distillation_temperature: float = field(
        default=TEMPERATURE,
        metadata={
            "help": "With teacher: the temperature T that both outputs are softened by; the larger, the more the small "
            "probabilities count."
        },
    )
    distillation_weight: float = field(
        default=WEIGHT,
        metadata={"help": "With teacher: the share in [0, 1] of T² times its divergence; the rest is the own loss."},
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
        # Resuming such a run, Trainer of transformers 5.6 asks torch to load states to `cpu:0`, which it refuses.
        device = super().device
        return torch.device("cpu") if device.type == "cpu" else device

    def __post_init__(self) -> None:
        self.check_numbers()
        if self.output_dir is not None:
            as_path(self.output_dir, "output_dir")
        if self.ignore_index is not None:
            self.ignore_index = check_integer("ignore_index", self.ignore_index)
        if self.torch_compile_mode is not None:
            check_choice("torch_compile_mode", self.torch_compile_mode, torch._inductor.list_mode_options())
        self._check_steps()
        if self.batch_eval_metrics or not self.eval_do_concat_batches:
            raise ArgumentError(
                "AURC needs all samples at once: leave out batch_eval_metrics and eval_do_concat_batches=False"
            )
        if self.save_strategy == "best" and not self.metric_for_best_model:
            raise ArgumentError(
                "save_strategy best needs to know what is best: give metric_for_best_model, such as aurc"
            )
        if self.metric_for_best_model:
            self.greater_is_better = direction_of_best(self.metric_for_best_model, self.greater_is_better)
        if not torch.accelerator.is_available():
            self.use_cpu = True  # what Trainer would do, but bf16 it refuses until it is told
        super().__post_init__()
        if self.sam_rho and self.mixed_precision == "fp16":  # from a flag, or from what starts the processes
            raise ArgumentError(
                "sam_rho needs the norm of the gradient, which fp16 scales as it goes: take bf16 or float32"
            )

    def check_numbers(self) -> None:
        """Check what has a range; again before each training, since a search of hyper-parameters changes it.

        Raises:
            ArgumentError: a number outside its range, two things in place of each other, or weights not above 0.
        """
        check_limits(self)
        self.label_smoothing_factor = check_smoothing(
            self.label_smoothing_factor, allow_negative=self.allow_negative_smoothing
        )
        self._check_what_stands_in_place()
        self._check_teacher()
        if self.class_weights is None:
            return
        self.class_weights = check_numbers("class_weights", self.class_weights)
        if not self.class_weights or not all(0 < weight < math.inf for weight in self.class_weights):
            raise ArgumentError(
                f"class_weights are {self.class_weights}, but must be numbers above 0, one for each class"
            )

    def _check_what_stands_in_place(self) -> None:
        given = [name for name in IN_PLACE_OF_EACH_OTHER if getattr(self, name)]
        if len(given) > 1:
            told = " and ".join(f"{name} {getattr(self, name):g}" for name in given[:2]).replace(" ", " is ", 1)
            raise ArgumentError(f"{told}, but one stands in place of the other: leave out one of them")
        if self.logit_norm_temperature and self.max_suppression_factor:
            raise ArgumentError(
                f"logit_norm_temperature is {self.logit_norm_temperature:g} and max_suppression_factor "
                f"{self.max_suppression_factor:g}, which could pull down the model's logits or the normalised ones: "
                "leave out one of them"
            )

    def _check_teacher(self) -> None:
        told = (self.distillation_temperature, self.distillation_weight)
        if self.teacher is not None and not str(self.teacher).strip():
            raise ArgumentError("teacher is empty: name a checkpoint or a file of logits, or leave it out")
        if self.teacher is None and told != (TEMPERATURE, WEIGHT):
            raise ArgumentError(
                "distillation_temperature and distillation_weight say how to learn from a teacher, but there is none: "
                "name a teacher, or leave them out"
            )
        if self.teacher is not None and self.logit_norm_temperature:
            raise ArgumentError(
                "teacher and logit_norm_temperature are both given, but whether the normalised logits or the logits "
                "themselves should be like those of the teacher is not told: leave out one of them"
            )

    def _check_steps(self) -> None:
        if not self.lr_step_epochs:
            return
        if self.max_steps > 0:
            raise ArgumentError(
                f"lr_step_epochs counts epochs, but max_steps = {self.max_steps} counts steps: give num_train_epochs"
            )
        if self.warmup_steps:
            raise ArgumentError(
                "lr_step_epochs replaces the schedule, which has no warm-up then: leave out warmup_steps"
            )
        steps = list(self.lr_step_epochs)
        if not all(0 < epoch < math.inf for epoch in steps) or sorted(set(steps)) != steps:
            raise ArgumentError(f"lr_step_epochs are {self.lr_step_epochs}, but must be above 0 and ascending")
