"""Logit normalisation, the repair: the max logit over the p-norm of the logits, with p chosen on validation data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._arguments import check_flag, check_numbers, check_p, check_whole
from abstain._arrays import check_logits
from abstain._checks import ArgumentError, InputError, check_choice, check_keys, check_number, shown
from abstain.curve.sample_influence import area_and_influence, paired_standard_error
from abstain.scores.rows import LogitRows, score_in_blocks, warn_if_normalized
from abstain.scores.softmax import classification_error, log_odds

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

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The candidate that `LogitNorm.to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing.
        """
        names = {field.name for field in fields(cls)}
        p, *numbers = (check_keys("Candidate", values, known=names, needed=names)[one.name] for one in fields(cls))
        return cls(None if p is None else check_p(p), *(check_number("a number of a Candidate", x) for x in numbers))


@dataclass(frozen=True)
class LogitNorm:
    """The confidence score max_k (z - c)_k / ‖z - c‖_p, with c the mean of z if `center`, else 0.

    Uncentred it is Eq. 17 of Xia et al. (arXiv 2403.14715), centred it is Cattelan and Silva (arXiv 2305.15508).
    p and `center` travel together, so that validation and test cannot disagree. With `p=None` the score is MSP. Two are
    equal where both of them are; how they were found is not compared.

    Attributes:
        p: exponent of the norm, finite and at least 1; None for MSP.
        center: subtract each row's mean before anything else.
        reason: why `fit` chose this p, in one sentence; None for a p given by hand.
        search: what `fit` looked at, MSP first; empty for a p given by hand.
        n_logits: K of the logits that `fit` saw, the only ones it is for; None for a p given by hand.

    Raises:
        InputError: p below 1 or not finite.
    """

    SCORE: ClassVar[str] = "max_logit_pnorm"

    p: float | None
    center: bool = True
    reason: str | None = field(default=None, compare=False)
    search: tuple[Candidate, ...] = field(default=(), compare=False)
    n_logits: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.p is not None:
            object.__setattr__(self, "p", check_p(self.p))
        object.__setattr__(self, "center", check_flag("center", self.center))
        if not isinstance(self.reason, str | None):
            raise InputError(f"the reason of a LogitNorm is {shown(self.reason)}, but must be text or None")
        if self.n_logits is not None:
            object.__setattr__(self, "n_logits", check_whole("n_logits", self.n_logits, at_least=1))

    @property
    def name(self) -> str:
        """`max_logit_pnorm`, or `msp` without a p."""
        return "msp" if self.p is None else self.SCORE

    @property
    def label(self) -> str:
        """What a table or a figure calls it: `p-norm, p = 4`, or `p-norm (falls back to MSP)`."""
        norm = "p-norm" if self.center else "uncentred p-norm"
        return f"{norm} (falls back to MSP)" if self.p is None else f"{norm}, p = {self.p:g}"

    @property
    def temperature(self) -> float | None:
        """1 without a p, where it is the MSP; a norm is no probability."""
        return 1.0 if self.p is None else None

    def score(self, logits: Any) -> NDArray[np.float64]:
        """The confidence of each row of logits; larger is accepted first.

        Args:
            logits: (N, K) real, NumPy or torch on any device, not changed.

        Returns:
            (N,) float64. With a p: in [-1, 1], and -1 for a row whose (centred) logits are all 0, which is
            least confident. With p=None: the log-odds of `scores.msp`.

        Raises:
            InputError: as `scores.msp`; another K than that of the fit; a p with K of 1 or 2, where the centred score
                is the same for every row.
        """
        logits = check_logits(logits)
        if self.n_logits not in (None, logits.shape[1]):
            raise InputError(
                f"the logits have K = {logits.shape[1]}, but the validation logits that chose p K = {self.n_logits}: "
                "fit on logits of the same classes"
            )
        if self.p is None:
            warn_if_normalized(logits, log_too=False)
            return score_in_blocks(logits, lambda block: log_odds(LogitRows(block)))
        if logits.shape[1] <= 2:
            raise ArgumentError(
                f"logits have K = {logits.shape[1]}, but a p-norm says nothing about two classes: use LogitNorm(p=None)"
            )
        warn_if_normalized(logits, log_too=not self.center)
        return score_in_blocks(logits, _Normalizer([self.p], center=self.center))[0]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, for JSON; floats survive the round trip exactly."""
        return {"score": self.SCORE, **asdict(self), "search": [asdict(candidate) for candidate in self.search]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The object that `to_dict` wrote; version 0.1.0 wrote neither `score` nor `n_logits`.

        Raises:
            InputError: a key is unknown or missing, or the score is another.
        """
        known = {field.name for field in fields(cls)}
        values = dict(check_keys("LogitNorm", values, known={"score", *known}, needed={"p"}))
        check_choice("score of a LogitNorm", values.pop("score", cls.SCORE), [cls.SCORE])
        search = values.pop("search", ())
        if not isinstance(search, list | tuple):
            raise InputError(f"the search of a LogitNorm is {shown(search)}, but must be a list of candidates")
        candidates = tuple(Candidate.from_dict(candidate) for candidate in search)
        return cls(**values, search=candidates)

    @classmethod
    def fit(
        cls,
        logits: Any,
        labels: Any,
        *,
        p_grid: Iterable[float] = range(1, 11),
        center: bool = True,
        fallback: Fallback = "one_standard_error",
    ) -> Self:
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
        grid = check_fit(p_grid, center, fallback)
        logits = check_logits(logits)
        error = classification_error(logits, labels)
        if logits.shape[1] <= 2:
            reason = f"MSP: with K = {logits.shape[1]} there is nothing that logit normalisation could add"
            return cls(None, center, reason, n_logits=logits.shape[1])
        search = _search(logits, error, grid, center=center)
        return cls(*_choose(search, fallback, center), search, logits.shape[1])


def check_fit(p_grid: Any, center: Any, fallback: Any) -> list[float]:
    """The values of p to try, once they and the other two arguments of `LogitNorm.fit` are found to be right.

    Raises:
        InputError: `p_grid` is empty or holds a p below 1, `center` is neither True nor False, or there is no such
            `fallback`.
    """
    check_choice("fallback", fallback, ("one_standard_error", "strict", "never"))
    check_flag("center", center)
    grid = [check_p(p) for p in check_numbers("p_grid", p_grid)]
    if not grid:
        raise ArgumentError("p_grid is empty, but at least one p is needed: range(1, 11) is the default")
    return grid


def _search(
    logits: Tensor, error: NDArray[np.float64], grid: Sequence[float], *, center: bool
) -> tuple[Candidate, ...]:
    """MSP and every p of the grid, in float32 where the logits are: the final score is in float64."""
    warn_if_normalized(logits, log_too=not center)
    normalize = _Normalizer(grid, center=center)

    def score(block: Tensor) -> Tensor:
        of_msp = log_odds(LogitRows(block))  # first, since the other changes the block
        return torch.cat([of_msp[None], normalize(block)])

    dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
    confidences = score_in_blocks(logits, score, dtype, SEARCH_BLOCK)
    of_msp, influence_of_msp = area_and_influence(confidences[0], error)
    search = [Candidate(None, of_msp, 0.0, 0.0)]
    for p, confidence in zip(grid, confidences[1:], strict=True):  # one at a time, which bounds the memory
        aurc, influence = area_and_influence(confidence, error)
        search.append(Candidate(p, aurc, of_msp - aurc, paired_standard_error(influence_of_msp, influence)))
    return tuple(search)


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
