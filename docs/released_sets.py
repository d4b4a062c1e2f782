"""The released sets of logits of more than two classes, and paired differences of AURC on them as a page shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from abstain import aurc_difference, read_logits, released_checkpoint
from abstain.curve.intervals import skewed_interval
from abstain.curve.moments import Moments, unit_of
from abstain.curve.sample_influence import area_and_influence
from abstain.hub import released_checkpoints
from abstain.hub.facts import read_results, trained_with
from abstain.scores import LogitNorm, classification_error, msp

LEVEL = 0.95
Told = dict[str, float | None]
Values = tuple[Any, Any]


@dataclass(frozen=True)
class ReleasedSet:
    """Logits and labels of one released model.

    Attributes:
        name: data and what it was trained with, such as `cifar10, label smoothing, α = 0.2`.
        validation: (logits, labels).
        test: (logits, labels).
    """

    name: str
    validation: Values
    test: Values

    @cached_property
    def error(self) -> Any:
        """(N,) of the test samples."""
        return classification_error(*self.test)

    @cached_property
    def msp(self) -> Any:
        """(N,) of the test samples."""
        return msp(self.test[0])

    def of_p(self, p: float) -> Any:
        """(N,) normalised max logits of the test samples."""
        return LogitNorm(p).score(self.test[0])

    def minus_msp(self, confidence: Any) -> Told:
        """AURC of a confidence of the test samples minus that of MSP."""
        return self.minus(confidence, self.msp)

    def minus(self, confidence: Any, other: Any) -> Told:
        """AURC of a confidence of the test samples minus that of another."""
        found = aurc_difference(confidence, self.error, other, self.error, level=LEVEL)
        return {"estimate": found.estimate, "low": found.low, "high": found.high}


def released_sets() -> Iterator[ReleasedSet]:
    """Those that keep their logits, of more than two classes: for two every p and every temperature is the same."""
    folders = [folder for folder in map(released_checkpoint, released_checkpoints()) if (folder / "logits").is_dir()]
    settings = {folder: read_results(folder)["settings"] for folder in folders}
    for folder in sorted(folders, key=lambda folder: _place(settings[folder])):
        validation, test = (read_logits(folder / "logits", split) for split in ("validation", "test"))
        if test[0].shape[1] > 2:
            yield ReleasedSet(", ".join(_title(settings[folder])), validation, test)


def _title(settings: Mapping[str, Any]) -> tuple[str, str]:
    return data_name(settings), trained_with(settings["training"])


def _place(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    training = settings["training"]
    return data_name(settings), training.get("max_suppression_factor", 0.0), training["label_smoothing_factor"]


def data_name(settings: Mapping[str, Any]) -> str:
    """What a table calls the data of a run."""
    return settings["data"]["dataset_name"].rpartition("/")[2].removesuffix("_rows").replace("_", " ")


class Mixture:
    """Differences of AURC between ways of choosing among the same confidences, over draws of what was chosen.

    A way of choosing is the share of the draws in which it took each confidence; its AURC is the mean over the draws,
    and the interval is over the test samples.
    """

    def __init__(self, confidences: Mapping[str, Any], error: Any) -> None:
        found = {name: area_and_influence(confidence, error) for name, confidence in confidences.items()}
        self.aurc = {name: area for name, (area, _) in found.items()}
        self._influence = {name: influence for name, (_, influence) in found.items()}

    def mean(self, shares: Mapping[str, float]) -> float:
        """AURC, the mean over the draws."""
        return sum(share * self.aurc[name] for name, share in shares.items())

    def minus(self, shares: Mapping[str, float], others: Mapping[str, float]) -> Told:
        """AURC of a way of choosing minus that of another."""
        estimate = self.mean(shares) - self.mean(others)
        influence = self._mean_influence(shares) - self._mean_influence(others)
        moments = Moments.of_values(influence, len(influence), unit_of(1.0))
        low, high = (skewed_interval(estimate, moments, LEVEL) if np.any(influence) else None) or (None, None)
        return {"estimate": estimate, "low": low, "high": high}

    def _mean_influence(self, shares: Mapping[str, float]) -> Any:
        return sum(share * self._influence[name] for name, share in shares.items())


def points(difference: Told) -> str:
    """A difference with its interval in percentage points; a dash where there is none."""
    estimate, low, high = difference["estimate"], difference["low"], difference["high"]
    if not estimate and low is None:
        return "0"
    ends = "" if low is None or high is None else f" [{100 * low:+.3f}, {100 * high:+.3f}]"
    return f"{100 * (estimate or 0.0):+.3f}{ends}"
