"""An analysis in words and in a figure: what the page of this Space shows."""

from __future__ import annotations

import re

from analysis import Analysis, Point
from matplotlib.figure import Figure
from scipy.special import expit

from abstain.report import SelectiveReport, draw_panel


def as_text(words: str) -> str:
    """Words with names from a file, such as `__index_level_0__`, in Markdown that shows them as they are."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", words)


def describe_data(analysis: Analysis) -> str:
    """What was measured, which samples are for what, which columns were read and what else to know, in Markdown."""
    read = [f"Read from {as_text(used)}." for used in analysis.used]
    notes = [f"Note: {as_text(note)}." for note in analysis.notes]
    return "\n\n".join([f"## {as_text(analysis.name)}", as_text(analysis.split), *read, *notes])


def describe_point(analysis: Analysis, score: str, point: Point) -> str:
    """What is answered at which risk, and with which threshold, in Markdown."""
    return (
        f"**Coverage {point.coverage:.2%}, risk {point.risk:.2%}.** {point.accepted:,} of "
        f"{analysis.report.n_samples:,} samples are answered, and {point.errors:,} of the answers are wrong. The rule: "
        f"answer where {_rule(analysis, score, point.threshold)}. This is what these samples show, not a guarantee "
        "for new ones."
    )


def _rule(analysis: Analysis, score: str, threshold: float) -> str:
    """On the scale of what the file holds, where it holds the confidence."""
    kind = analysis.report.input
    if score != analysis.report.msp.label:
        of_what = " of the logarithms of the probabilities" if "probabilit" in kind else ""
        if analysis.report.repair is not analysis.report.logit_norm:
            return f"the log-odds of being right, {score}{of_what}, are at least `{threshold!r}`"
        return f"the normalised max logit (centred {score}){of_what} is at least `{threshold!r}`"
    held = {
        "confidence": "the confidence",
        "probabilities": "the largest probability",
        "one probability": "the larger of p and 1 − p, of the probability p,",
    }
    if kind in held:
        return f"{held[kind]} is at least `{threshold!r}`"
    probability, rest = float(expit(threshold)), float(expit(-threshold))
    shown = f"{probability:.6g}" if rest > 1e-5 else f"1 − {rest:.2g}"
    return f"the log-odds of the softmax maximum are at least `{threshold!r}` (a probability of {shown})"


def describe_gain(analysis: Analysis) -> str:
    """What the repair gains on the measured samples, in Markdown."""
    report, gain = analysis.report, analysis.report.gain()
    if gain is None or report.repaired is None or report.repair is None:
        return ""
    if report.repaired.falls_back:
        return f"**{_repair(report)} gains nothing that is sure, so MSP stays.** {report.repair.reason}."
    verb = "lowers" if gain.low > 0 else "raises" if gain.high < 0 else "does not clearly change"
    before, after = (result.metrics["aurc"] for result in (report.msp, report.repaired))
    return (
        f"**{_repair(report)} {verb} the AURC on the measured samples:** {before:.3%} to {after:.3%}, a gain of "
        f"{100 * gain.estimate:.3f} [{100 * gain.low:.3f}, {100 * gain.high:.3f}] percentage points at a level of "
        f"{report.level:.0%}. How it was fitted: {report.repair.reason}."
    )


def _repair(report: SelectiveReport) -> str:
    return "Logit normalisation" if report.repair is report.logit_norm else "A calibration of each class"


def draw(analysis: Analysis, score: str, point: Point) -> Figure:
    """The curves, with the operating point on the one of its score; small, so that a telephone shows its letters."""
    figure = Figure(figsize=(5.4, 4.4), dpi=200, layout="constrained")
    axes = figure.subplots()
    draw_panel(axes, {"": analysis.report})
    shown = max(axes.get_ylim()[1], 105 * point.risk)  # of a handful of samples the risk may be anything
    axes.set_ylim(-0.015 * shown, shown)
    (color,) = {line.get_color() for line in axes.get_lines() if line.get_label() == score}
    guides = ([100 * point.coverage] * 2 + [0], [0] + [100 * point.risk] * 2)
    axes.plot(*guides, color=color, linestyle=":", linewidth=1)
    axes.plot(100 * point.coverage, 100 * point.risk, "o", color=color, markersize=9, clip_on=False)
    return figure
