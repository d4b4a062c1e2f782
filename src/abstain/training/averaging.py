"""A `Trainer` whose model is the moving average of the weights that it trains."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from abstain._checks import ArgumentError, InputError
from abstain.training.pushing import PushingTrainer

RAW_FILE = Path("raw_weights", "model.safetensors")
"""Below a checkpoint, the weights that training goes on from; its own `model.safetensors` holds their average."""

MOST_OF_THE_START = 0.1
"""The share of the first weights in the average at the end from which on a warning says so."""


def averaged_copy(model: nn.Module, decay: float) -> AveragedModel:
    """A copy of a model that moves after its weights by 1 - `decay` of the way at every `update_parameters(model)`.

    The statistics of batch normalisation move with the weights: those of the model as it trains belong to activations
    that the averaged weights do not give. What is no float, such as the positions of tokens or a count of batches, is
    copied: an average would round it down.

    Args:
        model: as it is now; the first update copies it, so that the average begins after one step.
        decay: in [0, 1).

    Raises:
        InputError: a weight has less than 32 bits, in which an average would stand still.
    """
    for name, weight in model.named_parameters():
        if weight.is_floating_point() and weight.dtype.itemsize < 4:
            raise InputError(
                f"ema_decay moves weights by steps too small for {name}, which holds "
                f"{str(weight.dtype).removeprefix('torch.')}: load the model in float32, which bf16 trains as fast"
            )
    of_floats = get_ema_multi_avg_fn(decay)

    def average(averaged: list[Tensor], current: list[Tensor], n_averaged: Tensor | int) -> None:
        if averaged[0].is_floating_point():
            of_floats(averaged, current, n_averaged)
            return
        for ours, theirs in zip(averaged, current, strict=True):
            ours.copy_(theirs)

    return AveragedModel(model, multi_avg_fn=cast(Any, average), use_buffers=True)


@torch.no_grad()
def exchange(one: nn.Module, other: nn.Module) -> None:
    """Give each of two models of one architecture the weights and buffers of the other, where they are in memory."""
    for ours, theirs in zip(_tensors(one), _tensors(other), strict=True):
        kept = ours.clone()
        ours.copy_(theirs)
        theirs.copy_(kept)


def _tensors(model: nn.Module) -> Iterable[Tensor]:
    return chain(model.parameters(), model.buffers())


class AveragingTrainer(PushingTrainer):
    """A `Trainer` that with `args.ema_decay` evaluates, saves and ends with an average of the weights that it trains.

    Args: those of `PushingTrainer`.

    Raises:
        InputError: a training goes on from a checkpoint without an average, or without `ema_decay` from one with it.
    """

    _average: AveragedModel | None = None
    _goes_on_from: Path | None = None
    _is_shown = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.callback_handler.callbacks.insert(0, _Average(self))  # before others look at the model

    def train(self, resume_from_checkpoint: str | bool | None = None, *more: Any, **kwargs: Any) -> Any:
        """As `Trainer.train`; with `args.ema_decay` the model is the average afterwards, also if it breaks off."""
        self._goes_on_from = Path(cast(str, resume_from_checkpoint)) if resume_from_checkpoint else None
        if self._goes_on_from is not None:
            _check_same_kind(self._goes_on_from, averages=bool(self.args.ema_decay))
        try:
            return super().train(resume_from_checkpoint, *more, **kwargs)
        finally:  # it broke off, in this process and maybe in no other: none may wait for them
            self.take_average()

    def begin_average(self) -> None:
        """Start to average, or go on: the model that was loaded is the average then, and beside it lies what trains."""
        if not self.args.ema_decay or self._average is not None:  # the latter after a batch that was too large
            return
        model = cast(nn.Module, self.model)
        self._average = averaged_copy(model, self.args.ema_decay)
        if self._goes_on_from is not None:
            self._average.n_averaged.fill_(self.state.global_step)
            load_model(model, self._goes_on_from / RAW_FILE)
        left = self.args.ema_decay ** (self.state.max_steps - 1)
        if left > MOST_OF_THE_START:
            warnings.warn(
                f"ema_decay is {self.args.ema_decay:g}, but there are only {self.state.max_steps} updates: "
                f"{100 * left:.0f} % of the average will be the weights of the first; take a lower one",
                stacklevel=2,
            )

    def update_average(self) -> None:
        """Move the average after the weights that an update has left."""
        if self._average is not None and not self.accelerator.optimizer_step_was_skipped:
            self._average.update_parameters(cast(nn.Module, self.model))

    def end_average(self) -> None:
        """Leave the average as the model, or the best of them, which has been loaded."""
        if self.args.load_best_model_at_end and self.state.best_model_checkpoint is not None:
            self._average = None
            return
        self._agree()
        self.take_average()

    def take_average(self) -> None:
        """Make the model the average, and forget what it was averaged from."""
        if self._average is not None:
            exchange(cast(nn.Module, self.model), self._average.module)
            self._average = None

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """In the block the model has the averaged weights, if there is a training that averages."""
        if self._average is None or self._is_shown:
            yield
            return
        model, average, self._is_shown = cast(nn.Module, self.model), self._average.module, True
        exchange(model, average)
        try:
            yield
        finally:
            exchange(model, average)
            self._is_shown = False

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        """As of `Trainer`, of the averaged weights."""
        self._agree()
        with self.averaged_weights():
            return super().evaluation_loop(*args, **kwargs)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """As of `Trainer`, of the averaged weights."""
        with self.averaged_weights():
            super().save_model(output_dir, _internal_call)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        file = Path(self._get_output_dir(trial)) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}" / RAW_FILE
        if self.args.should_save:
            file.unlink(missing_ok=True)  # of a run that was killed here
        super()._save_checkpoint(model, trial)
        if self._average is not None and self.args.should_save and not self.args.save_only_model:
            file.parent.mkdir(exist_ok=True)
            save_model(cast(nn.Module, self.model), str(file))

    def _agree(self) -> None:
        """Take the batch statistics of the first process, whose model is saved: each has seen its own batches."""
        if self._average is not None and self.args.world_size > 1 and not self._is_shown:
            for buffer in self._average.module.buffers():
                if buffer.is_floating_point():
                    torch.distributed.broadcast(buffer, src=0)


def _check_same_kind(checkpoint: Path, *, averages: bool) -> None:
    """Refuse to go on from an average as if it had been trained, and the other way round."""
    if (checkpoint / RAW_FILE).is_file() == averages:
        return
    if averages:
        raise ArgumentError(
            f"the checkpoint {str(checkpoint)!r} has no {RAW_FILE}, as it was saved without ema_decay or with "
            "save_only_model: leave ema_decay out, or begin anew"
        )
    raise ArgumentError(
        f"the checkpoint {str(checkpoint)!r} holds averaged weights, which cannot be trained on: give the ema_decay "
        "that it was saved with"
    )


class _Average(TrainerCallback):
    """Tells a trainer when to average."""

    def __init__(self, trainer: AveragingTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.trainer.begin_average()

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.trainer.update_average()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.trainer.end_average()
