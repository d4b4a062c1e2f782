"""`evaluate.load("selective_risk")`: how well a classifier knows when to abstain, as an `evaluate` metric."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Literal

import datasets
import evaluate
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error, check_other_samples, check_pair, to_numpy
from abstain._checks import ArgumentError, InputError, check_choice
from abstain.curve.areas import Convention
from abstain.curve.clusters import Clusters
from abstain.curve.curve import curve_of_checked
from abstain.metric.description import CITATION, DESCRIPTION, INPUTS_DESCRIPTION
from abstain.metric.inputs import KindSoFar, Reading, Validation, choose_p, choose_repair, compare_classes
from abstain.metric.results import Summary
from abstain.scores.confidence import Confidence, SoftmaxScore, named_confidence
from abstain.scores.kind_names import Input
from abstain.scores.logit_norm import LogitNorm

STORED = {"predictions": datasets.Value("float64"), "references": datasets.Value("int8")}
"""What is kept of a sample: its confidence, in place of the logits, and its error, in place of the label."""
STORED_BESIDE_CONFIDENCE = {
    "predictions": datasets.Value("int8"),
    "references": datasets.Value("int8"),
    "confidence": datasets.Value("float64"),
}
"""The same in the configuration "confidence": 1 and 0 for an error, 0 and 0 for a correct prediction."""


_LOADING = set(inspect.signature(evaluate.EvaluationModule.__init__).parameters) - {"self", "kwargs", "config_name"}


class SelectiveRisk(evaluate.Metric):  # type: ignore[misc]  # `evaluate` has no types
    """Risk, AURC, coverage at a risk and their intervals; keeps two numbers a sample, never the logits.

    Loaded by `evaluate.load("selective_risk")` after `abstain register`, or by `abstain.load_metric()`.

    Args:
        config_name: "default" takes logits; "confidence" takes predicted classes and a `confidence`.
        score: what reduces the logits: a name in `abstain.scores.SCORES`, "max_logit_pnorm", or "auto" to fit this on
            `validation`, or of two classes `TwoClassCalibration`.
        p: exponent of "max_logit_pnorm"; "auto" chooses it on `validation`.
        center: of "max_logit_pnorm".
        validation: pair (logits, labels) of samples that are not measured, for p="auto" and score="auto".
        ignore_index: the label of what does not count.
        input: what predictions are: "logits", "log-probabilities" or "probabilities"; None to be told by themselves.
        class_axis: the axis that holds the classes; None takes the only one that fits the labels.
        **kwargs: those of `evaluate.load`: `num_process`, `process_id`, `keep_in_memory`, ….

    Raises:
        InputError: an unknown configuration or score (with the nearest name), a `p` that is missing or not wanted, or
            p="auto" without validation data.
    """

    def __init__(
        self,
        config_name: str | None = None,
        *,
        score: str | None = None,
        p: float | Literal["auto"] | None = None,
        center: bool | None = None,
        validation: Validation | None = None,
        ignore_index: int = -100,
        input: Input | None = None,
        class_axis: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_choice("configuration", config_name or "default", ["default", "confidence"])
        for name in kwargs:
            check_choice("argument of loading", name, _LOADING)
        self._takes_confidence = config_name == "confidence"
        self._reading = Reading(ignore_index, input, class_axis)
        self._so_far = KindSoFar()
        self._loaded: Confidence = SoftmaxScore()
        self._loaded = self._stored = self._named(score, p, center, validation)
        super().__init__(config_name=config_name, **kwargs)

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation=CITATION,
            inputs_description=INPUTS_DESCRIPTION,
            features=datasets.Features(STORED_BESIDE_CONFIDENCE if self._takes_confidence else STORED),
            reference_urls=["https://arxiv.org/abs/2403.14715"],
            format="numpy",
        )

    @property
    def confidence(self) -> Confidence:
        """What makes one number of the logits, as loaded: with "auto" as it was fitted, or MSP."""
        return self._loaded

    def _named(
        self, score: str | None, p: float | Literal["auto"] | None, center: bool | None, validation: Validation | None
    ) -> Confidence:
        """The confidence that these arguments name; what is left out is as at loading."""
        if not _any_given(score, p, center, validation):
            return self._loaded
        if self._takes_confidence:
            raise ArgumentError(
                'score, p, center and validation are for logits, but "confidence" takes a confidence as it is'
            )
        loaded = self._loaded if isinstance(self._loaded, LogitNorm) else LogitNorm(None)
        center = loaded.center if center is None else center
        name = score or (LogitNorm.SCORE if p is not None else self._loaded.name)
        if score == "auto":
            return choose_repair(p, validation, center=center, reading=self._reading)
        if p == "auto":
            return choose_p(name, validation, center=center, reading=self._reading)
        if validation is not None:
            raise ArgumentError('validation is given, but only p="auto" and score="auto" need it: leave it out')
        return named_confidence(name, p=loaded.p if p is None and name == LogitNorm.SCORE else p, center=center)

    def add(
        self,
        *,
        prediction: Any = None,
        reference: Any = None,
        confidence: float | None = None,
        predictions: Any = None,
        references: Any = None,
        **unknown: Any,
    ) -> None:
        """Add one sample: its logits (K,), or in the configuration "confidence" its predicted class.

        `evaluate.combine` calls the two `predictions` and `references`, with one sample in them.
        """
        _refuse_unknown(unknown)
        prediction = predictions if prediction is None else prediction
        reference = references if reference is None else reference
        batch = [None if value is None else [value] for value in (prediction, reference, confidence)]
        self.add_batch(predictions=batch[0], references=batch[1], confidence=batch[2])

    def add_batch(
        self, *, predictions: Any = None, references: Any = None, confidence: Any = None, **unknown: Any
    ) -> None:
        """Add a batch, reduced to a confidence and an error a sample; it is refused as a whole if any of it is bad."""
        _refuse_unknown(unknown)
        self._add(predictions, references, confidence, self._stored if len(self) else self._loaded, self._reading)

    def _add(self, predictions: Any, references: Any, confidence: Any, named: Confidence, reading: Reading) -> None:
        if predictions is None or references is None or (confidence is None) == self._takes_confidence:
            if self._takes_confidence:
                raise ArgumentError('the configuration "confidence" needs predictions, references and confidence')
            raise ArgumentError(
                'this metric needs predictions and references: load the configuration "confidence" for your own scores'
            )
        if self._takes_confidence:
            wrong, confidence = compare_classes(predictions, references, confidence, reading.ignore_index)
            columns = {"predictions": wrong, "references": np.zeros_like(wrong), "confidence": confidence}
        else:
            self._so_far = self._so_far if len(self) else KindSoFar()
            reduced = self._so_far.reduce(predictions, references, named, reading)
            columns = {"predictions": reduced.confidence, "references": reduced.error}
        self._stored = named
        self._store(columns)

    def _store(self, columns: dict[str, NDArray[Any]]) -> None:
        if self.writer is None:
            self.selected_feature_format = self.features
            self._init_writer()
        self.writer.write_table(pa.table(columns))  # as a whole, not value by value

    def compute(
        self,
        *,
        predictions: Any = None,
        references: Any = None,
        confidence: Any = None,
        score: str | None = None,
        p: float | Literal["auto"] | None = None,
        center: bool | None = None,
        validation: Validation | None = None,
        target_risks: Iterable[float] = (0.05, 0.01),
        target_coverages: Iterable[float] = (0.8,),
        convention: Convention = "mean",
        confidence_level: float | None = None,
        sample: Any = None,
        input: Input | None = None,
        class_axis: int | None = None,
        **unknown: Any,
    ) -> dict[str, float | None] | None:
        """Measure what was added, and these predictions; one flat dictionary, or None on all but the first process."""
        _refuse_unknown(unknown)
        if validation is not None and predictions is not None:
            check_other_samples((predictions, references), check_pair(validation))
        wanted = Summary(target_risks, target_coverages, convention, confidence_level)  # type: ignore[arg-type]
        named = self._named(score, p, center, validation)
        if len(self):
            self._check_stored(named, names_one=_any_given(score, p, center, validation))
            named = self._stored
        if _any_given(predictions, references, confidence):
            self._add(predictions, references, confidence, named, self._reading.told(input, class_axis))
        self._so_far.settle()
        if self.num_process == 1 and not len(self):
            raise InputError("no sample was added, but at least one is needed: give predictions and references")
        if self.writer is None:  # of several processes each leaves a file, and one of them may have had nothing to add
            self._store({name: np.empty(0, feature.dtype) for name, feature in self.features.items()})
        return super().compute(wanted=wanted, clusters=None if sample is None else self._clusters(sample, references))

    def _clusters(self, sample: Any, references: Any) -> Clusters:
        """What each sample that counts belongs to: one a sample of this call's labels, or one of each that counts."""
        if self.num_process > 1:
            raise ArgumentError("sample is for one process, which sees all samples: leave it out with num_process")
        n_samples, shape = len(self), np.shape(to_numpy(sample, "sample"))
        if references is not None and shape == (len(references),):
            clusters = Clusters.of_labels(sample, to_numpy(references, "references"), self._reading.ignore_index)
            if len(clusters.of_sample) == n_samples:
                return clusters
        return Clusters.read(sample, n_samples)

    def _check_stored(self, named: Confidence, *, names_one: bool) -> None:
        same = named == self._stored or named.name == self._stored.name == "msp"  # whatever fell back to it
        if names_one and not same:
            raise ArgumentError(
                f"{len(self)} samples are stored by their {self._stored.label}, but this call names {named.label}: the "
                "logits are gone, so name it at loading, or give all predictions in one call"
            )

    def _compute(
        self,
        predictions: NDArray[Any],
        references: NDArray[Any],
        confidence: NDArray[np.float64] | None = None,
        *,
        wanted: Summary,
        clusters: Clusters | None = None,
    ) -> dict[str, float | None]:
        error = references if confidence is None else predictions != references
        checked = check_confidence_error(predictions if confidence is None else confidence, error)
        return wanted.of(curve_of_checked(*checked, clusters))


def load_metric(config_name: str | None = None, **kwargs: Any) -> SelectiveRisk:
    """The metric itself, without `evaluate.load` and without registration.

    Args:
        config_name: as `SelectiveRisk`.
        **kwargs: as `SelectiveRisk`.

    Raises:
        InputError: as `SelectiveRisk`.
    """
    return SelectiveRisk(config_name, **kwargs)


def _refuse_unknown(unknown: dict[str, Any]) -> None:
    if unknown:
        raise ArgumentError(
            f"unknown argument {next(iter(unknown))!r}: see help(abstain.metric.SelectiveRisk); `evaluate.combine` "
            "hands every argument to every member, so give it to each metric by itself"
        )


def _any_given(*arguments: Any) -> bool:
    return any(argument is not None for argument in arguments)
