"""What other code computes: torch-uncertainty as it is, if it can be imported, and the rest restated from mathematics.

Each function takes (confidence, error), NumPy (N,), and gives a float. Its docstring names the library and the file
of its convention, then why it differs from ours; `conventions.py` prints both. In "row order", samples that tie stay in
the order in which they came.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

try:
    from torch_uncertainty.metrics import classification as torch_uncertainty
except ImportError:  # not installed, or without what it needs
    torch_uncertainty = None

Array = NDArray[np.float64]


def sorted_errors(confidence: Array, error: Array) -> Array:
    """The errors, most confident first, ties in row order."""
    return error[np.argsort(-confidence, kind="stable")]


def risks(confidence: Array, error: Array) -> Array:
    """R(1), ..., R(N): the mean error of the i first."""
    return np.cumsum(sorted_errors(confidence, error)) / np.arange(1, len(error) + 1)


def distinct_points(confidence: Array, error: Array) -> tuple[Array, Array]:
    """Coverage and share of errors accepted, over N, at each distinct confidence, descending."""
    _, block, count = np.unique(-confidence, return_inverse=True, return_counts=True)
    return np.cumsum(count) / len(error), np.cumsum(np.bincount(block, weights=error)) / len(error)


def torch_uncertainty_value(confidence: Array, error: Array, metric: str, *args: float) -> float:
    """A metric of torch-uncertainty, of two-class probabilities with the order and the ties of the confidence."""
    distinct, rank = np.unique(confidence, return_inverse=True)
    top = torch.from_numpy(0.6 + 0.3 * rank / len(distinct))
    of_peer = getattr(torch_uncertainty, metric)(*args)
    of_peer.update(torch.stack([top, 1 - top], dim=1), torch.tensor(error.tolist()).long())
    return float(of_peer.compute())


# --- AURC -------------------------------------------------------------------------------------------------------------


def mean_aurc(confidence: Array, error: Array) -> float:
    """As in confidence-aware-learning, `metrics.py`, which prints it × 1000.

    It breaks ties by row order, ours takes the expectation: `convention="mean"` reproduces it exactly where none tie.
    """
    return float(risks(confidence, error).mean())


def geifman_aurc(confidence: Array, error: Array) -> float:
    """As in uncertainty_ICLR by Geifman et al., `utils/uncertainty_tools.py`.

    It divides the errors of the i first by i + 1 for every i < N, against the definition, and breaks ties by row order,
    the last first. No `convention` of ours reproduces it.
    """
    wrong = np.cumsum(sorted_errors(confidence[::-1], error[::-1]))
    n = len(wrong)
    return float((wrong[:-1] / np.arange(2, n + 1)).sum() + wrong[-1] / n) / n


def origin_aurc(confidence: Array, error: Array) -> float:
    """As in Label-smoothing-Selective-classification-Code, `torch_uncertainty_ls/utils.py`.

    It breaks ties by row order: `convention="trapezoid"` reproduces it exactly where none tie.
    """
    return float(np.trapezoid(np.append(0.0, risks(confidence, error)))) / len(error)


def torch_uncertainty_aurc(confidence: Array, error: Array) -> float:
    """Measured: `AURC` of `metrics/classification/risk_coverage.py`.

    It integrates from 1/N to 1, divides by that width, and leaves ties to an unstable sort, which may vary by machine.
    No `convention` of ours reproduces it, but without ties it is (mean − (R(1) + risk) / 2N) · N / (N − 1).
    """
    return torch_uncertainty_value(confidence, error, "AURC")


def renormalized_aurc(confidence: Array, error: Array) -> float:
    """The trapezoid from 1/N to 1 over that width, the formula that torch-uncertainty's `AURC` is checked with."""
    return float(np.trapezoid(risks(confidence, error))) / (len(error) - 1)


def fd_shifts_aurc(confidence: Array, error: Array) -> float:
    """As in FD-Shifts, `fd_shifts/analysis/rc_stats.py`, which prints it × 1000.

    It holds the curve flat from its first point down to coverage 0, and draws straight lines where the expectation over
    a tie bends. No `convention` of ours reproduces it, but without ties it is mean + (R(1) − risk) / 2N.
    """
    coverage, mass = distinct_points(confidence, error)
    risk = mass / coverage
    return 1000 * float(np.trapezoid(np.append(risk[0], risk), np.append(0.0, coverage)))


