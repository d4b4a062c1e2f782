"""What the columns of a table are, a line each."""

from __future__ import annotations

from abstain.report.selective_report import SelectiveReport

CONFIDENCES = {
    "MSP": "MSP is the maximum softmax probability",
    "p-norm": "p-norm is logit normalisation, as fitted on the validation samples",
    "calibrated": "calibrated per class is fitted to the answers of each class on the validation samples",
    "temperature": "temperature divides the logits, as fitted on the validation samples",
}
LINES = {
    "error %": "wrong answers, if everything is answered; lower is better",
    "AURC %": (
        "area under the risk-coverage curve: wrong answers among those given, averaged over all shares that might be "
        'answered; lower is better. Convention "mean": over the N samples, ties in their expected order'
    ),
    "interval": "of the AURC, for independent samples or clusters, at a level of {level:g} %; narrower is surer",
    "cov@": "the most that can be answered with at most {risk:g} % of the answers wrong; higher is better",
    "NLL": "negative log-likelihood of the labels, in nats; lower is better",
    "Brier": "squared distance of the probabilities from the labels, summed over the classes; lower is better",
    "ECE %": "gap between the probability of an answer and how often it is right, over 15 bins; lower is better",
}


def legend(report: SelectiveReport) -> str:
    """A Markdown list: of each column of `report.to_markdown()` what it is and which direction is good."""
    labels = [result.label for result in report.results]
    rows = [told for name, told in CONFIDENCES.items() if any(name in label for label in labels)]
    lines_of = LINES | {"confidence": "what orders the answers" + (f": {'; '.join(rows)}" if rows else "")}
    risks = {f"{key} %": risk for key, risk in report.target_risks.items()}
    lines = []
    for column in report.columns:
        line = lines_of["cov@" if column in risks else column]
        lines.append(f"- {column}: {line.format(level=100 * report.level, risk=100 * risks.get(column, 0))}")
    return "\n".join(lines)
