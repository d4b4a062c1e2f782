"""Which confidence is best: every score and every repair beside MSP, with paired differences of AURC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain.curve.difference import Difference, aurc_difference
from abstain.curve.functional import aurc
from abstain.report.selective_report import SelectiveReport
from abstain.scores.confidence import SoftmaxScore


@dataclass(frozen=True)
class ScoreGain:
    """What one confidence is worth beside MSP, on the same test samples.

    Attributes:
        name: of `SCORES`, or as `ScoreResult.name`.
        label: what a table calls it.
        aurc: fraction, convention `"mean"`; lower is better.
        gain: AURC of MSP minus this one, above 0 where this one is better; None of MSP and of fits that stay with it.
        adjusted_p: p-value of no gain, after Holm's correction (1979) for all that stand beside MSP; None where `gain`
            has none.
    """

    name: str
    label: str
    aurc: float
    gain: Difference | None
    adjusted_p: float | None = None

    def is_better(self, level: float) -> bool:
        """Whether it is better than MSP, beyond what the best of several is by chance."""
        return self.adjusted_p is not None and self.adjusted_p <= 1 - level and (self.gain_or_0 > 0)

    @property
    def gain_or_0(self) -> float:
        """The estimate of the gain."""
        return 0.0 if self.gain is None else self.gain.estimate

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return asdict(self)


def score_gains(report: SelectiveReport, scores: Mapping[str, NDArray[np.float64]]) -> tuple[ScoreGain, ...]:
    """MSP, then all other confidences by their AURC, the best first.

    Args:
        report: of the test samples; its repairs were fitted on others.
        scores: name of `SCORES` -> (N,) of the same samples in the same order.
    """
    others = [_beside(report, result.name, result.label, result.confidence) for result in _fitted(report)]
    others += [_beside(report, name, SoftmaxScore(name).label, found) for name, found in scores.items()]
    stays = [ScoreGain(one.name, one.label, _aurc(report), None) for one in report.results[1:] if one.falls_back]
    adjusted = holm([one.gain.p_value if one.gain else None for one in others])
    found = [ScoreGain(one.name, one.label, one.aurc, one.gain, p) for one, p in zip(others, adjusted, strict=True)]
    return (ScoreGain("msp", report.msp.label, _aurc(report), None), *stays, *sorted(found, key=lambda one: one.aurc))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values, each adjusted for all of them after Holm (1979): those below δ err together with at most δ.

    Example:
        >>> holm([0.01, None, 0.04, 0.03])
        [0.03, None, 0.06, 0.06]
    """
    given = [p for p in p_values if p is not None]
    adjusted: dict[int, float] = {}
    largest = 0.0
    for rank, place in enumerate(np.argsort(given, kind="stable").tolist()):
        largest = max(largest, min(1.0, (len(given) - rank) * given[place]))
        adjusted[place] = largest
    places = iter(range(len(given)))
    return [None if p is None else adjusted[next(places)] for p in p_values]


def _fitted(report: SelectiveReport) -> Iterator[Any]:
    return (result for result in report.results[1:] if not result.falls_back)


def _aurc(report: SelectiveReport) -> float:
    return float(report.msp.curve.aurc())


def _beside(report: SelectiveReport, name: str, label: str, confidence: NDArray[np.float64]) -> ScoreGain:
    clusters = None if report.clusters is None else report.clusters.of_sample
    told: dict[str, Any] = {"level": report.level, "clusters": clusters}
    gain = aurc_difference(report.msp.confidence, report.error, confidence, report.error, **told)
    return ScoreGain(name, label, aurc(confidence, report.error), gain)
