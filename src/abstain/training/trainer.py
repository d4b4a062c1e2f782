"""A `Trainer` for classifiers that may abstain: a right label-smoothing loss, and AURC at every evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from abstain._checks import ArgumentError, InputError
from abstain._files import no_empty_folders
from abstain.training.best_model import check_is_measured
from abstain.training.distillation import DistillationLoss
from abstain.training.labels import CheckedLabels
from abstain.training.loss import TrainingLoss
from abstain.training.refusals import check_can_be_cut, check_classes, n_logits_of, naming_what_is_refused
from abstain.training.sam import replace_gradient
from abstain.training.saving import SavingTrainer
from abstain.training.statistics import logits_of, statistics_dtype
from abstain.training.stored_teacher import TEACHER_LOGITS
from abstain.training.training_data import are_drawn_anew, learnt_from, teacher_of


class SelectiveTrainer(SavingTrainer):
    """A `Trainer` whose loss is label-smoothed cross-entropy and whose evaluations say how well the model abstains.

    It minimises `smoothed_cross_entropy` with `args.label_smoothing_factor`, or in its place `max_suppression` with
    `args.max_suppression_factor` or `focal_loss` with `args.focal_gamma`, of the logits or with
    `args.logit_norm_temperature` of `normalized_logits`, averaged over all samples of an update whatever the number of
    accumulation steps and processes; the labels are classes, or distributions (N, K) over them, such as
    `args.mixup_alpha` and `args.cutmix_alpha` make of pairs of samples. With `args.teacher` a share of the loss is the
    `distillation` from another classifier. With `args.ema_decay` the model is a moving average of the weights that it
    trains. `evaluate()` reports `eval_loss` (plain cross-entropy, so comparable across smoothing factors),
    `eval_smoothed_loss`, `eval_risk`, `eval_aurc`, `eval_cov@5` and `eval_cov@1`, and keeps four numbers a sample;
    `predict()` returns the logits.

    In segmentation, with logits (N, K, h, w) and labels (N, H, W), a sample is a pixel whose label is not
    `ignore_index`. Training interpolates smaller logits to the size of the labels; evaluation takes a seeded few
    pixels of every image, and the logits nearest to them.

    It takes the arguments of `Trainer`, except `compute_loss_func`, which it sets, and `preprocess_logits_for_metrics`.
    A `compute_metrics` of your own gets logits and labels, and adds its values. `train_collator` makes the batches of
    training in place of `data_collator`, such as one that mixes the samples of a batch in another way.

    Raises:
        InputError: `args` are no `SelectiveTrainingArguments` or do not go with the model, one of the two excepted
            arguments is given, one process sees several GPUs, or workers that live on would not learn the epoch of
            augmented data.

    What `Trainer` takes, and this one refuses on purpose, each in one sentence:

    - a loss of your own (`compute_loss_func`), and `preprocess_logits_for_metrics`, which no evaluation would call;
    - `batch_eval_metrics`, `eval_do_concat_batches=False`, evaluations without samples or labels, and sets without a
      length on several processes with `dispatch_batches=False`: AURC needs all samples, each once;
    - models of regression and of several labels, several `label_names`, a label outside 0 … K - 1, and soft labels
      where errors are counted, in evaluations, or on tokens;
    - a `metric_for_best_model` that no evaluation gives, or the smoothed loss, a `greater_is_better` against it, and a
      `direction` of a search without its `compute_objective`;
    - several GPUs in one process (`DataParallel`): start it with `accelerate launch`;
    - a training that goes on after a loss of NaN or infinity, numbers outside their range, keys of `optim_args` that
      the optimizer passes over, and factors on an optimizer that is given;
    - `sam_rho` with FSDP, DeepSpeed or fp16; `channels_last` with FSDP, layers at which it cannot cut the model, and
      under it a model that `from_pretrained` cannot make;
    - `ema_decay` with FSDP, DeepSpeed or weights of half precision, and from a checkpoint without the average;
    - workers that live on (`dataloader_persistent_workers`) where each epoch augments or mixes its data anew;
    - `mixup_alpha` of anything but one input of floats with one class, and `cutmix_alpha` of anything but images;
    - a `teacher` of other classes, or stored logits of other samples than those that the student sees;
    - to push a pickle: of a checkpoint that is pushed, the optimizer and the random numbers stay on their own disk;
    - to resume from a checkpoint of another model.

    What it and its bases use of `Trainer` that is not public, and the tests that fail when it changes (all
    signatures are compared in `test_private_methods.py`, which also finds what is missing here):

    - override `_save_checkpoint`: no callback comes before a checkpoint is written, nor around it, but older ones may
      go only once the new one is whole, and a full disk is to be named (`test_checkpoints.py`, `test_killed_runs.py`);
    - override `_load_from_checkpoint` and `_load_best_model`: both pass over weights that transformers itself saves
      under older names, and warn where they should stop (`test_checkpoints.py`);
    - override `_push_from_checkpoint`: it uploads the optimizer, the random numbers and the arguments as pickles, with
      the token in them, and no callback comes between (`test_pushing.py`);
    - call `_get_output_dir`: where a search of hyper-parameters puts its checkpoints (`test_checkpoints.py`);
    - call `_prepare_inputs`: as every `prediction_step` must (`test_evaluating.py`);
    - set `_created_lr_scheduler`: so that a second `train()` begins its schedule anew (`test_trainer.py`).
    """

    def __init__(
        self,
        model: nn.Module | None = None,
        args: TrainingArguments | None = None,
        *more: Any,
        train_collator: Callable[[list[Any]], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._train_collator = train_collator
        if kwargs.get("compute_loss_func") is not None:
            raise ArgumentError(
                "compute_loss_func is given, but SelectiveTrainer sets it: use Trainer for another loss"
            )
        self._batches_of_update: list[dict[str, Any]] = []
        self._is_checked = False
        with naming_what_is_refused("trainer"), _no_folder_made_too_early(args):
            super().__init__(model, args, *more, **kwargs)
            self._check_arguments()
            self._is_checked = True
            if self.args.push_to_hub:
                self.init_hf_repo()
        self._ignored_samples: Tensor | int = 0
        self._teacher, self._taught = teacher_of(self.args, self.model), cast("Tensor | None", None)
        if self._teacher is not None:
            self.label_names = [self._label_name, TEACHER_LOGITS]  # or they would be a column that nobody uses
        self.compute_loss_func = self._training_loss
        self.add_callback(_SetEpoch())
        self._to_channels_last(self.model)

    def _check_arguments(self) -> None:
        """Refuse what does not go together, before anything is made here or on the Hub."""
        if self.args.metric_for_best_model:
            named = list(self.eval_dataset) if isinstance(self.eval_dataset, dict) else None
            check_is_measured(self.args.metric_for_best_model, named, alone=self._user_metrics is None)
        changed = self.args.backbone_learning_rate_factor != 1 or self.args.decay_all_parameters
        if self.optimizer is not None and changed:
            raise ArgumentError(
                "an optimizer is given, which backbone_learning_rate_factor and decay_all_parameters cannot change: "
                "leave them out, or give optim"
            )
        if self.args.sam_rho and (self.is_fsdp_enabled or self.is_deepspeed_enabled):
            raise ArgumentError(
                "sam_rho needs whole gradients on each process, but FSDP and DeepSpeed cut them: leave them out"
            )
        if self.args.ema_decay and (self.is_fsdp_enabled or self.is_deepspeed_enabled):
            raise ArgumentError(
                "ema_decay needs whole weights on each process, but FSDP and DeepSpeed cut them: leave them out"
            )
        if self.is_fsdp_enabled:
            plugin = self.accelerator.state.fsdp_plugin
            check_can_be_cut(self.model, plugin, channels_last=self.args.channels_last)
        check_classes(self.args, self.model, ignore_index=self.ignore_index)
        if self.args.dataloader_persistent_workers and are_drawn_anew(self.train_dataset, self.args):
            raise ArgumentError(
                "dataloader_persistent_workers keeps copies of the data that never learn their epoch, so every epoch "
                "would be augmented or mixed alike: leave it out"
            )

    @property
    def _loss(self) -> TrainingLoss:
        """Of the arguments as they are now, which a search of hyper-parameters changes."""
        return TrainingLoss.of(self.args, ignore_index=self.ignore_index)

    def _to_channels_last(self, model: nn.Module | None) -> None:
        if self.args.channels_last and model is not None:
            nn.Module.to(model, memory_format=torch.channels_last)

    def call_model_init(self, trial: Any = None) -> nn.Module:
        """The model that `model_init` makes, in the memory format of the arguments."""
        model = super().call_model_init(trial)
        self._to_channels_last(model)
        return model

    def _training_loss(self, outputs: Any, labels: Tensor | None, num_items_in_batch: Tensor | None = None) -> Tensor:
        logits = logits_of(outputs)
        if labels is None:
            raise InputError(
                f"the items of training have no {self._label_name!r}, but are learnt by them: name them in label_names"
            )
        if labels.is_floating_point() and logits.ndim == 3:
            raise InputError("the labels of tokens hold distributions, which none of ours are trained on: give classes")
        loss: Any = self._loss
        if self._taught is not None:
            how = (self.args.distillation_temperature, self.args.distillation_weight)
            loss = DistillationLoss(loss, self._taught, *how)
        return loss(self._classes_second(logits, labels), labels, num_items_in_batch)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """As of `Trainer`, with a look at the labels of each batch before it leaves the CPU."""
        self.args.check_numbers()
        collator, dataset = self.data_collator, self.train_dataset
        own = self._train_collator or collator
        self.data_collator = CheckedLabels(own, self._label_name, n_logits_of(self.model), self.ignore_index)
        try:
            with naming_what_is_refused("batches"):
                self.train_dataset = learnt_from(dataset, self.args, self.model, label_name=self._label_name)
                return super().get_train_dataloader()
        finally:
            self.data_collator, self.train_dataset = collator, dataset

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *more: Any, **kwargs: Any) -> Any:
        """The loss of a batch, of images in the memory format of the arguments."""
        if self._label_name != "labels" and self._label_name in inputs:  # as Trainer looks for them
            inputs = {**inputs, "labels": inputs[self._label_name]}
            del inputs[self._label_name]
        inputs = self._in_memory_format(dict(inputs))
        self._taught = None if self._teacher is None else self._teacher.logits(inputs)
        return super().compute_loss(model, inputs, *more, **kwargs)

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

        The stock Trainer takes any label but -100 for one that counts, and knows no weights and no soft labels.
        """
        self._batches_of_update = []  # of an update that was broken off
        batches = list(islice(epoch_iterator, num_batches))
        labels = [batch.get(self._label_name) for batch in batches]
        if not labels or not all(isinstance(part, Tensor) for part in labels):
            return batches, None
        self._ignored_samples = sum((self._ignored(part) for part in labels), start=self._ignored_samples)
        total = self._loss.count(labels).to(device)
        if self.args.average_tokens_across_devices and self.args.world_size > 1:
            total = self.accelerator.gather(total).sum()
        return batches, total / (self.get_tp_size() * self.get_cp_size() * self.get_sp_size())  # which share a batch

    def _ignored(self, labels: Tensor) -> Tensor | int:
        """How many samples have the one label that does not count; pixels and tokens that do not are no surprise."""
        return labels.eq(self.ignore_index).sum() if labels.ndim == 1 else 0

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """As `Trainer.train`; its metrics say in `train_ignored_samples` how many had a label that does not count.

        The loss that it returns is the mean over all processes, and not that of the first.
        """
        self._ignored_samples = 0
        output = super().train(*args, **kwargs)
        return output._replace(training_loss=output.metrics["train_loss"])

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """As `Trainer.log`; at the end of a training, with what all processes have seen and not the first alone."""
        if self.is_in_train and "train_loss" in logs:
            told = torch.tensor([logs["train_loss"], float(self._ignored_samples)], dtype=torch.float64)
            every = self.accelerator.gather(told.to(self.args.device, statistics_dtype(self.args.device)))
            loss, ignored = every.reshape(-1, 2).double().cpu().unbind(dim=1)
            logs["train_loss"] = float(loss.mean())
            if ignored.sum():
                logs["train_ignored_samples"] = int(ignored.sum())
        super().log(logs, *args, **kwargs)

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Forward and backward of one batch; with `sam_rho`, after the last of an update all of them once more."""
        loss = super().training_step(model, inputs, num_items_in_batch)
        if not loss.isfinite():
            raise InputError(
                f"the loss of step {self.state.global_step + 1} is {float(loss)}: look at the inputs for NaN, lower "
                "the learning rate, or take bf16 in place of fp16"
            )
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


def _no_folder_made_too_early(args: TrainingArguments | None) -> AbstractContextManager[None]:
    """The folder that `Trainer` makes as soon as it is built is gone again while it is empty.

    Not among several processes: it would vanish while another one looks into it.
    """
    if args is None or args.world_size > 1:
        return nullcontext()
    return no_empty_folders(Path(str(args.output_dir)))


class _SetEpoch(TrainerCallback):
    """Tells the training data its epoch; accelerate does not on several processes with a seedable sampler."""

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        loader = kwargs.get("train_dataloader")
        set_epoch = getattr(getattr(loader, "dataset", None), "set_epoch", None)
        if set_epoch is not None:
            set_epoch(int(state.epoch or 0))
