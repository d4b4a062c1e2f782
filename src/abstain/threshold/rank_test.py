"""Whether confidences of a deployment still rank among those of validation as if both came from one source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from abstain._checks import InputError, check_keys, check_number, shown

DEPTH = 4
"""Halvings of the validation samples: into 2, 4, 8 and 16 parts."""
N_BINS = 2**DEPTH
PRIOR = 0.5
"""Both parameters of the beta distribution (Jeffreys') of the share of a left half, where it has changed."""


@dataclass(frozen=True, eq=False)
class RankTest:
    """Bins between ranks of the validation confidences, whose shares have a known distribution.

    Each confidence, of validation and of the deployment, gets a uniform number that breaks ties. If all n + t pairs are
    exchangeable, the rank of each new one among all before it is uniform and independent of their ranks: so smoothed
    conformal p-values are (Vovk, Gammerman and Shafer 2005, theorem 8.1). Counted between fixed ranks of the validation
    samples, that is Pólya's urn: the next falls into a bin with probability (gap in ranks + samples there) /
    (n + 1 + t). Nothing is estimated, so the probability is over the draw of the validation samples too.

    Attributes:
        edges: (15,) validation confidences, ascending.
        tie_breaks: (15,) in [0, 1), the number of each of them.
        gaps: (16,) ranks from one edge to the next, of n + 1 in all.
    """

    edges: NDArray[np.float64]
    tie_breaks: NDArray[np.float64]
    gaps: NDArray[np.int64]

    @classmethod
    def of(cls, confidence: NDArray[np.floating[Any]]) -> Self:
        """The bins of validation confidences (N,); their order makes no difference.

        Raises:
            InputError: they are fewer than there are bins.
        """
        n = len(confidence)
        if n < N_BINS:
            raise InputError(f"there are {n} validation confidences, but a test needs at least {N_BINS}: give more")
        confidence = np.sort(confidence.astype(np.float64)) + 0.0  # -0.0 becomes 0.0
        uniform = _tie_breaks(confidence)
        order = np.lexsort((uniform, confidence))
        ranks = np.arange(N_BINS + 1) * (n + 1) // N_BINS
        at = order[ranks[1:-1] - 1]
        return cls(confidence[at], uniform[at], np.diff(ranks))

    def bins(self, confidence: NDArray[np.floating[Any]], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
        """(N,) the bin in [0, 16) of each confidence; its number in [0, 1) counts where it equals an edge."""
        value, number = confidence[:, None], uniform[:, None]
        above = (value > self.edges) | ((value == self.edges) & (number > self.tie_breaks))
        return above.sum(axis=1)

    def log_evidence(self, before: NDArray[np.int64], since: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log of an e-value against exchangeability: a bet at each of the 15 halvings that its shares have changed.

        At a halving of depth d, 2^-(d+1) of the stake is bet on a share of Beta(½, ½) in place of the urn's. Each
        factor is a martingale of the samples that come there, so the product is one.

        Args:
            before: (..., 16) samples of each bin before a start; they count as validation.
            since: (..., 16) samples since then.

        Returns:
            (...,) float64.
        """
        urn, total = self.gaps + before, np.zeros(since.shape[:-1])
        for depth in reversed(range(DEPTH)):
            (left, right), (new_left, new_right) = _halves(urn), _halves(since)
            changed = betaln(PRIOR + new_left, PRIOR + new_right) - betaln(PRIOR, PRIOR)
            same = betaln(left + new_left, right + new_right) - betaln(left, right)
            bet = 0.5 ** (depth + 1)
            total = total + np.logaddexp(np.log1p(-bet), np.log(bet) + changed - same).sum(axis=-1)
            urn, since = left + right, new_left + new_right
        return total

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, ready for JSON, which has no infinity: it is a text there."""
        edges = [value if np.isfinite(value) else str(value) for value in self.edges.tolist()]
        return {"edges": edges, "tie_breaks": self.tie_breaks.tolist(), "gaps": self.gaps.tolist()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The test that `to_dict` wrote.

        Raises:
            InputError: it is none.
        """
        names = ("edges", "tie_breaks", "gaps")
        held = check_keys("test of ranks", values, known=names, needed=names)
        edges, tie_breaks, gaps = (_numbers(name, held[name], n) for name, n in zip(names, (15, 15, 16), strict=True))
        pairs = list(zip(edges.tolist(), tie_breaks.tolist(), strict=True))
        whole = (gaps >= 1) & (gaps < 2**53) & (gaps == np.floor(gaps))
        if pairs != sorted(pairs) or not whole.all():
            raise InputError("the edges of a test of ranks do not ascend, or its gaps are no whole numbers above 0")
        return cls(edges, tie_breaks, gaps.astype(np.int64))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RankTest) and self.to_dict() == other.to_dict()


def _tie_breaks(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """A number in [0, 1) for each, from a digest of all: the same for the same data, and unforeseen for others."""
    digest = hashlib.sha256(confidence.tobytes()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big")).random(len(confidence))


def _halves(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of the bins in pairs, the left and the right ones."""
    return counts[..., ::2], counts[..., 1::2]


def _numbers(name: str, values: Any, n: int) -> NDArray[np.float64]:
    infinite = {"inf": np.inf, "-inf": -np.inf}
    if not isinstance(values, list) or len(values) != n:
        raise InputError(f"{name} of a test of ranks are {shown(values)}, but must be a list of {n} numbers")
    numbers = [infinite[value] if value in ("inf", "-inf") else check_number(name, value) for value in values]
    if np.isnan(numbers).any():
        raise InputError(f"{name} of a test of ranks hold NaN, but must be numbers")
    return np.array(numbers)
