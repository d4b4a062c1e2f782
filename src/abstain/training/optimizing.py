"""A `Trainer` with the optimisers and schedules of plain SGD recipes, and a search of settings that minimises AURC."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, cast

import torch
from torch import nn
from transformers import PreTrainedModel

from abstain._checks import ArgumentError
from abstain.training.backbone import slow_backbone
from abstain.training.best_model import check_is_measured, larger_is_better
from abstain.training.checkpoints import CheckpointingTrainer
from abstain.training.refusals import check_optim_args, naming_what_is_refused


class OptimizingTrainer(CheckpointingTrainer):
    """A `Trainer` whose learning rate may step after whole epochs and be lower for the backbone."""

    def hyperparameter_search(
        self,
        hp_space: Any = None,
        compute_objective: Callable[[dict[str, float]], float] | None = None,
        n_trials: int = 20,
        direction: Any = None,
        backend: Any = None,
        hp_name: Any = None,
        **kwargs: Any,
    ) -> Any:
        """As `Trainer.hyperparameter_search`, whose default is the sum of all metrics, where ours is AURC.

        Args:
            hp_space: as there.
            compute_objective: of the metrics of an evaluation; None takes `metric_for_best_model` (which is `loss` with
                `load_best_model_at_end` unless it is given), or else `aurc`.
            n_trials: as there.
            direction: "minimize" or "maximize"; None is right for the default objective.
            backend: as there.
            hp_name: as there.
            **kwargs: as there.

        Raises:
            InputError: a direction is given for an objective that is not, or the objective is of none of several sets.
        """
        if compute_objective is None:
            if direction is not None:
                raise ArgumentError(
                    f"direction is {direction!r} without compute_objective, whose default knows its own: leave it out"
                )
            metric = self.args.metric_for_best_model or "aurc"
            named = list(self.eval_dataset) if isinstance(self.eval_dataset, dict) else None
            check_is_measured(metric, named, alone=False)
            key = f"eval_{metric.removeprefix('eval_')}"
            compute_objective, larger = itemgetter(key), larger_is_better(metric) or self.args.greater_is_better
            direction = "maximize" if larger else "minimize"
        return super().hyperparameter_search(
            hp_space, compute_objective, n_trials, direction or "minimize", backend, hp_name, **kwargs
        )

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
