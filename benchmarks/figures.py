"""Each figure of a million samples of ten classes, from its values to the bytes of a PNG, beside a softmax of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from fits import make_logits
from timing import best, row

from abstain import evaluate_logits, figures, scores
from abstain.report import figure_bytes, risk_coverage_figure

N_SAMPLES, N_CLASSES = 1_000_000, 10
ROUNDS = 2
WANTED = "≤ 1 s"


def measure() -> list[dict[str, Any]]:
    """The rows of the table."""
    logits, labels = make_logits(N_SAMPLES, N_CLASSES)
    softmax = best(lambda: logits.double().softmax(dim=1), ROUNDS)
    return [_row(name, work, softmax) for name, work in _works(logits, labels).items()]


def _row(name: str, work: Callable[[], Any], softmax: float) -> dict[str, Any]:
    return row(f"figure {name}, 10⁶ × {N_CLASSES}", best(work, ROUNDS), "a float64 softmax", softmax, WANTED)


def _works(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, Callable[[], Any]]:
    """Name of each figure -> what computes and draws it; curves of a report that was measured before."""
    report = evaluate_logits(logits, labels, validation=(logits[:5000] * 2, labels[:5000]), fallback="never")
    predicted, classes = logits.argmax(dim=1).numpy(), labels.numpy()
    confidence, error = report.msp.confidence, report.error
    source = np.arange(len(classes)) % 2
    image = np.zeros((32, 32, 3), np.uint8)

    def confident_errors() -> bytes:
        errors = figures.most_confident_errors(confidence, predicted, classes)
        return figure_bytes(
            figures.confident_errors_figure({"MSP": errors}, dict.fromkeys(errors.index.tolist(), image))
        )

    return {
        "risk_coverage": lambda: figure_bytes(risk_coverage_figure({"": {"": report}})),
        "repair": lambda: figure_bytes(figures.repair_figure({"": report})),
        "max_logit": lambda: figure_bytes(
            figures.at_equal_confidence_figure({"": figures.max_logit_at_equal_confidence(logits, labels)})
        ),
        "normalized_max_logit": lambda: figure_bytes(
            figures.at_equal_confidence_figure(
                {"": figures.normalized_max_logit_at_equal_confidence(logits, labels, p=3)}
            )
        ),
        "logit_profile": lambda: figure_bytes(
            figures.logit_profile_figure({"": figures.logit_profile(logits, labels)})
        ),
        "confident_errors": confident_errors,
        "accepted_by_source": lambda: figures.accepted_by_source(confidence, error, source),
        "rank_maps": _rank_maps(),
    }


def _rank_maps() -> Callable[[], Any]:
    """Of one image of a million pixels, by MSP and a p-norm."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(N_CLASSES, 250, 250, generator=generator)
    labels = torch.randint(0, N_CLASSES, (1000, 1000), generator=generator)
    image = np.zeros((1000, 1000, 3), np.uint8)
    both = {"MSP": scores.SoftmaxScore(), "p-norm, p = 3": scores.LogitNorm(p=3)}
    return lambda: figure_bytes(figures.rank_maps_figure({"": [figures.rank_maps(image, logits, labels, both)]}))


if __name__ == "__main__":
    for found in measure():
        print(found)