# --- AUGRC ------------------------------------------------------------------------------------------------------------


def fd_shifts_augrc(confidence: Array, error: Array) -> float:
    """As in FD-Shifts, `fd_shifts/analysis/rc_stats.py`, which prints it × 1000.

    Our `augrc()` reproduces it exactly, ties included, for here the expectation over a tie is a straight line.
    """
    coverage, mass = distinct_points(confidence, error)
    return 1000 * float(np.trapezoid(np.append(0.0, mass), np.append(0.0, coverage)))


def torch_uncertainty_augrc(confidence: Array, error: Array) -> float:
    """Measured: `AUGRC` of `metrics/classification/risk_coverage.py`.

    It integrates from 1/N to 1, divides by that width, and leaves ties to an unstable sort. Nothing of ours reproduces
    it, but without ties it is (`augrc()` − R(1) / 2N²) · N / (N − 1).
    """
    return torch_uncertainty_value(confidence, error, "AUGRC")


def renormalized_augrc(confidence: Array, error: Array) -> float:
    """The trapezoid from 1/N to 1 over that width, the formula that torch-uncertainty's `AUGRC` is checked with."""
    return float(np.trapezoid(np.cumsum(sorted_errors(confidence, error)) / len(error))) / (len(error) - 1)


def mean_augrc(confidence: Array, error: Array) -> float:
    """The sum in the documentation, not in the code, of torch-uncertainty's `AUGRC`.

    Without ties it is `augrc()` + risk / 2N; it breaks ties by row order.
    """
    return float(np.cumsum(sorted_errors(confidence, error)).sum()) / len(error) ** 2


# --- coverage at risk, risk at coverage -------------------------------------------------------------------------------


def torch_uncertainty_coverage(confidence: Array, error: Array, target_risk: float) -> float:
    """Measured: `CovAtxRisk` of `metrics/classification/risk_coverage.py`.

    It says NaN where no coverage qualifies, ours 0. Inside a tie it reports coverages that no threshold reaches.
    """
    return torch_uncertainty_value(confidence, error, "CovAtxRisk", target_risk)


def unflipped_coverage(confidence: Array, error: Array, target_risk: float) -> float:
    """As `CovAtxRisk` of torch-uncertainty up to 0.12.1.

    It finds the point from the end but verifies the one as far from the front, and says NaN if that one is too risky:
    whenever the answer is below one half, and even at coverage 1 if the first sample is wrong.
    """
    too_risky = risks(confidence, error) > target_risk
    dropped = int(too_risky[::-1].argmin())
    return math.nan if too_risky[dropped] else 1 - dropped / len(error)


def first_crossing_coverage(confidence: Array, error: Array, target_risk: float) -> float:
    """A loop with `break`, met in research scripts and in no library that we know.

    It stops where the risk first exceeds the target, but the curve is not monotone: one confident error hides the rest.
    It too counts inside ties.
    """
    too_risky = risks(confidence, error) > target_risk
    return (int(too_risky.argmax()) if too_risky.any() else len(error)) / len(error)


def torch_uncertainty_risk(confidence: Array, error: Array, target_coverage: float) -> float:
    """Measured: `RiskAtxCov` of `metrics/classification/risk_coverage.py`.

    It takes the first ⌈N · coverage⌉ rows: one too many where the product is rounded up past a whole number, as
    100 · 0.55 is, and inside a tie a number that no threshold reaches; ours takes the whole tie.
    """
    return torch_uncertainty_value(confidence, error, "RiskAtxCov", target_coverage)


def floor_risk(confidence: Array, error: Array, target_coverage: float) -> float:
    """Met in research scripts.

    It accepts less than was asked for where N · coverage is no whole number, and cuts ties in row order.
    """
    return float(risks(confidence, error)[max(int(len(error) * target_coverage), 1) - 1])
