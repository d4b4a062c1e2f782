"""How much more often one model is wrong than another among the images that each is most confident of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS, LEVEL = 2000, 0.95


@dataclass(frozen=True, eq=False)
class Ranked:
    """The images of one cell in the order in which a model would answer them.

    Attributes:
        order: (N,) the images, the most confident first.
        error: (N,) 0/1 in that order.
    """

    order: NDArray[np.int64]
    error: Array

    @classmethod
    def of(cls, confidence: Array, error: Array) -> Ranked:
        """Of (N,) confidences without ties, and errors."""
        if len(np.unique(confidence)) < len(confidence):
            raise SystemExit("two images have the same confidence, so their order is not known")
        order = np.argsort(-confidence)
        return cls(order, error[order])

    def risks(self, counts: NDArray[np.int64], coverage: float) -> Array:
        """(B,) selective risk at the smallest reachable coverage of at least this one, where images count so often.

        Args:
            counts: (B, N) how often each image was drawn.
            coverage: in (0, 1].
        """
        drawn = counts[:, self.order]
        accepted = drawn.cumsum(axis=1)
        wanted = np.ceil(np.round(coverage * accepted[:, -1:], 9))
        last = (accepted < wanted).sum(axis=1)[:, None]
        wrong = np.take_along_axis((drawn * self.error).cumsum(axis=1), last, axis=1)
        return (wrong / np.take_along_axis(accepted, last, axis=1))[:, 0]


def in_draws(n: int, seed: int = 0) -> Iterator[NDArray[np.int64]]:
    """(b, N) how often each image is in a bootstrap sample, after (1, N) the images as they are."""
    yield np.ones((1, n), np.int64)
    random = np.random.default_rng(seed)
    for _ in range(DRAWS // 100):
        yield random.multinomial(n, np.full(n, 1 / n), size=100)


def interval(drawn: Array) -> tuple[float, float] | None:
    """The percentile interval of a number (1 + B,) whose first value is that of the images as they are.

    None where all draws between its ends are alike, as where no accepted image is wrong: that says nothing of others.
    """
    low, high = np.quantile(drawn[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(low), float(high)) if low < high else None
