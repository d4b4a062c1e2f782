"""When to answer: a confidence and a threshold on it, fitted on validation data and kept beside the model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_labels, check_logits
from abstain._checks import InputError
from abstain._files import write_json
from abstain.scores.confidence import Confidence, confidence_from_dict
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.softmax import classification_error
from abstain.threshold.select import OperatingPoint, select_threshold

RULE_FILE = "abstention.json"


@dataclass(frozen=True)
class AbstentionRule:
    """Answer where `confidence.score(logits) >= operating_point.threshold`, else abstain.

    Attributes:
        confidence: what makes one number of a row of logits, such as `LogitNorm` fitted on one half of validation data.
        operating_point: the threshold, chosen on the other half, so that no fit has seen the labels it rests on.
    """

    confidence: Confidence
    operating_point: OperatingPoint

    @classmethod
    def fit(
        cls, logits: Any, labels: Any, *, target_risk: float, delta: float | None = None, seed: int = 0, **fit: Any
    ) -> Self:
        """Logit normalisation and the threshold, each fitted on its seeded half of validation data.

        Args:
            logits: (N, K) validation logits, N of at least 2.
            labels: (N,) their labels, int in [0, K).
            target_risk: fraction in (0, 1), see `select_threshold`.
            delta: fraction in (0, 1) for a threshold with a guarantee; None for an empirical one.
            seed: of the halves.
            **fit: `p_grid`, `center` and `fallback` of `LogitNorm.fit`.

        Raises:
            NoThresholdError: no threshold qualifies.
            InputError: bad logits or labels, fewer than two samples, or a fraction outside its range.
        """
        logits = check_logits(logits)
        labels = check_labels(labels, n_samples=logits.shape[0], n_logits=logits.shape[1])
        if len(labels) < 2:
            raise InputError("there is 1 sample, but one half fits p and the other the threshold: give two or more")
        order = np.random.default_rng(seed).permutation(len(labels))
        first, second = np.array_split(order, 2)
        norm = LogitNorm.fit(logits[first], labels[first], **fit)
        error = classification_error(logits[second], labels[second])
        return cls(norm, select_threshold(norm.score(logits[second]), error, target_risk, delta))

    def accept(self, logits: Any) -> NDArray[np.bool_]:
        """(N,) whether to answer, for logits (N, K)."""
        return self.confidence.score(logits) >= self.operating_point.threshold

    def save(self, folder: str | Path) -> Path:
        """Write `abstention.json` into a folder, beside a model.

        Raises:
            InputError: it cannot be written.
        """
        point = asdict(self.operating_point)
        if point["threshold"] == -np.inf:
            point["threshold"] = None  # JSON has no infinity: accept all
        values = {"confidence": self.confidence.to_dict(), "operating_point": point}
        return write_json(Path(folder) / RULE_FILE, values)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The rule that `save` wrote into a folder; version 0.1.0 wrote `logit_norm` in place of `confidence`.

        Raises:
            InputError: there is none, or it cannot be read.
        """
        path = Path(folder) / RULE_FILE
        if not path.is_file():
            raise InputError(f"there is no {RULE_FILE} in {str(folder)!r}: SelectiveTrainer.calibrate writes it")
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            point = {field.name: values["operating_point"][field.name] for field in fields(OperatingPoint)}
            if point["threshold"] is None:
                point["threshold"] = -np.inf
            return cls(_confidence_of(values), OperatingPoint(**point))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{str(path)!r} is no abstention rule, or is damaged: write it anew") from error


def _confidence_of(values: dict[str, Any]) -> Confidence:
    of_old_file = values.get("logit_norm")
    return confidence_from_dict(values["confidence"]) if of_old_file is None else LogitNorm.from_dict(of_old_file)
