"""What one pass over test values tells of each sample: the predicted class and its confidence by every score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abstain.scores.batches import ValueBatches
from abstain.scores.confidence import Confidence, OfProbabilities, SoftmaxScore
from abstain.scores.kind_names import OF_PROBABILITIES, WITHOUT_SHIFT
from abstain.scores.kinds import Values
from abstain.scores.softmax import SCORES, SHIFTED, score_all


@dataclass(frozen=True, eq=False)
class Seen:
    """What is kept of N test samples.

    Attributes:
        predicted: (N,) int64, the predicted class.
        labels: (N,) int64.
        scores: name of each score that these values have -> (N,) float64.
        confidence: (N,) float64, by the confidence whose thresholds are looked for.
    """

    predicted: NDArray[np.int64]
    labels: NDArray[np.int64]
    scores: dict[str, NDArray[np.float64]]
    confidence: NDArray[np.float64]


def see(test: ValueBatches, names: Sequence[str], confidence: Confidence) -> Seen:
    """Go over all samples once.

    Args:
        test: values of any kind.
        names: of `SCORES`, from `scores_of`.
        confidence: as it is taken of values of this kind.
    """
    n = test.n_samples
    predicted, labels = np.empty((2, n), np.int64)
    scores = {name: np.empty(n) for name in names}
    seen = Seen(predicted, labels, scores, np.empty(n))
    start = 0
    for batch in test.batches():
        rows = slice(start, start + len(batch.labels))
        seen.predicted[rows], seen.labels[rows] = _predicted(batch), batch.labels
        seen.confidence[rows] = confidence.score(batch.rows)
        for name, found in _scores(batch, names).items():
            seen.scores[name][rows] = found
        start = rows.stop
    return seen


def _scores(batch: Values, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Of probabilities those as they are stored, so that what rounding made equal ties."""
    if batch.kind in OF_PROBABILITIES:
        return {name: OfProbabilities(SoftmaxScore(name)).score(batch.rows) for name in names}
    return score_all(batch.rows, names) if names else {}


def scores_of(test: ValueBatches) -> list[str]:
    """The scores of `SCORES` but MSP that these values have; those that read the shift of a row only of logits."""
    lost = SHIFTED if test.kind in {*WITHOUT_SHIFT, *OF_PROBABILITIES} else set()
    return [name for name in SCORES if name != "msp" and name not in lost]


def _predicted(batch: Values) -> NDArray[np.int64]:
    """The class with the largest value; of one column 1 where it is above its middle."""
    if batch.rows.shape[1] > 1:
        return batch.rows.argmax(dim=1).cpu().numpy()
    middle = 0.5 if batch.kind == "one probability" else 0.0
    return (batch.rows[:, 0] > middle).cpu().numpy().astype(np.int64)
