"""What the metric says of itself, where `evaluate` shows it."""

DESCRIPTION = """
Selective classification: a classifier that may abstain answers only where its confidence is high enough. AURC is the
area under its risk-coverage curve (lower is better), Cov@5 the largest share of samples that it can answer with at most
5 % errors (higher is better). Samples of equal confidence are accepted or rejected together, and AURC is the mean over
all their orders.
"""

INPUTS_DESCRIPTION = """
Args:
    predictions: logits or probabilities (N, K), (N, K, ...) or (N, ..., K), as a NumPy array, torch tensor or nested
        lists, or (N,) where `input` tells what they are; no class labels. In "confidence": the predicted class (N,).
    references: labels (N,) or (N, ...), int in [0, K), or `ignore_index` (-100 unless set at loading) for what does not
        count. In the configuration "confidence": (N,) of the same kind as the predictions.
    confidence: only in the configuration "confidence": (N,) real, larger is accepted first.
    score, p, center: what reduces the logits, as at loading; only with predictions of this call's own.
    input: "logits", "log-probabilities" or "probabilities"; not needed where the predictions tell what they are.
    class_axis: the axis that holds the classes; not needed where only one fits the labels.
    validation: pair (logits, labels) of other samples, for `p="auto"` and `score="auto"`.
    target_risks: report the coverage at each of these risks; fractions.
    target_coverages: report the risk at each of these coverages; fractions.
    convention: of AURC, "mean" or "trapezoid".
    confidence_level: of the intervals, such as 0.95; without it there are none.
    sample: (N,) what each of them belongs to, such as its image, where those of one depend on each other: it widens the
        intervals. One a sample of this call, or one of each that was added and counts.

Returns:
    risk: the error rate, in [0, 1]; lower is better.
    aurc: area under the risk-coverage curve, in [0, 1]; lower is better.
    e_aurc: aurc minus that of the best order of the same errors, at least 0; lower is better.
    n_aurc: the same over that of a random order: 0 is perfect, 1 random; None without an error or with nothing else.
    augrc: area under the generalised risk-coverage curve, in [0, 1/2]; lower is better.
    failure_auroc: P(confidence of a correct sample > that of an error), in [0, 1]; higher is better; None as n_aurc.
    cov@5: largest coverage whose selective risk is at most 0.05, in [0, 1]; higher is better. One for each target risk.
    risk@80: selective risk at the smallest coverage of at least 0.8, in [0, 1]; lower is better. One for each coverage.
    aurc_low, aurc_high, ...: with a level, the interval of risk, aurc, augrc, failure_auroc and each coverage at a
        risk; None where it is undefined.

Examples:
    >>> import abstain
    >>> metric = abstain.load_metric()
    >>> logits, labels = [[4.0, 0.0], [3.0, 0.0], [0.0, 2.0], [1.0, 0.0]], [0, 0, 1, 1]
    >>> results = metric.compute(predictions=logits, references=labels)
    >>> results["risk"], results["aurc"], results["cov@5"], results["risk@80"]
    (0.25, 0.0625, 0.75, 0.25)
"""

CITATION = """
@inproceedings{xia2025towards,
  title = {Towards Understanding Why Label Smoothing Degrades Selective Classification and How to Fix It},
  author = {Xia, Guoxuan and Laurent, Olivier and Franchi, Gianni and Bouganis, Christos-Savvas},
  booktitle = {International Conference on Learning Representations},
  year = {2025},
  url = {https://arxiv.org/abs/2403.14715},
}
"""
