"""A `Trainer` for classifiers that may abstain: a right label-smoothing loss, and AURC at every evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from abstain._checks import ArgumentError, nearest
from abstain._files import no_empty_folders
from abstain.data.pixels import ChosenPixels, has_dense_labels
from abstain.inference.abstention import AbstentionRule
from abstain.logits.dataset import write_logits
from abstain.logits.extract import extract_logits, extract_pixel_logits
from abstain.losses import smoothed_cross_entropy
from abstain.training.backbone import slow_backbone
from abstain.training.checkpoints import CheckpointingTrainer, naming_what_is_not_written
from abstain.training.refusals import check_classes, check_optim_args, naming_what_is_refused
from abstain.training.sam import replace_gradient
from abstain.training.statistics import classes_second, logits_of

MEASURED = ("loss", "risk", "aurc", "cov@5", "cov@1")
"""What an evaluation reports and a best model can be chosen by."""


class SelectiveTrainer(CheckpointingTrainer):
    """A `Trainer` whose loss is label-smoothed cross-entropy and whose evaluations say how well the model abstains.

    It minimises `smoothed_cross_entropy` with `args.label_smoothing_factor`, averaged over all samples of an
    update whatever the number of accumulation steps and processes. `evaluate()` reports `eval_loss` (plain
    cross-entropy, so comparable across smoothing factors), `eval_smoothed_loss`, `eval_risk`, `eval_aurc`,
    `eval_cov@5` and `eval_cov@1`, and keeps four numbers a sample; `predict()` returns the logits.

    In segmentation, with logits (N, K, h, w) and labels (N, H, W), a sample is a pixel whose label is not
    `args.ignore_index`. Training interpolates smaller logits to the size of the labels; evaluation takes a seeded few
    pixels of every image, and the logits nearest to them.

    Args: those of `Trainer`, except `compute_loss_func`, which it sets, and `preprocess_logits_for_metrics`.
        A `compute_metrics` of your own gets logits and labels, and adds its values.

    Raises:
        InputError: `args` are no `SelectiveTrainingArguments`, one of the two excepted arguments is given, one process
            sees several GPUs, or workers that live on would not learn the epoch of augmented data.

    What it and its two bases use of `Trainer` that is not public, and the tests that fail when it changes (all
    signatures are compared in `test_trainer.py`, which also finds what is missing here):

    - override `_save_checkpoint`: no callback comes before a checkpoint is written, nor around it, but older ones may
      go only once the new one is whole, and a full disk is to be named (`test_checkpoints.py`, `test_killed_runs.py`);
    - override `_load_from_checkpoint` and `_load_best_model`: both pass over weights that transformers itself saves
      under older names, and warn where they should stop (`test_checkpoints.py`);
    - call `_get_output_dir`: where a search of hyper-parameters puts its checkpoints (`test_checkpoints.py`);
    - call `_prepare_inputs`: as every `prediction_step` must (`test_evaluating.py`);
    - set `_created_lr_scheduler`: so that a second `train()` begins its schedule anew (`test_trainer.py`).
    """

    def __init__(
        self, model: nn.Module | None = None, args: TrainingArguments | None = None, *more: Any, **kwargs: Any
    ) -> None:
        if kwargs.get("compute_loss_func") is not None:
            raise ArgumentError(
                "compute_loss_func is given, but SelectiveTrainer sets it: use Trainer for another loss"
            )
        self._batches_of_update: list[dict[str, Any]] = []
        with naming_what_is_refused("trainer"):
            with no_empty_folders(Path(str(getattr(args, "output_dir", ".")))):  # which Trainer makes too early
                super().__init__(model, args, *more, **kwargs)
        best = "_" + (self.args.metric_for_best_model or "loss")
        if kwargs.get("compute_metrics") is None and not best.endswith(tuple(f"_{name}" for name in MEASURED)):
            raise ArgumentError(f"metric_for_best_model is {best[1:]!r}: {nearest(best[1:], MEASURED)}")
        if self.args.sam_rho and (self.is_fsdp_enabled or self.is_deepspeed_enabled):
            raise ArgumentError(
                "sam_rho needs whole gradients on each process, but FSDP and DeepSpeed cut them: leave them out"
            )
        check_classes(self.args, self.model)
        self.compute_loss_func = self._training_loss
        if self.args.dataloader_persistent_workers and hasattr(self.train_dataset, "set_epoch"):
            raise ArgumentError(
                "dataloader_persistent_workers keeps copies of the data that never learn their epoch, so every epoch "
                "would be augmented alike: leave it out"
            )
        self.add_callback(_SetEpoch())
        self._to_channels_last(self.model)

    def init_hf_repo(self, token: str | None = None, private: bool | None = None) -> None:
        """Make the repository on the Hub that `push_to_hub` fills, as `Trainer` does."""
        with naming_what_is_refused("repository of push_to_hub", (Exception,)):  # no network, no token, no right
            super().init_hf_repo(token, private)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The batches of training, as of `Trainer`."""
        with naming_what_is_refused("batches"):
            return super().get_train_dataloader()

    def _to_channels_last(self, model: nn.Module | None) -> None:
        if self.args.channels_last and model is not None:
            nn.Module.to(model, memory_format=torch.channels_last)

    def call_model_init(self, trial: Any = None) -> nn.Module:
        """The model that `model_init` makes, in the memory format of the arguments."""
        model = super().call_model_init(trial)
        self._to_channels_last(model)
        return model

    def _training_loss(self, outputs: Any, labels: Tensor, num_items_in_batch: Tensor | None = None) -> Tensor:
        of_transformers = isinstance(self.accelerator.unwrap_model(self.model), PreTrainedModel)
        logits = classes_second(logits_of(outputs), labels, of_transformers=of_transformers)
        if logits.ndim == 4 and logits.shape[2:] != labels.shape[1:]:
            logits = functional.interpolate(logits.float(), labels.shape[1:], mode="bilinear", align_corners=False)
        settings: dict[str, Any] = {
            "smoothing": self.args.label_smoothing_factor,
            "allow_negative_smoothing": self.args.allow_negative_smoothing,
            "ignore_index": self.args.ignore_index,
            "weight": self._class_weights(logits),
        }
        if num_items_in_batch is None:
            return smoothed_cross_entropy(logits, labels, **settings)
        total = smoothed_cross_entropy(logits, labels, **settings, reduction="sum")
        return total / num_items_in_batch.where(num_items_in_batch > 0, 1)

    def _class_weights(self, logits: Tensor) -> Tensor | None:
        weights = self.args.class_weights
        if weights is not None and len(weights) != logits.shape[1]:
            raise ArgumentError(f"there are {len(weights)} class_weights, but the model has {logits.shape[1]} classes")
        return None if weights is None else torch.tensor(weights, device=logits.device)

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *more: Any, **kwargs: Any) -> Any:
        """The loss of a batch, of images in the memory format of the arguments."""
        return super().compute_loss(model, self._in_memory_format(inputs), *more, **kwargs)

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: list[str] | None = None
    ) -> tuple[None, Any, Tensor | None]:
        """As of `EvaluatingTrainer`, of images in the memory format of the arguments."""
        return super().prediction_step(model, self._in_memory_format(inputs), prediction_loss_only, ignore_keys)

    def _in_memory_format(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if not self.args.channels_last:
            return inputs
        images = {name: value for name, value in inputs.items() if isinstance(value, Tensor) and value.ndim == 4}
        return {**inputs, **{k: image.contiguous(memory_format=torch.channels_last) for k, image in images.items()}}

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Tensor | int | None]:
        """The batches of an update, and what its loss is divided by: its labels that count, weighted by their class.

        The stock Trainer takes any label but -100 for one that counts, and knows no weights.
        """
        self._batches_of_update = []  # of an update that was broken off
        if self.args.ignore_index == -100 and self.args.class_weights is None:
            return super().get_batch_samples(epoch_iterator, num_batches, device)
        batches = list(islice(epoch_iterator, num_batches))
        labels = [batch.get("labels") for batch in batches]
        if not labels or not all(isinstance(part, Tensor) for part in labels):
            return batches, None
        total = self._weight_of(labels).to(device)
        if self.args.average_tokens_across_devices and self.args.world_size > 1:
            total = self.accelerator.gather(total).sum()
        return batches, total / (self.get_tp_size() * self.get_cp_size() * self.get_sp_size())  # which share a batch

    def _weight_of(self, labels: list[Tensor]) -> Tensor:
        ignored, class_weights = self.args.ignore_index, self.args.class_weights
        if class_weights is None:
            return cast(Tensor, sum(part.ne(ignored).sum() for part in labels))
        weights = torch.tensor(class_weights, dtype=torch.float64)
        flat = torch.cat([part.flatten() for part in labels]).cpu()
        frequencies = torch.bincount(flat[flat != ignored], minlength=len(weights))[: len(weights)]
        return (frequencies * weights).sum().float()

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Forward and backward of one batch; with `sam_rho`, after the last of an update all of them once more."""
        loss = super().training_step(model, inputs, num_items_in_batch)
        if not self.args.sam_rho:
            return loss
        self._batches_of_update.append(inputs)
        if self.accelerator.sync_gradients:
            *others, last = self._batches_of_update
            self._batches_of_update = []

            def recompute() -> None:
                with self.accelerator.no_sync(model):
                    for batch in others:
                        super(SelectiveTrainer, self).training_step(model, batch, num_items_in_batch)
                super(SelectiveTrainer, self).training_step(model, last, num_items_in_batch)

            replace_gradient(model, recompute, rho=self.args.sam_rho)
        return loss

    def save_with_logits(self, datasets: Mapping[str, Dataset[Any]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Save the model, and as a logits data set beside it what the saved model says of each of `datasets`.

        The model is loaded anew for that, so that the logits are those of its users: in the precision of the
        weights, whatever the precision of training.

        Args:
            datasets: name of each split -> items with the model's inputs and `labels`.

        Returns:
            Name -> (logits (N, K) float32, labels (N,) int64); also in `output_dir/logits/name.parquet`. In
            segmentation a row is a pixel that an evaluation counts, and the file says in `sample` of which image.
        """
        folder = self.args.folder
        if self.is_fsdp_enabled:  # whole weights, also where checkpoints are in parts
            self.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
        with naming_what_is_not_written(folder):
            self.save_model()
        self.accelerator.wait_for_everyone()
        model = type(self.accelerator.unwrap_model(self.model)).from_pretrained(folder)
        batch_size, collator = self.args.per_device_eval_batch_size, self.data_collator
        logits = {}
        for name, dataset in datasets.items():
            evaluated, sample = self._evaluated(dataset), None
            if isinstance(evaluated, ChosenPixels):
                values, labels, sample = extract_pixel_logits(
                    model, evaluated, batch_size=batch_size, data_collator=collator
                )
            else:
                values, labels = extract_logits(model, evaluated, batch_size=batch_size, data_collator=collator)
            if self.is_world_process_zero():
                write_logits(folder / "logits", name, values, labels, sample=sample)
            logits[name] = (values, labels)
        return logits

    def calibrate(
        self, validation: Dataset[Any], *, target_risk: float, delta: float | None = None, **fit: Any
    ) -> AbstentionRule:
        """Save the model and, fitted on validation data, when it should answer: `abstention.json` in `output_dir`.

        Args:
            validation: items with the model's inputs and `labels`, none of which it was trained on.
            target_risk: the selective risk to stay below, a fraction in (0, 1).
            delta: fraction in (0, 1) for a threshold with a guarantee; None for an empirical one.
            **fit: `p_grid`, `center` and `fallback` of `LogitNorm.fit`, and the `seed` of the halves.

        Raises:
            NoThresholdError: no threshold qualifies; the model is saved, and no rule.
            InputError: as `AbstentionRule.fit`; `delta` for dense labels, whose pixels are not independent.
        """
        if delta is not None and has_dense_labels(validation):
            raise ArgumentError("pixels of one image are not independent, so no guarantee holds: leave out delta")
        logits, labels = self.save_with_logits({"validation": validation})["validation"]
        rule = AbstentionRule.fit(logits, labels, target_risk=target_risk, delta=delta, **fit)
        if self.is_world_process_zero():
            rule.save(self.args.folder)
        return rule

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """The optimiser of `Trainer`, with a learning rate of its own for the backbone if the arguments want one."""
        made = self.optimizer is None
        check_optim_args(self.args, cast(PreTrainedModel, model or self.model))
        with naming_what_is_refused("optimizer"):
            optimizer = super().create_optimizer(model)
        if made and self.args.backbone_learning_rate_factor != 1.0:
            slow_backbone(optimizer, cast(nn.Module, model or self.model), self.args.backbone_learning_rate_factor)
        return optimizer

    def get_decay_parameter_names(self, model: nn.Module) -> list[str]:
        """The parameters that weight decay applies to: all of them with `decay_all_parameters`."""
        if self.args.decay_all_parameters:
            return [name for name, _ in model.named_parameters()]
        return super().get_decay_parameter_names(model)

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """The learning-rate schedule: steps after whole epochs with `lr_step_epochs`, else that of `Trainer`."""
        if self.args.lr_step_epochs and self.lr_scheduler is None:
            steps_per_epoch = num_training_steps / self.args.num_train_epochs
            steps = [round(epoch * steps_per_epoch) for epoch in self.args.lr_step_epochs]
            optimizer = optimizer or cast(torch.optim.Optimizer, self.optimizer)
            for group in optimizer.param_groups:
                group["lr"] = group.get("initial_lr", group["lr"])  # as a training before this one found it
            schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, steps, gamma=self.args.lr_step_factor)
            self.lr_scheduler = cast(torch.optim.lr_scheduler.LambdaLR, schedule)  # Trainer takes any schedule
            self._created_lr_scheduler = True
        with naming_what_is_refused("schedule"):
            return super().create_scheduler(num_training_steps, optimizer)


class _SetEpoch(TrainerCallback):
    """Tells the training data its epoch; accelerate does not on several processes with a seedable sampler."""

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        loader = kwargs.get("train_dataloader")
        set_epoch = getattr(getattr(loader, "dataset", None), "set_epoch", None)
        if set_epoch is not None:
            set_epoch(int(state.epoch or 0))
