"""What the columns of all tables of an audit are, a line each."""

from __future__ import annotations

from collections.abc import Iterator

from abstain.audit.audit import Audit
from abstain.report.legend import legend
from abstain.scores.confidence import OfProbabilities
from abstain.scores.given import GivenConfidence

GAIN = (
    "how much smaller the AURC is than with the confidence that it is compared with, in percentage points; above 0 is "
    "better, and its interval is of the same samples in pairs"
)
P_VALUE = (
    "how often chance alone would show as much, corrected for the number of comparisons in the table by Holm's method; "
    "small is beyond chance"
)
OF_SCOD = (
    "- β %: the share of samples of no known class in what comes, as it is assumed in a row",
    "- cov_in@, cov_out@: of the samples of known classes, and of the others, the share that is accepted where cov@ is "
    "reached; the first is better high, the second low",
)


def columns_in_words(audit: Audit) -> str:
    """A Markdown list: of each column of an audit's tables what it is; of tables that it lacks there is nothing."""
    return "\n".join([legend(audit.report), *_lines(audit)])


def _lines(audit: Audit) -> Iterator[str]:
    if len(audit.scores) > 1 or audit.images is not None or audit.shift is not None:
        yield f"- gain: {GAIN}"
    if len(audit.scores) > 1 or audit.images is not None or audit.classes or audit.shift is not None:
        yield f"- p (Holm): {P_VALUE}"
    if audit.decisions:
        yield f"- threshold: answers whose confidence is at least this are given; {_scale(audit)}"
    if audit.shift is not None and audit.shift.let_in is not None:
        yield from OF_SCOD


def _scale(audit: Audit) -> str:
    """On which numbers the threshold is."""
    confidence = audit.confidence
    if isinstance(confidence, GivenConfidence):
        return "it is on the scale of the confidence that was given"
    if isinstance(confidence, OfProbabilities) and confidence.name == "msp" and confidence.scale == "probability":
        return "it is a probability, the largest that the file holds of a sample"
    if confidence.name == "msp":
        return "it is the log-odds of MSP, log(p / (1 - p)) of the probability p"
    return f"it is on the scale of {confidence.label}, which is no probability"
