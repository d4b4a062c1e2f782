"""Is the confidence in order: does a higher one mean fewer errors?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import bdtr, bdtrc, gammaln, ndtri

from abstain.curve.curve import RiskCoverageCurve
from abstain.report.phrases import between, counted, how_many, percent

if TYPE_CHECKING:
    from abstain.report.selective_report import SelectiveReport

Top = Literal["in order", "flat", "reversed"]
Order = Literal["in order", "perhaps chance", "worse than chance", "unclear"]
IN_WORDS: dict[Order, str] = {
    "in order": "On the whole yes",
    "perhaps chance": "That is not clear, it may be no better than chance",
    "worse than chance": "No, it is worse than chance",
    "unclear": "That is not clear from these samples",
}
"""An order on the whole -> the answer to whether the confidence is in order."""

TOP = 0.1
"""The share that is the very top: the first tenth is compared with the second."""
FEWEST_AT_TOP = 20
"""With fewer samples in a tenth nothing is said of it."""
FEWEST_COMPARED = 20
"""With fewer errors in both tenths nothing is concluded from them."""


@dataclass(frozen=True)
class MostConfident:
    """The most confident tenth and the next one, as near to a tenth as ties allow.

    Attributes:
        n_first: samples of the most confident tenth.
        n_next: samples of the next.
        wrong_first: errors among the former.
        wrong_next: errors among the latter.
    """

    n_first: int
    n_next: int
    wrong_first: int
    wrong_next: int

    @classmethod
    def of(cls, curve: RiskCoverageCurve) -> MostConfident | None:
        """None where samples are few, or tie so often that there are no such tenths."""
        if TOP * curve.n_samples < FEWEST_AT_TOP:
            return None
        first = int((curve.coverage < TOP).sum())
        next_ = int((curve.coverage < curve.coverage[first] + TOP).sum())
        if next_ >= len(curve.coverage) or curve.coverage[next_] > 4 * TOP:
            return None
        n_first, n_both = curve.accepted[first], curve.accepted[next_]
        wrong_first, wrong_both = round(curve.risk[first] * n_first), round(curve.risk[next_] * n_both)
        return cls(int(n_first), int(n_both - n_first), wrong_first, wrong_both - wrong_first)

    def verdict(self, level: float) -> Top | None:
        """Whether the first tenth holds clearly fewer errors than the next, not clearly, or clearly more.

        If both erred alike, the errors of the first would be binomial among those of both. None where errors are few.
        """
        wrong = self.wrong_first + self.wrong_next
        if wrong < FEWEST_COMPARED:
            return None
        share, tail = self.n_first / (self.n_first + self.n_next), (1 - level) / 2
        if bdtr(self.wrong_first, wrong, share) <= tail:
            return "in order"
        if self.wrong_first and bdtrc(self.wrong_first - 1, wrong, share) <= tail:
            return "reversed"
        return "flat"

    def describe(self, verdict: Top | None) -> str:
        """The counts, and what they say."""
        counts = (
            f"of the {self.n_first:,} most confident answers {how_many(self.wrong_first, 'wrong')}, "
            f"of the next {self.n_next:,} {how_many(self.wrong_next, 'wrong')}"
        )
        if verdict == "flat":
            return f"At the very top a higher confidence does not clearly mean fewer errors: {counts}."
        if verdict == "reversed":
            return f"At the very top a higher confidence means more errors: {counts}."
        return f"At the very top: {counts}."


def describe_measured(report: SelectiveReport) -> str:
    """How many answers there are, how many of them are wrong, and what the confidence is."""
    confidence = (
        "the one given"
        if report.msp.scored_by.name == "confidence"
        else "the probability of the answer (maximum softmax probability, MSP)"
    )
    return (
        f"Of {counted(report.n_samples, 'answer')} {how_many(report.n_errors, 'wrong')} "
        f"({percent(report.msp.metrics['risk'], 2)} %); the confidence is {confidence}."
    )


def describe_order(report: SelectiveReport) -> Iterator[str]:
    """Whether right answers have the higher confidence, how far that is from a perfect order, and the very top."""
    question, curve = "Is the confidence in order?", report.msp.curve
    auroc = curve.failure_auroc()
    if auroc is None:
        yield f"{question} That cannot be told: {_describe_all_alike(report)}."
        return
    interval = curve.failure_auroc_interval(report.level) if report.has_intervals else None
    top = MostConfident.of(curve)
    at_top = top.verdict(report.level) if top and report.independent else None
    yield (
        f"{question} {_verdict(report, auroc, interval, at_top)}: of a right and a wrong answer, the right one has the "
        f"higher confidence in {percent(auroc, 1)} % of all pairs{between(interval, report.level, 1)}, where 50 % is "
        "chance and 100 % a perfect order (this is the failure AUROC)."
    )
    if top:
        yield top.describe(at_top)
    yield (
        "Averaged over all shares of the samples that might be answered, "
        f"{percent(curve.aurc(), 3)} % of the answers given are wrong (this is the AURC); with all errors last it "
        f"would be {percent(curve.optimal_aurc(), 3)} %, in a random order "
        f"{percent(report.msp.metrics['risk'], 3)} %."
    )


def _describe_all_alike(report: SelectiveReport) -> str:
    n_wrong = report.n_errors
    if n_wrong:
        return f"{_all(report.n_samples, 'wrong')}, and no confidence sorts these from right ones"
    return f"{_all(report.n_samples, 'right')}, and an order shows only where some are wrong"


def _all(number: int, what: str) -> str:
    return f"the one answer is {what}" if number == 1 else f"all {number:,} answers are {what}"


def _verdict(report: SelectiveReport, auroc: float, interval: tuple[float, float] | None, top: Top | None) -> str:
    if not report.independent and interval is None:
        seems = "It seems so" if auroc > 0.5 else "It seems not"
        return f"{seems}, but how sure that is cannot be told where rows depend on each other"
    order = order_on_the_whole(report.msp.curve, auroc, interval, report.level)
    but = {"flat": ", though not clearly at the very top", "reversed": ", but not at the very top"}
    return IN_WORDS[order] + (but.get(top or "", "") if order == "in order" else "")


def order_on_the_whole(
    curve: RiskCoverageCurve, auroc: float, interval: tuple[float, float] | None, level: float
) -> Order:
    """Whether a higher confidence clearly means fewer errors.

    Args:
        curve: of 0/1 errors, some right and some wrong, of independent samples.
        auroc: its `failure_auroc()`.
        interval: of that, at this level; None where it has none, being 0 or 1, or of few errors.
        level: nominal coverage of the interval, in (0, 1).
    """
    if interval is None and not _is_clear(curve, auroc, level):
        return "unclear"
    low, high = interval or (auroc, auroc)
    if high < 0.5:
        return "worse than chance"
    return "in order" if low > 0.5 else "perhaps chance"


def is_spoilt_at_top(report: SelectiveReport) -> bool:
    """Whether the order is clear on the whole and not at the very top, as label smoothing leaves it."""
    top, interval = MostConfident.of(report.msp.curve), report.msp.curve.failure_auroc_interval(report.level)
    if top is None or interval is None or not report.independent:
        return False
    return interval[0] > 0.5 and top.verdict(report.level) in ("flat", "reversed")


def _is_clear(curve: RiskCoverageCurve, auroc: float, level: float) -> bool:
    """Whether such an order is unlikely by chance, where every order of the errors among the samples is equally likely.

    That needs no interval. A perfect order, right or wrong, is one in (N over errors); else the test of Mann and
    Whitney (1947), with ties, by the normal law.
    """
    n = curve.n_samples
    wrong = round(curve.risk_at_coverage(1.0) * n)
    if not 0 < auroc < 1:
        log_orders = gammaln(n + 1) - gammaln(wrong + 1) - gammaln(n - wrong + 1)
        return bool(-log_orders <= math.log((1 - level) / 2))
    ties = np.diff(curve.accepted, prepend=0).astype(np.float64)
    variance = (n + 1 - float(np.sum(ties**3 - ties)) / (n * (n - 1))) / (12 * wrong * (n - wrong))
    return bool(abs(auroc - 0.5) >= ndtri((1 + level) / 2) * math.sqrt(max(variance, 0.0)))
