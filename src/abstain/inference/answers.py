"""What a classifier says of one sample: a class, how sure it is of it, and whether it answers or abstains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from abstain._arguments import check_whole
from abstain.inference.abstention import AbstentionRule
from abstain.scores.softmax import msp
from abstain.threshold.operating_point import LOG_ODDS

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Answer:
    """What is said of one sample.

    Attributes:
        accepted: whether the confidence reaches the threshold of the rule; True where there is no rule.
        label: the name of the most probable class, also where the classifier abstains.
        index: its number.
        confidence: on the scale of the rule's threshold, larger is more certain; without a rule the log-odds of MSP.
        probability: of the class, in [0, 1], where the confidence is one on another scale; None of other scores.
        logits: (K,) float32; (1,) where one stands for two classes.
        class_names: in the order of the classes.
    """

    accepted: bool
    label: str
    index: int
    confidence: float
    probability: float | None
    logits: NDArray[np.float32] = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)

    def probabilities(self) -> NDArray[np.float64]:
        """(K,) the softmax of the logits, in the order of the classes."""
        return class_probabilities(self.logits[None])[0]

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable classes with their softmax probabilities, in [0, 1], the most probable first.

        Raises:
            ArgumentError: k is no whole number of at least 1.
        """
        k = check_whole("k", k, at_least=1)
        found = self.probabilities()
        return [(self.class_names[index], float(found[index])) for index in np.argsort(-found, kind="stable")[:k]]

    def to_dict(self) -> dict[str, Any]:
        """What a line of JSON says of it."""
        names = ("label", "index", "accepted", "confidence", "probability")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, eq=False)
class PixelAnswer:
    """What is said of the pixels of one image, of height H and width W.

    Attributes:
        accepted: (H, W) bool, the pixels whose confidence reaches the threshold; all where there is no rule.
        labels: (H, W) int64, the most probable class of each, also where the classifier abstains.
        confidence: (H, W) float64, on the scale of the rule's threshold.
        class_names: in the order of the classes.
    """

    accepted: NDArray[np.bool_]
    labels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    class_names: tuple[str, ...] = field(repr=False)

    @property
    def coverage(self) -> float:
        """The share of the image's pixels that is accepted, in [0, 1]."""
        return float(self.accepted.mean())

    def to_dict(self) -> dict[str, Any]:
        """What a line of JSON says of it: the share of accepted pixels, and how many of each class are accepted."""
        counts = np.bincount(self.labels[self.accepted], minlength=len(self.class_names)).tolist()
        return {"coverage": self.coverage, "accepted_pixels": dict(zip(self.class_names, counts, strict=True))}


def class_probabilities(logits: Array) -> NDArray[np.float64]:
    """(N, K) the softmax of logits (N, K) in float64; of one logit z (N, 1) that of the pair (0, z)."""
    logits = logits.astype(np.float64)
    pairs = np.concatenate([np.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits
    return softmax(pairs, axis=1)


def predicted_classes(logits: Array) -> NDArray[np.int64]:
    """(N,) the class of the largest logit, the first of equal ones; of one logit 1 where it is above 0."""
    return (logits[:, 0] > 0).astype(np.int64) if logits.shape[1] == 1 else logits.argmax(axis=1)


def confidence_of(logits: Array, rule: AbstentionRule | None) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(N,) the confidence of logits (N, K) on the scale of the rule, and whether each reaches its threshold."""
    if rule is None:
        return msp(logits), np.ones(len(logits), bool)
    confidence = rule.confidence.score(logits)
    return confidence, confidence >= rule.operating_point.threshold


def answers_of(logits: Array, rule: AbstentionRule | None, class_names: Sequence[str]) -> Iterator[Answer]:
    """One answer a row of logits (N, K) float32, in order."""
    names = tuple(class_names)
    confidence, accepted = confidence_of(logits, rule)
    is_log_odds = rule is None or rule.confidence.name in LOG_ODDS
    probability: list[Any] = expit(confidence).tolist() if is_log_odds else [None] * len(logits)
    classes = predicted_classes(logits).tolist()
    columns = zip(accepted.tolist(), classes, confidence.tolist(), probability, logits, strict=True)
    for accepts, index, of_row, shown, row in columns:
        yield Answer(accepts, names[index], index, of_row, shown, row, names)
