"""Logit normalisation, the repair: the max logit over the p-norm of the logits, with p chosen on validation data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._checks import InputError, check_choice, check_logits, check_p
from abstain.curve.curve import risk_coverage_curve
from abstain.curve.difference import paired_standard_error
from abstain.scores.rows import Rows, score_by_rows, warn_if_normalized
from abstain.scores.softmax import SCORES, Score, classification_error, log_odds, msp

MAX_MULTIPLIED = 64
"""Whole exponents up to here are made by repeated multiplication, which is far faster than a power each."""

SEARCH_BLOCK = 2**19
"""Logits in one block of the search, 2 MiB in float32: with less, calls cost more than arithmetic."""

Fallback = Literal["one_standard_error", "strict", "never"]


@dataclass(frozen=True)
class Candidate:
    """One value of p in the search.

    Attributes:
        p: exponent of the norm; None is MSP.
        aurc: on the validation data; lower is better.
        gain: AURC of MSP minus `aurc`; positive where normalisation is better.
        gain_standard_error: of the gain, paired over the same samples.
    """

    p: float | None
    aurc: float
    gain: float
    gain_standard_error: float


@dataclass(frozen=True)
class LogitNorm:
    """The confidence score max_k (z - c)_k / ‖z - c‖_p, with c the mean of z if `center`, else 0.

    Uncentred it is Eq. 17 of Xia et al. (arXiv 2403.14715), centred it is Cattelan and Silva (arXiv 2305.15508).
    p and `center` travel together, so that validation and test cannot disagree. With `p=None` the score is MSP.

    Attributes:
        p: exponent of the norm, finite and at least 1; None for MSP.
        center: subtract each row's mean before anything else.
        reason: why `fit` chose this p, in one sentence; None for a p given by hand.
        search: what `fit` looked at, MSP first; empty for a p given by hand.

    Raises:
        InputError: p below 1 or not finite.
    """

    p: float | None
    center: bool = True
    reason: str | None = None
    search: tuple[Candidate, ...] = ()

    def __post_init__(self) -> None:
        if self.p is not None:
            object.__setattr__(self, "p", check_p(self.p))

    def score(self, logits: Any) -> NDArray[np.float64]:
        """The confidence of each row of logits; larger is accepted first.

        Args:
            logits: (N, K) real, NumPy or torch on any device, not changed.

        Returns:
            (N,) float64. With a p: in [-1, 1], and -1 for a row whose (centred) logits are all 0, which is
            least confident. With p=None: the log-odds of `scores.msp`.

        Raises:
            InputError: as `scores.msp`; a p with K of 1 or 2, where the centred score is the same for every row.
        """
        if self.p is None:
            return msp(logits)
        logits = check_logits(logits)
        if logits.shape[1] <= 2:
            raise InputError(
                f"logits have K = {logits.shape[1]}, but a p-norm says nothing about two classes: use LogitNorm(p=None)"
            )
        warn_if_normalized(logits, log_too=not self.center)
        return score_by_rows(logits, _Normalizer([self.p], center=self.center))[0]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, for JSON; floats survive the round trip exactly."""
        return asdict(self) | {"search": [asdict(candidate) for candidate in self.search]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LogitNorm:
        """The object that `to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing.
        """
        _check_keys(cls, values, needed={"p"})
        for candidate in values.get("search", ()):
            _check_keys(Candidate, candidate, needed={field.name for field in fields(Candidate)})
        search = tuple(Candidate(**candidate) for candidate in values.get("search", ()))
        return cls(**{**values, "search": search})

    @classmethod
    def fit(
        cls,
        logits: Any,
        labels: Any,
        *,
        p_grid: Iterable[float] = range(1, 11),
        center: bool = True,
        fallback: Fallback = "one_standard_error",
    ) -> LogitNorm:
        """Choose the p with the lowest AURC on validation data, or MSP where no p is convincingly better.

        Never fit on the data that you report. Of equal candidates the first of the grid wins.

        Args:
            logits: (N, K) validation logits.
            labels: (N,) their labels, int in [0, K).
            p_grid: values of p to try, finite and at least 1.
            center: subtract each row's mean first.
            fallback: when MSP stays: `"one_standard_error"`, unless the gain in AURC exceeds its own paired
                standard error; `"strict"`, unless there is a gain; `"never"`.

        Returns:
            With `p`, `reason` and `search` set. For K of 1 or 2 always MSP, since there the centred score is
            constant and the MSP already holds all that two logits say.

        Raises:
            InputError: bad logits or labels, an empty grid, a p below 1, an unknown fallback.
        """
        check_choice("fallback", fallback, ("one_standard_error", "strict", "never"))
        grid = [check_p(p) for p in p_grid]
        if not grid:
            raise InputError("p_grid is empty, but at least one p is needed: range(1, 11) is the default")
        logits = check_logits(logits)
        error = classification_error(logits, labels)
        if logits.shape[1] <= 2:
            reason = f"MSP: with K = {logits.shape[1]} there is nothing that logit normalisation could add"
            return cls(None, center, reason)
        search = _search(logits, error, grid, center=center)
        return cls(*_choose(search, fallback, center), search)


def _check_keys(kind: type[LogitNorm] | type[Candidate], values: dict[str, Any], needed: set[str]) -> None:
    known = {field.name for field in fields(kind)}
    if not needed <= set(values) <= known:
        raise InputError(f"a {kind.__name__} has the keys {sorted(values)}, but must have them of {sorted(known)}")


def named_score(name: str, *, p: float | None = None, center: bool = True) -> Score:
    """The score called `name`: one of `SCORES`, or `max_logit_pnorm`, which needs its `p`.

    Raises:
        InputError: there is none of that name (with the nearest one), `p` is missing, or given to another score.
    """
    check_choice("score", name, [*SCORES, "max_logit_pnorm"])
    if (name == "max_logit_pnorm") != (p is not None):
        raise InputError(f"the score is {name} and p is {p}: max_logit_pnorm needs a p, and no other score takes one")
    return SCORES[name] if p is None else LogitNorm(p, center).score


def _search(
    logits: Tensor, error: NDArray[np.float64], grid: Sequence[float], *, center: bool
) -> tuple[Candidate, ...]:
    """MSP and every p of the grid, in float32 where the logits are: the final score is in float64."""
    warn_if_normalized(logits, log_too=not center)
    normalize = _Normalizer(grid, center=center)

    def score(block: Tensor) -> Tensor:
        of_msp = log_odds(Rows(block))  # first, since the other changes the block
        return torch.cat([of_msp[None], normalize(block)])

    dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
    confidences = score_by_rows(logits, score, dtype, SEARCH_BLOCK)
    of_msp = _aurc_and_influence(confidences[0], error)
    search = [Candidate(None, of_msp[0], 0.0, 0.0)]
    for p, confidence in zip(grid, confidences[1:], strict=True):  # one at a time, which bounds the memory
        area, influence = _aurc_and_influence(confidence, error)
        search.append(Candidate(p, area, of_msp[0] - area, paired_standard_error(of_msp[1], influence)))
    return tuple(search)


def _aurc_and_influence(confidence: NDArray[Any], error: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    curve = risk_coverage_curve(confidence, error)
    return curve.aurc(), curve.influence_on_aurc(confidence, error)


def _choose(search: Sequence[Candidate], fallback: Fallback, center: bool) -> tuple[float | None, bool, str]:
    """(p, center, reason): the best candidate after MSP, if it is good enough for `fallback`."""
    best = min(search[1:], key=lambda candidate: candidate.aurc)
    needed = {"one_standard_error": best.gain_standard_error, "strict": 0.0, "never": -np.inf}[fallback]
    found = (
        f"on validation data p = {best.p:g} has AURC {best.aurc:.6f} against {search[0].aurc:.6f} of MSP, "
        f"a gain of {best.gain:.6f} ± {best.gain_standard_error:.6f}"
    )
    if best.gain > needed:
        return best.p, center, found
    return None, center, f"MSP: {found}, which is not enough for fallback={fallback!r}"


class _Normalizer:
    """The score of a block of rows for every p, in the memory of the block and of one more."""

    def __init__(self, grid: Sequence[float], *, center: bool) -> None:
        self.grid, self.center = grid, center
        self.multiplied = all(p == int(p) and p <= MAX_MULTIPLIED for p in grid)
        self.power: Tensor | None = None

    def __call__(self, block: Tensor) -> Tensor:
        """(P, n), from a block (n, K) that is changed."""
        high, low = block.amax(dim=1), block.amin(dim=1)
        _divide_by_largest(block, high, low)  # so that neither the mean nor a power overflows; equal logits are ±1
        if self.center:
            mean = block.mean(dim=1)
            block -= mean[:, None]
            high, low = high - mean, low - mean
        largest = _divide_by_largest(block, high, low)
        sums = self._power_sums(block.abs_())
        confidence = high / sums.pow_(1 / sums.new_tensor(self.grid)[:, None])
        return confidence.where(largest > 0, -1.0)

    def _power_sums(self, magnitude: Tensor) -> Tensor:
        """(P, n): the sum of |z|^p along each row for every p; whole exponents by repeated multiplication."""
        if not self.multiplied:
            return torch.stack([magnitude.pow(p).sum(dim=1) for p in self.grid])
        if self.power is None or len(self.power) < len(magnitude):
            self.power = torch.empty_like(magnitude)
        power = self.power[: len(magnitude)].copy_(magnitude)
        sums = {1.0: magnitude.sum(dim=1)}
        for exponent in range(2, int(max(self.grid)) + 1):
            power *= magnitude
            sums[float(exponent)] = power.sum(dim=1)
        return torch.stack([sums[p] for p in self.grid])


def _divide_by_largest(block: Tensor, high: Tensor, low: Tensor) -> Tensor:
    """Divide each row and its extremes, in place, by its largest magnitude, which is returned; rows of zeros stay."""
    largest = torch.maximum(high, -low)
    divisor = largest.where(largest > 0, 1.0)
    block /= divisor[:, None]
    high /= divisor
    low /= divisor
    return largest
