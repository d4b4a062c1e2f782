"""What was measured of a model, as numbers and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from abstain.curve.clusters import Clusters
from abstain.curve.curve import RiskCoverageCurve
from abstain.curve.difference import Difference, aurc_difference
from abstain.report.answerable import describe_answerable
from abstain.report.next_steps import Commands, describe_next_steps
from abstain.report.notes import CLUSTERED
from abstain.report.order import describe_measured, describe_order
from abstain.report.phrases import percent
from abstain.report.repair import describe_repair
from abstain.report.tables import markdown_table
from abstain.scores.by_kind import repair_of
from abstain.scores.confidence import Confidence
from abstain.scores.kind_names import Kind
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.two_classes import TwoClassCalibration


@dataclass(frozen=True, eq=False)
class ScoreResult:
    """One confidence score on the test data.

    Attributes:
        name: `msp`, `temperature_scaling`, `max_logit_pnorm` for logit normalisation, `max_logit_pnorm_uncentered`
            (`_centered`) for the other of its two forms, or `two_class_calibration`.
        metrics: `risk`, `aurc`, `cov@5`, … as fractions, and `aurc_low` and `aurc_high` (None where all are alike); for
            a score that is a probability also `nll`, `brier` and `ece` (see `calibration.calibration_metrics`).
        confidence: (N,) float64, in the order of the samples.
        curve: its risk-coverage curve.
        scored_by: what made the confidence of logits; fitted on the validation data if it is not MSP.
    """

    name: str
    metrics: dict[str, float | None]
    confidence: NDArray[np.float64] = field(repr=False)
    curve: RiskCoverageCurve = field(repr=False)
    scored_by: Confidence

    @property
    def falls_back(self) -> bool:
        """Whether this is a fit that stayed with MSP."""
        return self.name != "msp" and self.scored_by.name == "msp"

    @property
    def label(self) -> str:
        """What a table or a figure calls the score: `MSP`, `p-norm, p = 4`, or `p-norm (falls back to MSP)`."""
        return self.scored_by.label


@dataclass(frozen=True, eq=False)
class SelectiveReport:
    """How well a model knows when to abstain, by MSP and, with validation data, after its repair.

    Attributes:
        n_samples: N, of the test data.
        n_logits: K; None where the confidence was given and not made of logits.
        level: nominal coverage of the intervals.
        error: (N,) 0/1 float64.
        results: MSP; with validation data also logit normalisation in both its forms, the calibration of two classes,
            and temperature scaling, where they are defined.
        input: what the values were that were measured, one of `scores.KINDS`, or `"confidence"` that was given.
        notes: what has to be known to read the numbers, in sentences: what was left out, and why.
        independent: whether the samples are; where they are not, as the pixels of one image, no guarantee is promised.
        clusters: (N,) what each sample belongs to, where they are not; None where nothing is known of that, and then no
            interval is in words.
        unrepaired: why no repair was fitted though there are validation data; None where it was.
    """

    n_samples: int
    n_logits: int | None
    level: float
    error: NDArray[np.float64] = field(repr=False)
    results: tuple[ScoreResult, ...]
    input: Kind | Literal["confidence"] = "logits"
    notes: tuple[str, ...] = ()
    independent: bool = True
    clusters: Clusters | None = field(default=None, repr=False)
    unrepaired: str | None = None

    @property
    def has_intervals(self) -> bool:
        """Whether intervals are true to how the samples depend on each other."""
        return self.independent or self.clusters is not None

    @property
    def n_errors(self) -> int:
        """Samples whose predicted class is wrong."""
        return int(self.error.sum())

    @property
    def msp(self) -> ScoreResult:
        """The maximum softmax probability."""
        return self.results[0]

    @property
    def repaired(self) -> ScoreResult | None:
        """The repair as fitted on the validation data, which may be MSP again; None without any.

        It is logit normalisation, or of two classes the calibration of each.
        """
        return next((result for result in self.results if result.name == repair_of(self.n_logits)), None)

    @property
    def repair(self) -> LogitNorm | TwoClassCalibration | None:
        """What `repaired` is scored by; None without validation data."""
        return cast("LogitNorm | TwoClassCalibration", self.repaired.scored_by) if self.repaired else None

    @property
    def logit_norm(self) -> LogitNorm | None:
        """Logit normalisation as fitted, of two classes always MSP; None without validation data."""
        return next((cast(LogitNorm, one.scored_by) for one in self.results if one.name == LogitNorm.SCORE), None)

    def gain(self) -> Difference | None:
        """AURC of MSP minus AURC after the repair, paired; positive if the repair is better."""
        return self._gain

    @cached_property
    def _gain(self) -> Difference | None:
        if self.repaired is None:
            return None
        return aurc_difference(
            self.msp.confidence,
            self.error,
            self.repaired.confidence,
            self.error,
            level=self.level,
            clusters=None if self.clusters is None else self.clusters.of_sample,
        )

    @property
    def target_risks(self) -> dict[str, float]:
        """Key of the coverage at it, such as `cov@5` -> the target risk in it, such as 0.05."""
        keys = (key for key in self.msp.metrics if key.startswith("cov@"))
        return {key: float(key.removeprefix("cov@")) / 100 for key in keys}

    @property
    def columns(self) -> list[str]:
        """Titles of the table's columns."""
        coverages = [f"{key} %" for key in self.target_risks]
        of_probabilities = ["NLL", "Brier", "ECE %"] if any("nll" in result.metrics for result in self.results) else []
        return ["confidence", "error %", "AURC %", "interval", *coverages, *of_probabilities]

    def paragraphs(self, commands: Commands | None = None) -> list[list[str]]:
        """The sentences of `summary`, those on one question together."""
        return [
            [describe_measured(self)],
            list(describe_order(self)),
            [describe_repair(self)],
            list(describe_answerable(self)),
            list(describe_next_steps(self, commands or Commands())),
        ]

    def summary(self, commands: Commands | None = None) -> list[str]:
        """What the numbers say, in sentences: whether the confidence is in order, and what can be done with it.

        Whether it can be repaired, how much can be answered at each target risk, and what to do next; a
        change is claimed only where its interval excludes zero.

        Args:
            commands: how the command lines that it proposes name the samples; None: `TEST` and `VALIDATION`.
        """
        return [sentence for paragraph in self.paragraphs(commands) for sentence in paragraph]

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON: fractions, with None for what is undefined."""
        return {
            "n_samples": self.n_samples,
            "n_logits": self.n_logits,
            "n_errors": self.n_errors,
            "input": self.input,
            "notes": list(self.notes),
            "aurc_convention": "mean",
            "interval_level": self.level,
            "n_clusters": None if self.clusters is None else self.clusters.n_clusters,
            "scores": {result.name: result.metrics for result in self.results},
            "fits": {result.name: result.scored_by.to_dict() for result in self.results if result.name != "msp"},
        }

    def to_markdown(self) -> str:
        """The table of `comparison_table` for this model alone."""
        return comparison_table({"": self})

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def in_clusters(report: SelectiveReport, clusters: Clusters) -> SelectiveReport:
    """A report whose intervals were made for these clusters, which says so."""
    notes = (*report.notes, CLUSTERED.format(clusters.n_clusters))
    return replace(report, notes=notes, independent=False, clusters=clusters)


def comparison_table(reports: Mapping[str, SelectiveReport]) -> str:
    """A Markdown table with one row a model and score; in percent what is named so, with the interval of AURC."""
    columns = max((report.columns for report in reports.values()), key=len)
    cells = [
        {"model": name, **_cells(result, report.target_risks)}
        for name, report in reports.items()
        for result in report.results
    ]
    header = ["model", *columns] if any(reports) else columns
    rows = [header, *([row[title] for title in header] for row in cells)]
    return markdown_table(rows, "".join("l" if title in ("model", "confidence") else "r" for title in header))


def _cells(result: ScoreResult, target_risks: Iterable[str]) -> dict[str, str]:
    """Title of each column -> what stands there of this score."""
    metrics = result.metrics
    low, high = metrics["aurc_low"], metrics["aurc_high"]
    return {
        "confidence": result.label,
        "error %": percent(metrics["risk"], 2),
        "AURC %": percent(metrics["aurc"], 3),
        "interval": "–" if low is None or high is None else f"[{100 * low:.3f}, {100 * high:.3f}]",
        **{f"{key} %": percent(metrics[key], 1) for key in target_risks},
        "NLL": _number(metrics.get("nll")),
        "Brier": _number(metrics.get("brier")),
        "ECE %": percent(metrics.get("ece"), 2),
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
