"""What one threshold does to each class or group: the same risk on average can hide a high one somewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from abstain._arrays import check_class_values, check_confidence_error
from abstain._checks import ArgumentError, InputError, check_number


@dataclass(frozen=True)
class GroupPoint:
    """What a threshold does to one group.

    Attributes:
        n_samples: of the group.
        coverage: the accepted fraction of the group, in [0, 1].
        risk: the mean error of its accepted samples; None if none is accepted.
    """

    n_samples: int
    coverage: float
    risk: float | None


def operating_point_by_group(confidence: Any, error: Any, group: Any, *, threshold: float) -> dict[Any, GroupPoint]:
    """Coverage and selective risk of each group when `confidence >= threshold` is accepted.

    Args:
        confidence: (N,) real.
        error: (N,) 0/1, or a loss of at least 0.
        group: (N,) integers or strings: the label, the predicted class, a site, a patient group.
        threshold: any float but NaN.

    Returns:
        Group -> its point, in ascending order of the groups.

    Raises:
        InputError: unequal lengths, a group that is missing or no integer or name, a NaN threshold, or as
            `risk_coverage_curve`.

    Example:
        >>> points = operating_point_by_group([3, 2, 1, 0], [0, 1, 0, 1], ["a", "a", "b", "b"], threshold=1)
        >>> points["a"].risk, points["b"].coverage
        (0.5, 0.5)
    """
    confidence, error = check_confidence_error(confidence, error)
    group = check_class_values(group, "groups")
    if group.shape != confidence.shape:
        raise InputError(f"group has shape {group.shape}, but must have {confidence.shape}: one group a sample")
    threshold = check_number("threshold", threshold)
    if math.isnan(threshold):
        raise ArgumentError("the threshold is NaN, but must be a number to compare the confidence with")
    names, index = np.unique(group, return_inverse=True)
    accepted = confidence >= threshold
    samples = np.bincount(index, minlength=len(names))
    kept = np.bincount(index[accepted], minlength=len(names))
    wrong = np.bincount(index[accepted], weights=error[accepted], minlength=len(names))
    return {
        name: GroupPoint(int(n), float(k / n), float(w / k) if k else None)
        for name, n, k, w in zip(names.tolist(), samples, kept, wrong, strict=True)
    }
