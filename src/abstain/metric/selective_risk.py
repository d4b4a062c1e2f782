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

from abstain._arrays import check_other_samples, check_pair
from abstain._checks import ArgumentError, InputError, check_choice
from abstain.curve.areas import Convention
from abstain.curve.curve import risk_coverage_curve
from abstain.metric.inputs import KindSoFar, Reading, Validation, choose_p, compare_classes
from abstain.metric.results import Summary
from abstain.scores.confidence import Confidence, SoftmaxScore, named_confidence
from abstain.scores.kinds import Input
from abstain.scores.logit_norm import LogitNorm

DESCRIPTION = """
Selective classification: a classifier that may abstain answers only where its confidence is high enough. AURC is the
area under its risk-coverage curve (lower is better), Cov@5 the largest share of samples that it can answer with at most
5 % errors (higher is better). Samples of equal confidence are accepted or rejected together, and AURC is the mean over
all their orders.
"""

INPUTS_DESCRIPTION = """
Args:
    predictions: logits or probabilities (N, K), (N, K, ...) or (N, ..., K), as a NumPy array, torch tensor or nested
        lists, or (N,) where `input` tells what they are; no class labels. In "confidence": the predicted class (N,).
    references: labels (N,) or (N, ...), int in [0, K), or `ignore_index` (-100 unless set at loading) for what does not
        count. In the configuration "confidence": (N,) of the same kind as the predictions.
    confidence: only in the configuration "confidence": (N,) real, larger is accepted first.
    score, p, center: what reduces the logits, as at loading; only with predictions of this call's own.
    input: "logits", "log-probabilities" or "probabilities"; not needed where the predictions tell what they are.
    class_axis: the axis that holds the classes; not needed where only one fits the labels.
    validation: pair (logits, labels) of other samples, on which `p="auto"` is chosen.
    target_risks: report the coverage at each of these risks; fractions.
    target_coverages: report the risk at each of these coverages; fractions.
    convention: of AURC, "mean" or "trapezoid".
    confidence_level: of the intervals, such as 0.95; without it there are none.

Returns:
    risk: the error rate, in [0, 1]; lower is better.
    aurc: area under the risk-coverage curve, in [0, 1]; lower is better.
    e_aurc: aurc minus that of the best order of the same errors, at least 0; lower is better.
    n_aurc: the same over that of a random order: 0 is perfect, 1 random; None without an error or with nothing else.
    augrc: area under the generalised risk-coverage curve, in [0, 1/2]; lower is better.
    failure_auroc: P(confidence of a correct sample > that of an error), in [0, 1]; higher is better; None as n_aurc.
    cov@5: largest coverage whose selective risk is at most 0.05, in [0, 1]; higher is better. One for each target risk.
    risk@80: selective risk at the smallest coverage of at least 0.8, in [0, 1]; lower is better. One for each coverage.
    aurc_low, aurc_high, ...: with a level, the interval of risk, aurc, augrc, failure_auroc and each coverage at a
        risk; None where it is undefined.

Examples:
    >>> import abstain
    >>> metric = abstain.load_metric()
    >>> logits, labels = [[4.0, 0.0], [3.0, 0.0], [0.0, 2.0], [1.0, 0.0]], [0, 0, 1, 1]
    >>> results = metric.compute(predictions=logits, references=labels)
    >>> results["risk"], results["aurc"], results["cov@5"], results["risk@80"]
    (0.25, 0.0625, 0.75, 0.25)
"""

CITATION = """
@inproceedings{xia2025towards,
  title = {Towards Understanding Why Label Smoothing Degrades Selective Classification and How to Fix It},
  author = {Xia, Guoxuan and Laurent, Olivier and Franchi, Gianni and Bouganis, Christos-Savvas},
  booktitle = {International Conference on Learning Representations},
  year = {2025},
  url = {https://arxiv.org/abs/2403.14715},
}
"""
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
        score: what reduces the logits: a name in `abstain.scores.SCORES`, or "max_logit_pnorm".
        p: exponent of "max_logit_pnorm"; "auto" chooses it on `validation`.
        center: of "max_logit_pnorm".
        validation: pair (logits, labels) of samples that are not measured, for p="auto".
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
        """What makes one number of the logits, as loaded: with p="auto" with the p that was chosen, or MSP."""
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
        if p == "auto":
            return choose_p(name, validation, center=center, reading=self._reading)
        if validation is not None:
            raise ArgumentError('validation is given, but only p="auto" needs it: leave it out')
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
        return super().compute(wanted=wanted)

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
    ) -> dict[str, float | None]:
        if confidence is None:
            return wanted.of(risk_coverage_curve(predictions, references))
        return wanted.of(risk_coverage_curve(confidence, predictions != references))


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
