"""What was measured of a model, read from a file of results: as a table for people, and as an index for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from huggingface_hub import EvalResult

from abstain._checks import InputError
from abstain.report.phrases import percent
from abstain.report.tables import markdown_table
from abstain.scores.confidence import confidence_from_dict
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.temperature import TemperatureScaling

TITLES = {"aurc": "AURC", "risk": "Error rate"}
PROPER = {"nll": "NLL", "brier": "Brier", "ece": "ECE %"}
INDEXED = {
    "msp": "MSP",
    "max_logit_pnorm": "logit normalisation",
    "two_class_calibration": "calibration of each class",
}
"""The scores whose numbers machines read, and what they are called there."""


@dataclass(frozen=True)
class Measurements:
    """The key `evaluation` of a file of results, which is a `SelectiveReport.to_dict()`.

    Attributes:
        values: as it stands there.
    """

    values: Mapping[str, Any]

    @property
    def n_samples(self) -> int:
        """Of the test data."""
        return int(self.values["n_samples"])

    @property
    def level(self) -> float:
        """Nominal coverage of the intervals."""
        return float(self.values["interval_level"])

    @property
    def coverages(self) -> list[str]:
        """The keys of the coverages at a risk, such as `cov@5`."""
        return [key for key in self.values["scores"]["msp"] if key.startswith("cov@")]

    @property
    def reason(self) -> str | None:
        """What the fit of the repair found; None where none was fitted."""
        fits = self.values.get("fits", {})
        return fits.get("two_class_calibration", fits.get("max_logit_pnorm", {})).get("reason")

    @property
    def repair(self) -> str:
        """What the fitted score is that `reason` speaks of."""
        if "two_class_calibration" in self.values.get("fits", {}):
            return "calibrated per class is what repairs two classes, of which a p-norm says nothing"
        return "the p-norm is logit normalisation"

    @property
    def caveat(self) -> str | None:
        """What is said of the intervals, such as of pixels."""
        return self.values.get("intervals")

    def label(self, score: str) -> str:
        """What a table calls a score: `MSP`, or `p-norm, p = 4`."""
        fit = self.values.get("fits", {}).get(score)
        if fit is None:
            return "MSP" if score == "msp" else score
        former = TemperatureScaling if "temperature" in fit else LogitNorm  # which 0.1.0 wrote without a name
        told = {key: value for key, value in fit.items() if key not in ("input", "scale")}
        return (confidence_from_dict(told) if "score" in fit else former.from_dict(fit)).label

    @property
    def of_probabilities(self) -> list[str]:
        """The keys of what is measured of probabilities alone, where any score is one."""
        return [key for key in PROPER if any(key in metrics for metrics in self.values["scores"].values())]

    def table(self) -> str:
        """A row a score: the error, AURC with its interval, and the coverages at low risk, in percent."""
        header = ["confidence", "error %", "AURC %", "interval", *(f"{key} %" for key in self.coverages)]
        header += [PROPER[key] for key in self.of_probabilities]
        rows = [self._row(score, metrics) for score, metrics in self.values["scores"].items()]
        return markdown_table([header, *rows], "l" + "r" * (len(header) - 1))

    def _row(self, score: str, metrics: Mapping[str, Any]) -> list[str]:
        low, high = metrics.get("aurc_low"), metrics.get("aurc_high")
        interval = "–" if low is None or high is None else f"[{100 * low:.3f}, {100 * high:.3f}]"
        numbers = [percent(metrics["risk"], 2), percent(metrics["aurc"], 3), interval]
        numbers += [percent(metrics[key], 1) for key in self.coverages]
        return [self.label(score), *numbers, *(_proper(key, metrics.get(key)) for key in self.of_probabilities)]

    def index(self, task: str, dataset: str, dataset_name: str, split: str, **told: Any) -> Iterator[EvalResult]:
        """What the Hub reads of MSP and of logit normalisation; what is undefined is left out.

        Args:
            task: by the Hub's name for it.
            dataset: where the test data are from.
            dataset_name: what people call them.
            split: which of them.
            **told: what else is known of the test data, as `dataset_args`.
        """
        for score in (score for score in INDEXED if score in self.values["scores"]):
            metrics = self.values["scores"][score]
            for key in ["risk", "aurc", *self.coverages]:
                if metrics[key] is not None and (score == "msp" or key != "risk"):
                    title = TITLES.get(key, f"Coverage at {key[4:]} % risk")
                    yield EvalResult(
                        task_type=task,
                        dataset_type=dataset,
                        dataset_name=dataset_name,
                        dataset_split=split,
                        dataset_args=told or None,
                        metric_type=key,
                        metric_name=title if key == "risk" else f"{title} ({INDEXED[score]})",
                        metric_value=round(metrics[key], 6),
                        metric_args=self._arguments(score, split),
                    )

    def _arguments(self, score: str, split: str) -> dict[str, Any]:
        """How the confidence was made, and on what."""
        fit = self.values.get("fits", {}).get(score, {})
        fell_back = fit.get("p") is None and fit.get("lines") is None
        form = {name: fit[name] for name in ("p", "center", "lines") if name in fit}
        form = {"falls_back_to": "msp"} if fell_back else form
        fitted = {**form, "fitted_on": "validation"} if fit else {}
        return {"score": score, **fitted, "split": split, "n_samples": self.n_samples, "convention": "mean"}


def _proper(key: str, value: float | None) -> str:
    return percent(value, 2) if key == "ece" else "–" if value is None else f"{value:.4f}"


def measurements_of(results: Mapping[str, Any] | None) -> Measurements | None:
    """Those of a file of results; None where it has none of one model.

    Raises:
        InputError: they have other keys than `SelectiveReport.to_dict()`.
    """
    found = (results or {}).get("evaluation")
    if found is None:
        return None
    try:
        made = Measurements(found)
        made.table()
        return made
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"results.json holds an evaluation that no SelectiveReport wrote ({error}): measure the model anew"
        ) from error
