"""An analysis in words and in a figure: what the page of this Space shows."""

from __future__ import annotations

from analysis import Analysis, Point
from matplotlib.figure import Figure
from scipy.special import expit

from abstain.report import draw_panel


def describe_point(analysis: Analysis, score: str, point: Point) -> str:
    """What is answered at which risk, and with which threshold, in Markdown."""
    if score == "MSP":
        probability, rest = float(expit(point.threshold)), float(expit(-point.threshold))
        shown = f"{probability:.6g}" if rest > 1e-5 else f"1 − {rest:.2g}"
        how = f"the log-odds of the softmax maximum are at least `{point.threshold!r}` (a probability of {shown})"
    else:
        how = f"the normalised max logit (centred {score}) is at least `{point.threshold!r}`"
    return (
        f"**Coverage {point.coverage:.2%}, risk {point.risk:.2%}.** {point.accepted:,} of "
        f"{analysis.report.n_samples:,} samples are answered, and {point.errors:,} of the answers are wrong. The rule: "
        f"answer where {how}. This is what these samples show, not a guarantee for new ones."
    )


def describe_gain(analysis: Analysis) -> str:
    """What logit normalisation gains on the measured samples, in Markdown."""
    report, gain = analysis.report, analysis.report.gain()
    if gain is None or report.normalized is None or report.logit_norm is None:
        return ""
    if report.normalized.falls_back:
        return f"**Logit normalisation gains nothing that is sure, so MSP stays.** {report.logit_norm.reason}."
    verb = "lowers" if gain.low > 0 else "raises" if gain.high < 0 else "does not clearly change"
    before, after = (result.metrics["aurc"] for result in (report.msp, report.normalized))
    return (
        f"**Logit normalisation {verb} the AURC on the measured samples:** {before:.3%} to {after:.3%}, a gain of "
        f"{100 * gain.estimate:.3f} [{100 * gain.low:.3f}, {100 * gain.high:.3f}] percentage points at a level of "
        f"{report.level:.0%}. Why this p: {report.logit_norm.reason}."
    )


def draw(analysis: Analysis, score: str, point: Point) -> Figure:
    """The curves, with the operating point on the one of its score."""
    figure = Figure(figsize=(7.2, 4.6), dpi=140, layout="constrained")
    axes = figure.subplots()
    draw_panel(axes, {"": analysis.report})
    shown = max(axes.get_ylim()[1], 105 * point.risk)  # of a handful of samples the risk may be anything
    axes.set_ylim(-0.015 * shown, shown)
    (color,) = {line.get_color() for line in axes.get_lines() if line.get_label() == score}
    guides = ([100 * point.coverage] * 2 + [0], [0] + [100 * point.risk] * 2)
    axes.plot(*guides, color=color, linestyle=":", linewidth=1)
    axes.plot(100 * point.coverage, 100 * point.risk, "o", color=color, markersize=9, clip_on=False)
    return figure
