"""A `Trainer` whose evaluations say how well a classifier abstains, in memory that does not grow with the classes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm
from transformers import EvalPrediction, PreTrainedModel, Trainer, TrainingArguments

from abstain._checks import ArgumentError, InputError
from abstain.curve.curve import RiskCoverageCurve, risk_coverage_curve
from abstain.data.pixels import ChosenPixels, has_dense_labels
from abstain.logits.pixels import LabelledPixels
from abstain.report.verdict import verdict
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.best_model import check_is_given
from abstain.training.labels import IGNORED, ignored_label, label_name
from abstain.training.pictures import log_curve, title_of
from abstain.training.statistics import classes_second, logits_of, sample_statistics, split_statistics, statistics_dtype

if TYPE_CHECKING:
    from transformers.trainer_utils import PredictionOutput


class EvaluatingTrainer(Trainer):
    """A `Trainer` whose `evaluate()` reports AURC and its kin of the confidence score `msp`, beside both losses.

    It keeps four numbers a sample, never the logits; `predict()` returns the logits. In segmentation, with logits
    (N, K, h, w) and labels (N, H, W), it takes of every image at most `args.eval_pixels_per_sample` labelled pixels,
    the same ones every time and for every model, and the logits nearest to them, before any interpolation;
    `predict()` returns those, in rows of one length an image. Of tokens, with logits (N, T, K) and labels (N, T), it
    takes those whose label is not `ignore_index`; of samples with one label each it leaves those out too, and counts
    them in `ignored_samples`.

    Attributes:
        ignore_index: the label of what does not count: that of `args`, else the one that the model's own loss leaves
            out, else -100.

    Args: those of `Trainer`, except `preprocess_logits_for_metrics`, which it would not call. A `compute_metrics` of
        your own gets logits and labels, and adds its values.

    Raises:
        InputError: `args` are no `SelectiveTrainingArguments`, the excepted argument is given, or one process sees
            several GPUs.
    """

    args: SelectiveTrainingArguments

    def __init__(
        self, model: nn.Module | None = None, args: TrainingArguments | None = None, *more: Any, **kwargs: Any
    ) -> None:
        if not isinstance(args, SelectiveTrainingArguments):
            raise ArgumentError(f"args is {type(args).__name__}, but must be SelectiveTrainingArguments")
        if kwargs.get("preprocess_logits_for_metrics") is not None:
            raise ArgumentError(
                "preprocess_logits_for_metrics is given, but evaluations would not call it: take compute_metrics"
            )
        if args.n_gpu > 1:
            raise ArgumentError(
                f"one process sees {args.n_gpu} GPUs, but must have its own: start it with accelerate launch"
            )
        self._keep_logits = False
        self._measured: tuple[RiskCoverageCurve, bool] | None = None
        super().__init__(model, args, *more, **kwargs)
        self.ignore_index = ignored_label(args.ignore_index, self.model)
        self._label_name = label_name(self.label_names)
        self._of_pixels = False
        self._user_metrics = self.compute_metrics
        self.compute_metrics = self._selective_metrics

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Any]:
        """The batches of an evaluation: of all samples, or of segmentation the images with their chosen pixels."""
        if isinstance(eval_dataset, str):  # one of several, whose loader may be kept under its name
            named = cast(dict[str, Any], self.eval_dataset)
            self.eval_dataset = {**named, eval_dataset: self._evaluated(named[eval_dataset])}
            return super().get_eval_dataloader(eval_dataset)
        return super().get_eval_dataloader(self._evaluated(self.eval_dataset if eval_dataset is None else eval_dataset))

    def get_test_dataloader(self, test_dataset: Any) -> DataLoader[Any]:
        """As `get_eval_dataloader`, of the data that `predict` is given."""
        return super().get_test_dataloader(self._evaluated(test_dataset))

    def _evaluated(self, dataset: Any) -> Any:
        """The data set itself, or of images with dense labels the pixels that an evaluation counts."""
        dispatches = self.accelerator.dispatch_batches is not False
        if self.args.world_size > 1 and not hasattr(dataset, "__len__") and not dispatches:
            raise ArgumentError(
                "an evaluation set without a length is given to several processes, which would count its last samples "
                "twice: leave out dispatch_batches=False"
            )
        if isinstance(dataset, ChosenPixels) or not has_dense_labels(dataset):
            return dataset
        return ChosenPixels(dataset, self.args.eval_pixels_per_sample, self.args.eval_pixels_seed, self.ignore_index)

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: list[str] | None = None
    ) -> tuple[None, Any, Tensor | None]:
        """One batch without gradient: its per-sample statistics instead of a mean loss, and its labels."""
        inputs = self._prepare_inputs(inputs)
        labels = inputs.pop(self._label_name, None)
        with torch.no_grad(), self.compute_loss_context_manager():
            logits = logits_of(model(**inputs))
        if labels is None:
            return None, logits, None
        if not labels.is_floating_point():
            labels = labels.long()  # as in training
        keeps = self._keep_logits or self._user_metrics is not None
        self._of_pixels = logits.ndim == 4
        if self._of_pixels:
            statistics, logits, labels = self._of_labelled_pixels(logits, labels)
        else:
            statistics = self._of_labelled(self._classes_second(logits, labels), labels)
        return None, (statistics, logits) if keeps else statistics, labels

    def _of_labelled_pixels(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Statistics, logits and labels of what counts, in rows of one length an image."""
        pixels = LabelledPixels.of(logits.float(), labels, ignore_index=self.ignore_index)
        width = self.args.eval_pixels_per_sample
        return (
            pixels.padded(self._statistics(pixels.logits, pixels.labels), width, torch.nan),
            pixels.padded(pixels.logits, width, torch.nan),
            pixels.padded(pixels.labels, width, self.ignore_index),
        )

    def _of_labelled(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(N, …, 4) statistics of logits (N, K, …), NaN where a label does not count."""
        if labels.is_floating_point():
            raise InputError(
                "the labels of an evaluation are no classes, but errors are counted: give hard labels, and a collator "
                "that mixes samples as train_collator"
            )
        logits, counts = logits.movedim(1, -1), labels != self.ignore_index
        if labels.shape != logits.shape[:-1]:
            raise InputError(
                f"the labels of an evaluation have shape {tuple(labels.shape)}, but must be "
                f"{tuple(logits.shape[:-1])}: one class a sample, and not several labels"
            )
        statistics = logits.new_full((*labels.shape, 4), torch.nan, dtype=statistics_dtype(logits.device))
        statistics[counts] = self._statistics(logits[counts], labels[counts])
        return statistics

    def _classes_second(self, logits: Tensor, labels: Tensor) -> Tensor:
        of_transformers = isinstance(self.accelerator.unwrap_model(self.model), PreTrainedModel)
        return classes_second(logits, labels, of_transformers=of_transformers)

    def _statistics(self, logits: Tensor, labels: Tensor) -> Tensor:
        if not len(labels):  # a batch with every label ignored
            return logits.new_empty((0, 4), dtype=statistics_dtype(logits.device))
        return sample_statistics(logits, labels, self.args.label_smoothing_factor)

    def _selective_metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        statistics, logits = split_statistics(prediction.predictions)
        labels = cast(np.ndarray, prediction.label_ids)
        counted = ~np.isin(labels, (self.ignore_index, IGNORED))
        if not counted.any():
            raise InputError(
                f"every label of the evaluation is {self.ignore_index}, so none counts: look at ignore_index"
            )
        confidence, error, loss, smoothed_loss = statistics[counted].T
        metrics = {"loss": float(loss.mean()), "smoothed_loss": float(smoothed_loss.mean())}
        curve = risk_coverage_curve(confidence, error)
        self._measured = curve, labels.ndim == 1  # else pixels or tokens, which depend on each other
        metrics |= curve.summary()
        if labels.ndim == 1 and not counted.all():
            metrics["ignored_samples"] = int((~counted).sum())
        if self._user_metrics is not None:
            losses = statistics[..., 2] if "loss" in self.args.include_for_metrics else None
            if self._of_pixels:
                logits, labels = logits[counted], labels[counted]
                losses = None if losses is None else losses[counted]
            metrics |= self._user_metrics(EvalPrediction(logits, labels, prediction.inputs, losses))
        return metrics

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """As `Trainer.evaluate`, and never without what it is for.

        The main process prints one line on what was measured, unless `log_level` is `error` or above, and gives the
        risk-coverage curve to the trackers of `report_to` that take pictures: TensorBoard, trackio and wandb.

        Raises:
            InputError: the data set is empty, or its items have no labels.
        """
        chosen: Any = self.eval_dataset if eval_dataset is None else eval_dataset
        is_empty = hasattr(chosen, "__len__") and not len(chosen)  # which transformers 5.6 stumbles over
        metrics = {} if is_empty else super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)
        if not any(name.endswith("_aurc") for name in metrics):
            raise InputError(
                f"an evaluation of {metric_key_prefix!r} gives no AURC, for want of samples or of their labels: give "
                f"items that have {self._label_name!r} (or its name in label_names), and leave out prediction_loss_only"
            )
        best = self.args.metric_for_best_model
        if self.is_in_train and best and not isinstance(self.eval_dataset, dict):
            check_is_given(best, metrics)
        if self._measured is not None:  # or each of several data sets has been shown by itself
            (curve, independent), self._measured = self._measured, None
            if self.is_world_process_zero():
                self._show(curve, independent, metric_key_prefix, title_of(metric_key_prefix, metrics.get("epoch")))
        return metrics

    def _show(self, curve: RiskCoverageCurve, independent: bool, prefix: str, title: str) -> None:
        if self.args.get_process_log_level() <= logging.WARNING:
            tqdm.write(f"{title}: {verdict(curve, independent=independent)}")  # which leaves progress bars whole
        step, trackers = self.state.global_step, self.callback_handler.callbacks
        log_curve(trackers, curve, independent=independent, prefix=prefix, title=title, step=step)

    def predict(self, *args: Any, **kwargs: Any) -> PredictionOutput:
        """As `Trainer.predict`: `predictions` are the logits (N, K), `metrics` those of `evaluate`."""
        self._keep_logits = True
        try:
            output = super().predict(*args, **kwargs)
        finally:
            self._keep_logits, self._measured = False, None
        if isinstance(output.predictions, tuple):  # without labels there are the logits alone
            output = output._replace(predictions=split_statistics(output.predictions)[1])
        return output
