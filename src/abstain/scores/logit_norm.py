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
from abstain._arrays import check_logits, check_same_order
from abstain._checks import ArgumentError, InputError, check_choice, check_keys, check_number, shown
from abstain.curve.sample_influence import area_and_influence, paired_standard_error
from abstain.scores.p_norm import PNorms
from abstain.scores.rows import LogitRows, score_in_blocks, warn_if_normalized
from abstain.scores.softmax import classification_error, log_odds

SEARCH_BLOCK = 2**17
"""Logits in one block of the search, 512 KiB in float32, as many as of the scores: with less, calls cost more."""

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
        return score_in_blocks(logits, PNorms([self.p], center=self.center))[0]

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
        check_same_order(logits=logits, labels=labels)
        return cls.fit_batches([(logits, labels)], p_grid=p_grid, center=center, fallback=fallback)

    @classmethod
    def fit_batches(
        cls,
        batches: Iterable[tuple[Any, Any]],
        *,
        p_grid: Iterable[float] = range(1, 11),
        center: bool = True,
        fallback: Fallback = "one_standard_error",
    ) -> Self:
        """The same of validation data that comes in batches, of which only the confidences are kept.

        Args:
            batches: pairs (logits, labels), at least one; with whole blocks of `SEARCH_BLOCK` values in all but the
                last, the fit is that of all rows at once, to the last bit.
            p_grid: as `fit`.
            center: as `fit`.
            fallback: as `fit`.

        Raises:
            InputError: as `fit`.
        """
        grid = check_fit(p_grid, center, fallback)
        confidences: list[NDArray[Any]] = []
        errors, n_logits = [], 0
        for logits, labels in batches:
            logits = check_logits(logits)
            errors.append(classification_error(logits, labels))
            n_logits = logits.shape[1]
            if n_logits > 2:
                confidences.append(_confidences(logits, grid, center=center, warn=not confidences))
        if n_logits <= 2:
            return cls(
                None,
                center,
                f"MSP: with K = {n_logits} there is nothing that logit normalisation could add",
                n_logits=n_logits,
            )
        search = _search(confidences, np.concatenate(errors), grid)
        return cls(*_choose(search, fallback, center), search, n_logits)


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


def _confidences(logits: Tensor, grid: Sequence[float], *, center: bool, warn: bool) -> NDArray[Any]:
    """(1 + P, n): MSP and every p, in float32 where the logits are: the final score is in float64."""
    if warn:
        warn_if_normalized(logits, log_too=not center)
    normalize = PNorms(grid, center=center)

    def score(block: Tensor) -> Tensor:
        of_msp = log_odds(LogitRows(block))  # first, since the other changes the block
        return torch.cat([of_msp[None], normalize(block)])

    dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
    return score_in_blocks(logits, score, dtype, SEARCH_BLOCK)


def _search(
    batches: Sequence[NDArray[Any]], error: NDArray[np.float64], grid: Sequence[float]
) -> tuple[Candidate, ...]:
    """MSP and every p of the grid."""
    of_msp, influence_of_msp = area_and_influence(np.concatenate([batch[0] for batch in batches]), error)
    search = [Candidate(None, of_msp, 0.0, 0.0)]
    for row, p in enumerate(grid, start=1):  # one at a time, which bounds the memory
        aurc, influence = area_and_influence(np.concatenate([batch[row] for batch in batches]), error)
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
