"""Abstaining from whole images: a confidence of each image, made of those of its pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from abstain._arrays import check_confidence_error
from abstain._checks import InputError, check_fraction, check_level, shown
from abstain.audit.score_gains import holm
from abstain.curve.clusters import Clusters
from abstain.curve.curve import risk_coverage_curve
from abstain.curve.difference import Difference, aurc_difference
from abstain.report.phrases import p_value, percent
from abstain.report.selective_report import ScoreResult, SelectiveReport
from abstain.report.tables import markdown_table
from abstain.threshold.operating_point import LOG_ODDS

QUANTILES = (0.01, 0.05, 0.25, 0.5)
FEWEST_IMAGES = 20
"""Of fewer no interval is given, as of samples with fewer errors."""
HALF = 0.5

Summary = Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True)
class OfImages:
    """One confidence of whole images.

    Attributes:
        pixels: what the confidence of the pixels is called.
        summary: `mean`, or which quantile of the pixels' confidences is that of the image.
        confidence: (G,) of each image.
        aurc: where the error of an image is the share of its wrong pixels; lower is better.
        interval: of the AURC; None where there are too few images with errors.
        risk_at_half: mean error of the most confident half of the images.
        gain: AURC of the first one minus this one, above 0 where this one is better; None of the first.
        adjusted_p: p-value of no gain, after Holm's correction for all but the first.
    """

    pixels: str
    summary: str
    confidence: NDArray[np.float64] = field(repr=False)
    aurc: float
    interval: tuple[float, float] | None
    risk_at_half: float
    gain: Difference | None = None
    adjusted_p: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """All numbers but those of each image, ready for JSON."""
        values = asdict(replace(self, confidence=np.empty(0)))
        return {name: value for name, value in values.items() if name != "confidence"}


@dataclass(frozen=True, eq=False)
class Images:
    """Whole images, to be accepted or left to a person.

    Attributes:
        error: (G,) the share of wrong pixels of each image, in the order of the images' names or numbers.
        found: every confidence of them, first the mean of the first confidence of pixels.
    """

    error: NDArray[np.float64] = field(repr=False)
    found: tuple[OfImages, ...]

    def to_dict(self) -> dict[str, Any]:
        """All numbers but those of each image, ready for JSON."""
        return {
            "n_images": len(self.error),
            "error": float(self.error.mean()),
            "confidences": [one.to_dict() for one in self.found],
        }


def whole_images(
    confidences: Mapping[str, Any],
    error: Any,
    sample: Any,
    *,
    quantiles: Iterable[float] = QUANTILES,
    level: float = 0.95,
) -> Images:
    """What abstaining from whole images is worth, by the mean and by quantiles of the confidences of their pixels.

    A quantile is that of a pixel, so it does not depend on the scale of the confidence; the mean does.

    Args:
        confidences: name -> (N,) real, of each pixel; what all are compared with is the mean of the first.
        error: (N,) 0/1 or a loss of at least 0, of each pixel.
        sample: (N,) the image of each pixel, as integers or names.
        quantiles: in (0, 1].
        level: nominal coverage of the intervals, in (0, 1).

    Raises:
        InputError: as `risk_coverage_curve`; no confidence, a quantile outside (0, 1], or a single image.

    Example:
        >>> images = whole_images({"MSP": [3, 2, 1, 0]}, [0, 0, 0, 1], ["a", "a", "b", "b"], quantiles=[0.5])
        >>> images.error.tolist(), [(one.summary, one.confidence.tolist()) for one in images.found]
        ([0.0, 0.5], [('mean', [2.5, 0.5]), ('quantile 50 %', [2.0, 0.0])])
    """
    if not isinstance(confidences, Mapping) or not confidences:
        raise InputError(f"confidences are {shown(confidences)}, but must be a mapping: give {{'MSP': confidence}}")
    level = check_level(level)
    pairs = {name: check_confidence_error(one, error) for name, one in confidences.items()}
    (_, losses), *_ = pairs.values()
    clusters = Clusters.read(sample, len(losses))
    sizes = clusters.sums(np.ones(len(losses)))
    errors = clusters.sums(np.asarray(losses, np.float64)) / sizes
    shares = [check_fraction("quantile", one, open_below=True) for one in quantiles]
    found: list[OfImages] = []
    for name, (confidence, _) in pairs.items():
        values = np.asarray(confidence, np.float64)
        summaries = {"mean": clusters.sums(values) / sizes} | _quantiles(values, clusters, shares)
        found += [_of_images(name, summary, one, errors, level) for summary, one in summaries.items()]
    return Images(errors, _with_gains(found, errors, level))


def _quantiles(
    confidence: NDArray[np.float64], clusters: Clusters, shares: Iterable[float]
) -> dict[str, NDArray[np.float64]]:
    """Of each image the smallest confidence that at least this share of its pixels does not exceed."""
    ordered = confidence[np.lexsort((confidence, clusters.of_sample))]
    sizes = np.bincount(clusters.of_sample, minlength=clusters.n_clusters)
    first = np.cumsum(sizes) - sizes
    rank = {share: np.maximum(np.ceil(np.round(share * sizes, 9)).astype(np.int64) - 1, 0) for share in shares}
    return {f"quantile {100 * share:g} %": ordered[first + place] for share, place in rank.items()}


def _of_images(
    pixels: str, summary: str, confidence: NDArray[np.float64], error: NDArray[np.float64], level: float
) -> OfImages:
    curve = risk_coverage_curve(confidence, error)
    interval = curve.aurc_interval(level=level) if len(error) >= FEWEST_IMAGES else None
    return OfImages(pixels, summary, confidence, float(curve.aurc()), interval, curve.risk_at_coverage(HALF))


def _with_gains(found: list[OfImages], error: NDArray[np.float64], level: float) -> tuple[OfImages, ...]:
    first, *others = found
    gains = [aurc_difference(first.confidence, error, one.confidence, error, level=level) for one in others]
    adjusted = holm([one.p_value for one in gains])
    return (
        first,
        *(replace(one, gain=gain, adjusted_p=p) for one, gain, p in zip(others, gains, adjusted, strict=True)),
    )


def images_of_report(report: SelectiveReport) -> Images | None:
    """The images of the pixels of a report, by MSP (whose mean is that of the probability) and after the repair.

    None where no two rows belong together, or where they come from fewer than `FEWEST_IMAGES`.
    """
    if report.clusters is None or report.clusters.n_clusters < FEWEST_IMAGES:
        return None
    repaired = report.repaired
    results = [report.msp] if repaired is None or repaired.falls_back else [report.msp, repaired]
    confidences = {one.label: _as_probability(one) for one in results}
    return whole_images(confidences, report.error, report.clusters.of_sample, level=report.level)


def _as_probability(one: ScoreResult) -> NDArray[np.float64]:
    return expit(one.confidence) if one.scored_by.name in LOG_ODDS else one.confidence


def in_words(images: Images, level: float) -> Iterator[str]:
    """Which confidence of an image is best, and what it is worth."""
    first, *others = images.found
    best = min(images.found, key=lambda one: one.aurc)
    better = [one for one in others if one.gain is not None and one.gain.estimate > 0 and _is_sure(one, level)]
    yield (
        f"The pixels are those of {len(images.error):,} images, each of which can be answered or left to a person as a "
        f"whole; its error is the share of its wrong pixels, {percent(float(images.error.mean()), 2)} % on average."
    )
    yield (
        f"Of the most confident half of the images by the mean of {first.pixels}, "
        f"{percent(first.risk_at_half, 2)} % of the pixels are wrong; by {_name(best)}, which has the lowest AURC, "
        f"{percent(best.risk_at_half, 2)} %."
    )
    how = f"after Holm's correction for the {len(others)} that stand beside it"
    if better:
        yield f"Better than that mean beyond chance, {how}: {', '.join(_name(one) for one in better)}."
    else:
        yield f"None is better than that mean beyond chance, {how}."


def _is_sure(one: OfImages, level: float) -> bool:
    return one.adjusted_p is not None and one.adjusted_p <= 1 - level


def _name(one: OfImages) -> str:
    return f"the {one.summary} of {one.pixels}"


def table(images: Images) -> str:
    """A row a confidence, in percent."""
    rows = [["pixels", "of an image", "AURC %", "interval", "error % at half", "gain, points", "interval", "p (Holm)"]]
    rows += [_row(one) for one in images.found]
    return markdown_table(rows, "llrrrrrr")


def _row(one: OfImages) -> list[str]:
    own = "–" if one.interval is None else "[{:.2f}, {:.2f}]".format(*(100 * end for end in one.interval))
    gain = ["–", "–"]
    if one.gain is not None:
        ends = one.gain.interval
        gain = [
            f"{100 * one.gain.estimate:+.2f}",
            "–" if ends is None else "[{:+.2f}, {:+.2f}]".format(*(100 * end for end in ends)),
        ]
    return [
        one.pixels,
        one.summary,
        percent(one.aurc, 2),
        own,
        percent(one.risk_at_half, 2),
        *gain,
        p_value(one.adjusted_p),
    ]
