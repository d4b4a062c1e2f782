"""Samples that depend on each other: sums of influences over the clusters in which they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from abstain._arrays import check_class_values
from abstain._checks import InputError
from abstain.curve.coverage_interval import Design
from abstain.curve.error_blocks import effective_number
from abstain.curve.influence import Influences
from abstain.curve.intervals import FEWEST_CLUSTERS
from abstain.curve.moments import Moments

Array = NDArray[np.float64]

_EACH = "for each sample what it belongs to, such as its image or its person"


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which samples belong together, such as the pixels of an image or the rows of a person.

    Attributes:
        of_sample: (N,) the number of the cluster of each sample, from 0, in the order of the samples.
        n_clusters: G, at least 2.
    """

    of_sample: NDArray[np.int64]
    n_clusters: int

    @classmethod
    def read(cls, clusters: Any, n_samples: int) -> Clusters:
        """The clusters (N,) that integers, names or other labels tell.

        Raises:
            InputError: another shape, none of whole numbers or names, or a single cluster.
        """
        labels = check_class_values(clusters, "clusters", _EACH)
        if len(labels) != n_samples:
            raise InputError(f"clusters have shape {labels.shape}, but must be ({n_samples},): {_EACH}")
        names, of_sample = np.unique(labels, return_inverse=True)
        if len(names) < 2:
            raise InputError(
                "all samples are in one cluster, which tells nothing of how others would differ: give at least two, or "
                "leave clusters out where samples are independent"
            )
        return cls(of_sample.astype(np.int64).reshape(-1), len(names))

    @classmethod
    def of_labels(cls, clusters: Any, labels: NDArray[Any], ignore_index: int | None) -> Clusters:
        """Of each label that counts, from one cluster for each sample (N,); labels are (N,) or (N, …)."""
        of_sample = cls.read(clusters, len(labels)).of_sample
        of_labels = np.repeat(of_sample, labels.size // len(labels))
        counted = of_labels if ignore_index is None else of_labels[labels.reshape(-1) != ignore_index]
        return cls.read(counted, len(counted))

    def sums(self, values: Array) -> Array:
        """(G,) the sum of (N,) values over each cluster."""
        return np.bincount(self.of_sample, weights=values, minlength=self.n_clusters).astype(np.float64, copy=False)

    def are_few(self, *kinds: Array) -> bool:
        """Whether what any of these (N,) counts lies in fewer than `FEWEST_CLUSTERS` clusters of equal counts."""
        return any(effective_number(self.sums(kind)) < FEWEST_CLUSTERS for kind in kinds)


@dataclass(frozen=True, eq=False)
class ClusteredErrors:
    """Samples of a curve in their clusters.

    Attributes:
        clusters: which samples belong together.
        order: (N,) the samples, most confident first.
        error: (N,) their errors, in the order of the samples.
    """

    clusters: Clusters
    order: NDArray[np.int64]
    error: NDArray[Any]

    def moments(self, slices: Iterable[Influences], unit: float) -> Moments:
        """Sums of powers of the sums of influences over the clusters."""
        sums = np.zeros(self.clusters.n_clusters)
        for influences in slices:
            samples = self.order[influences.blocks.positions]
            np.add.at(sums, self.clusters.of_sample[samples], influences.of_samples(self.error[samples]))
        return Moments.of_values(sums, len(self.order), unit, n_clusters=len(sums))

    def are_few(self, *, is_binary: bool) -> bool:
        """See `Clusters.are_few`; of errors, and of correct samples."""
        return self.clusters.are_few(self.error, *([1.0 - self.error] if is_binary else []))

    def design(self, target_risk: float, level: float) -> Design:
        """By what clusters raise the variances of the errors among those accepted, and of their number.

        And by what Student's quantile exceeds the normal one, as Korn and Graubard (1998) do it for few clusters.
        """
        few = (stdtrit(self.clusters.n_clusters - 1, (1 + level) / 2) / ndtri((1 + level) / 2)) ** 2

        def effects(accepted: int) -> tuple[float, float]:
            n_samples = len(self.order)
            of_errors = np.zeros(n_samples)
            samples = self.order[:accepted]
            of_errors[samples] = self.error[samples] - target_risk
            middle = min(max(accepted, n_samples // 10), n_samples - n_samples // 10)  # where their number varies
            of_number = np.full(n_samples, -middle / n_samples)
            of_number[self.order[:middle]] += 1
            return few * self._effect(of_errors), few * self._effect(of_number)

        return effects

    def _effect(self, values: Array) -> float:
        """The variance of a sum over clusters, as a multiple of what it would be of independent samples."""
        independent, groups = float(np.square(values).sum()), self.clusters.n_clusters
        of_clusters = groups / (groups - 1) * float(np.square(self.clusters.sums(values)).sum())
        return max(of_clusters / independent, 1.0) if independent > 0 else 1.0
