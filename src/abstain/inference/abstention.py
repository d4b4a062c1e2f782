"""When to answer: a confidence and a threshold on it, fitted on validation data and kept beside the model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._arguments import check_whole
from abstain._arrays import to_tensor
from abstain._checks import InputError, check_no_more
from abstain.inference.fitted_apart import Select, telling_of_the_fit, tuned_on
from abstain.inference.recalibration import Recalibrated
from abstain.inference.rule_file import RULE_FILE, read_rule, versions, write_rule
from abstain.inference.weights import weight_files, weights_sha256
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import REPAIR, fit_confidence, scored_in_batches
from abstain.scores.confidence import Confidence, OfProbabilities
from abstain.scores.given import GivenConfidence
from abstain.scores.kind_names import Input
from abstain.scores.kinds import Values, read_values
from abstain.scores.logit_norm import check_fit
from abstain.threshold.decimals import BFLOAT16, with_fewest_digits
from abstain.threshold.operating_point import OperatingPoint
from abstain.threshold.select import select_threshold


@dataclass(frozen=True)
class AbstentionRule(Recalibrated):
    """Answer where `confidence.score(values) >= operating_point.threshold`, else abstain.

    It belongs to one set of weights, where it knows them, and says so when it meets others.

    Attributes:
        confidence: what makes one number of a row of logits, such as `LogitNorm` fitted on one half of validation data;
            `OfProbabilities` of a row of probabilities.
        operating_point: the threshold, chosen on the other half, so that no fit has seen the labels it rests on.
        n_classes: K, where one column stands for two; None of a given confidence, or of a file that does not say it.
        class_names: in the order of the classes; None where they are not known.
        weights_sha256: of the weights whose logits it was fitted on (see `weights.weights_sha256`); None where it was
            made from logits alone.
        validation_sha256: the fingerprint of the data on which it was fitted; None where they have none.
        versions: of the packages that it was made with; two rules may differ in it and be equal.
    """

    confidence: Confidence
    operating_point: OperatingPoint
    n_classes: int | None = None
    class_names: tuple[str, ...] | None = None
    weights_sha256: str | None = None
    validation_sha256: str | None = None
    versions: dict[str, str] = field(default_factory=versions, compare=False)

    @classmethod
    def fit(
        cls,
        logits: Any,
        labels: Any,
        *,
        target_risk: float,
        delta: float | None = None,
        seed: int = 0,
        input: Input | None = "logits",
        **fit: Any,
    ) -> Self:
        """The repair of the confidence and the threshold, each fitted on its seeded half of validation data.

        The repair is logit normalisation, or of two classes `TwoClassCalibration`.

        With `delta` the half that fits also proposes the thresholds that the other tests, in their order: see
        `"split_fixed_sequence"` of `select_threshold`.

        Args:
            logits: (N, K) validation logits, N of at least 2; or what `input` says.
            labels: (N,) their labels, int in [0, K).
            target_risk: fraction in (0, 1), see `select_threshold`.
            delta: fraction in (0, 1) for a threshold with a guarantee; None for an empirical one.
            seed: of the halves.
            input: `"logits"`, `"log-probabilities"` or `"probabilities"`, which `accept` will be given; None to be told
                by the values.
            **fit: `p_grid`, `center` and `fallback` of `LogitNorm.fit`; two classes have the last alone.

        Raises:
            NoThresholdError: no threshold qualifies.
            InputError: bad logits or labels, fewer than two samples, or a fraction outside its range.
        """
        fit = checked_options(fit)
        values = read_values(logits, labels, input=input)
        n = len(values.labels)
        if n < 2:
            raise InputError("there is 1 sample, but one half fits p and the other the threshold: give two or more")
        halves = np.array_split(np.random.default_rng(seed).permutation(n), 2)
        first, second = (_rows(values, rows) for rows in halves)
        confidence = fit_confidence(REPAIR, first, **fit)
        select = partial(select_threshold, target_risk=target_risk, delta=delta)
        if delta is not None:
            return cls.choose_in_batches(confidence, second, tuned_on(first, confidence, select))
        with telling_of_the_fit(n_fitted=len(halves[0]), n_chosen=len(halves[1])):
            return cls.choose_in_batches(confidence, second, select)

    @classmethod
    def choose(
        cls,
        confidence: Confidence,
        values: Any,
        error: Any,
        select: Select,
    ) -> Self:
        """The rule whose threshold `select` finds on these samples.

        A threshold on probabilities is the number of fewest digits that accepts the same of them, compared in float64
        or in the type in which they are stored.

        Args:
            confidence: fitted on other samples, if at all.
            values: (N, K) what `confidence` takes: logits, probabilities, or (N,) a given confidence.
            error: (N,) in {0, 1}.
            select: of (confidence, error), such as `select_threshold` with its target.

        Raises:
            NoThresholdError: no threshold qualifies.
            InputError: as `Confidence.score` and `select`.
        """
        n_classes = _n_classes(confidence, values)
        return cls._chosen(confidence, confidence.score(values), error, select, n_classes, _stored_type(values))

    @classmethod
    def choose_in_batches(cls, confidence: Confidence, values: ValueBatches, select: Select) -> Self:
        """The same of values of the classes, of which no more than a batch has to be in memory.

        Args:
            confidence: as `choose`, of values of this kind.
            values: of which the error is known too.
            select: as `choose`.

        Raises:
            NoThresholdError: as `choose`.
            InputError: as `choose`.
        """
        scored, error, dtype = scored_in_batches(values, confidence)
        return cls._chosen(confidence, scored, error, select, max(values.n_columns, 2), _float_type(dtype))

    @classmethod
    def _chosen(
        cls,
        confidence: Confidence,
        scored: NDArray[np.float64],
        error: Any,
        select: Select,
        n_classes: int | None,
        stored: Any,
    ) -> Self:
        point = select(scored, error)
        if _shows_probabilities(confidence):
            point = with_fewest_digits(point, scored, stored)
        return cls(confidence, point, n_classes)

    def accept(self, logits: Any) -> NDArray[np.bool_]:
        """(N,) whether to answer, for logits (N, K); or for probabilities where the rule was fitted on these.

        Raises:
            InputError: they are of another K than the rule, or as `Confidence.score`.
        """
        found = self.n_classes and _n_classes(self.confidence, logits)
        if found and found != self.n_classes:
            raise InputError(
                f"the values are of {found} classes, but the rule was made for {self.n_classes}: give those of the "
                "model that it belongs to"
            )
        return self.confidence.score(logits) >= self.operating_point.threshold

    def describe(self) -> str:
        """What to accept and what is known of it, on the scale of the threshold."""
        shown = "the largest probability" if _shows_probabilities(self.confidence) else self.confidence.name
        return " ".join(filter(None, [self.operating_point.describe(shown), self.no_longer_promised]))

    def belonging_to(self, folder: str | Path) -> Self:
        """The same rule, which knows from now on that it was fitted on what the weights of this folder say.

        Only who made the logits can say so: `save` never assumes it of a rule that happens to come to stand beside
        weights. The weights are read once, whole.

        Args:
            folder: of a model; without safetensors files the rule stays one that knows no weights.

        Raises:
            InputError: a file cannot be read.
        """
        return replace(self, weights_sha256=weights_sha256(folder))

    def save(self, folder: str | Path) -> Path:
        """Write `abstention.json` into a folder, beside a model; the weights there are looked at by `load` alone.

        Raises:
            InputError: it cannot be written.
        """
        return write_rule(Path(folder) / RULE_FILE, vars(self))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The rule that `save` wrote into a folder, of this version or one before.

        Where it knows its weights and there are some beside it, these are read once, whole, to compare. Where it knows
        none, as one that was made from logits alone or by 0.1.0, a warning says that nothing was compared.

        Raises:
            InputError: there is none, it cannot be read, or it belongs to other weights than those beside it.
        """
        path = Path(folder) / RULE_FILE
        if not path.is_file():
            raise InputError(
                f"there is no {RULE_FILE} in {str(folder)!r}: SelectiveTrainer.calibrate or the command abstain "
                "threshold writes it"
            )
        rule = cls(**read_rule(path))
        if rule.weights_sha256 is None and weight_files(folder):
            warnings.warn(
                f"{str(path)!r} does not say to which weights it belongs, so nobody can tell whether they are those "
                "beside it: fit it anew, with SelectiveTrainer.calibrate or the command abstain threshold",
                stacklevel=2,
            )
        elif rule.weights_sha256 is not None and weights_sha256(folder) not in (None, rule.weights_sha256):
            raise InputError(
                f"{str(path)!r} belongs to other weights than those beside it: fit it anew, on what these say of "
                "validation data"
            )
        return rule


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of `AbstentionRule.fit` that are not its targets, looked at before anything is computed for it.

    Raises:
        ArgumentError: an unknown one, or as `LogitNorm.fit`; a `seed` that is no whole number of at least 0.
    """
    known = {"p_grid": range(1, 11), "center": True, "fallback": "one_standard_error", "seed": 0}
    unknown = {name: value for name, value in options.items() if name not in known}
    check_no_more("AbstentionRule.fit", unknown, known=known)
    p_grid, center, fallback, seed = (options.get(name, default) for name, default in known.items())
    grid = check_fit(p_grid, center, fallback)
    check_whole("seed", seed, at_least=0)
    return dict(options) | ({"p_grid": grid} if "p_grid" in options else {})


def _shows_probabilities(confidence: Confidence) -> bool:
    return isinstance(confidence, OfProbabilities) and confidence.scale == "probability"


def _stored_type(values: Any) -> Any:
    """In which values would be compared with a threshold."""
    return _float_type(getattr(values, "dtype", ""))


def _float_type(dtype: Any) -> Any:
    name = str(dtype).removeprefix("torch.")
    narrow = {BFLOAT16: BFLOAT16, "float16": np.float16, "float32": np.float32}
    return narrow.get(name, np.float64)


def _rows(values: Values, rows: NDArray[np.intp]) -> ValueBatches:
    return ValueBatches.of(Values(values.kind, values.rows[torch.from_numpy(rows)], values.labels[rows]))


def _n_classes(confidence: Confidence, values: Any) -> int | None:
    """K of values (N, K), of which one column stands for two classes; None of a given confidence."""
    if isinstance(confidence, GivenConfidence):
        return None
    shape = to_tensor(values, "logits").shape
    return max(shape[1], 2) if len(shape) == 2 else None
