"""What training would refuse when it has begun, found before: an optimizer, a batch and a first sample."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from abstain._checks import ArgumentError, InputError, first_line
from abstain.training.refusals import NOT_TAKEN
from abstain.training.trainer import SelectiveTrainer


def rehearse(trainer: SelectiveTrainer) -> None:
    """Make the optimizer and its schedule, and run the model on the first sample; the trainer is as it was before.

    Where FSDP or DeepSpeed cut the model, which is done when training begins, nothing is tried.

    Raises:
        InputError: the arguments, the model and the data do not go together.
    """
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        return
    with _unchanged_chance():
        data = trainer.get_train_dataloader().dataset  # mixed, where the arguments say so
        trainer.create_optimizer_and_scheduler(num_training_steps=1)
        trainer.optimizer = trainer.lr_scheduler = None
        _run_first_sample(trainer, cast(Sequence[Any], data))


def _run_first_sample(trainer: SelectiveTrainer, data: Sequence[Any]) -> None:
    model = cast(nn.Module, trainer.model)
    was_training = model.training
    batch = trainer._prepare_inputs(trainer.data_collator([data[0]]))
    model.eval()
    try:
        with torch.no_grad(), trainer.compute_loss_context_manager():
            trainer.compute_loss(model, batch)
    except (InputError, torch.OutOfMemoryError):
        raise
    except NOT_TAKEN as error:
        raise ArgumentError(
            f"the model does not take the first sample ({first_line(error)}): give another model, "
            "other config_overrides or inputs of another size"
        ) from error
    finally:
        model.train(was_training)


@contextmanager
def _unchanged_chance() -> Iterator[None]:
    """Whatever the block draws, what is drawn after it is the same."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
