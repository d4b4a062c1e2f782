"""One line on how well a model abstains, for each evaluation of a training."""

from __future__ import annotations

from collections.abc import Iterator

from abstain.curve.curve import RiskCoverageCurve
from abstain.report.notes import FEW_ERRORS
from abstain.report.order import MostConfident, Order, Top, order_on_the_whole
from abstain.report.phrases import percent
from abstain.threshold.bounds import fewest_to_show

TARGET_RISK = 0.05
MOST_DOUBTED = 2_000_000
"""Of more samples no doubt is looked for: it would take longer than the rest, half a second here."""

DOUBTS: dict[Order | Top | None, str] = {
    "perhaps chance": "the order may be no better than chance",
    "worse than chance": "the order is worse than chance",
    "unclear": "too few samples to tell the order",
    "flat": "not clearly in order at the very top",
    "reversed": "at the very top a higher confidence means more errors",
}
"""What is said of an order that is not clearly good, on the whole or among the most confident tenth."""


def verdict(curve: RiskCoverageCurve, *, independent: bool = True, level: float = 0.95) -> str:
    """How many answers are wrong, how well they are ordered, how much can be answered, and what is in doubt of that.

    Args:
        curve: of 0/1 errors.
        independent: whether the samples are; where they are not, as the pixels of one image, no doubt can be judged.
            Of more than 2,000,000 samples none is looked for.
        level: nominal coverage of the intervals that the doubts come from, in (0, 1).

    Returns:
        One line, without the name of the data.

    Example:
        >>> from abstain import risk_coverage_curve
        >>> verdict(risk_coverage_curve([4, 3, 2, 1], [0, 0, 0, 1]))
        '25.00 % wrong (1 of 4, few to judge by); AURC 6.25 % (perfect 6.25 %, random 25.00 %); at 5 % errors 75.0 % \
can be answered, too few to show it; too few samples to tell the order'
    """
    n_wrong = round(curve.risk_at_coverage(1.0) * curve.n_samples)
    return "; ".join(_parts(curve, n_wrong, independent, level))


def _parts(curve: RiskCoverageCurve, n_wrong: int, independent: bool, level: float) -> Iterator[str]:
    risk, auroc = percent(curve.risk_at_coverage(1.0), 2), curve.failure_auroc()
    few = ", few to judge by" if independent and min(n_wrong, curve.n_samples - n_wrong) < FEW_ERRORS else ""
    yield f"{risk} % wrong ({n_wrong:,} of {curve.n_samples:,}{few})"
    if auroc is None:
        yield f"all are {'wrong' if n_wrong else 'right'}, so their order cannot be judged"
        return
    area, perfect = (percent(value, 2) for value in (curve.aurc(), curve.optimal_aurc()))
    yield f"AURC {area} % (perfect {perfect} %, random {risk} %)"
    yield f"at {100 * TARGET_RISK:g} % errors {_answerable(curve, independent)}"
    if independent and curve.n_samples <= MOST_DOUBTED and (doubt := _doubt(curve, auroc, level)):
        yield doubt


def _answerable(curve: RiskCoverageCurve, independent: bool) -> str:
    coverage = curve.coverage_at_risk(TARGET_RISK)
    if coverage in (0, 1):
        return f"{'everything' if coverage else 'nothing'} can be answered"
    few = independent and round(coverage * curve.n_samples) < fewest_to_show(TARGET_RISK)
    return f"{percent(coverage, 1)} % can be answered{', too few to show it' if few else ''}"


def _doubt(curve: RiskCoverageCurve, auroc: float, level: float) -> str | None:
    order = order_on_the_whole(curve, auroc, curve.failure_auroc_interval(level), level)
    if order != "in order":
        return DOUBTS[order]
    top = MostConfident.of(curve)
    return DOUBTS.get(top.verdict(level)) if top else None
