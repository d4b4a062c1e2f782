"""Selective risk: how well a classifier knows when to abstain, as an `evaluate` metric."""

import datasets
import evaluate

from abstain import risk_coverage_curve, scores

_DESCRIPTION = """
Selective classification: a classifier that may abstain answers only where its confidence, here the maximum softmax
probability, is high enough. AURC is the area under its risk-coverage curve (lower is better), Cov@5 the largest share
of samples that it can answer with at most 5 % errors (higher is better).
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: (N, K) logits, a NumPy array, a torch tensor or nested lists; not probabilities, not class labels.
    references: (N,) labels, int in [0, K).

Returns:
    risk: the error rate, in [0, 1]; lower is better.
    aurc: area under the risk-coverage curve, in [0, 1]; lower is better.
    cov@5: largest coverage whose selective risk is at most 0.05, in [0, 1]; higher is better.
    cov@1: the same at a risk of 0.01.

Examples:
    >>> import evaluate
    >>> metric = evaluate.load("metrics/selective_risk")
    >>> metric.compute(predictions=[[4.0, 0.0], [3.0, 0.0], [0.0, 2.0], [1.0, 0.0]], references=[0, 0, 1, 1])
    {'risk': 0.25, 'aurc': 0.0625, 'cov@5': 0.75, 'cov@1': 0.75}
"""

_CITATION = """
@inproceedings{xia2025towards,
  title = {Towards Understanding Why Label Smoothing Degrades Selective Classification and How to Fix It},
  author = {Xia, Guoxuan and Laurent, Olivier and Franchi, Gianni and Bouganis, Christos-Savvas},
  booktitle = {International Conference on Learning Representations},
  year = {2025},
  url = {https://arxiv.org/abs/2403.14715},
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class SelectiveRisk(evaluate.Metric):
    """AURC, coverage at risk and error rate from logits; stores two numbers a sample, never the logits."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
            ),
            reference_urls=["https://arxiv.org/abs/2403.14715"],
        )

    def add_batch(self, *, predictions: object = None, references: object = None, **kwargs: object) -> None:
        """Add a batch of logits (N, K) and labels (N,); they are reduced to confidence and error before storing."""
        error = scores.classification_error(predictions, references)
        super().add_batch(predictions=scores.msp(predictions), references=error, **kwargs)

    def add(self, *, prediction: object = None, reference: object = None, **kwargs: object) -> None:
        """Add the logits (K,) and the label of one sample."""
        self.add_batch(predictions=[prediction], references=[reference], **kwargs)

    def _compute(self, predictions: list[float], references: list[float]) -> dict[str, float]:
        return risk_coverage_curve(predictions, references).summary()
