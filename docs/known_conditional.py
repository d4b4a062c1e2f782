"""Samples whose true distribution of labels is known at every point: overlapping classes, and rare regions of some.

Each class is a mixture of two normal distributions: a common one, near that of another class for some pairs, and a rare
one, near the common one of yet another class. By Bayes' rule the distribution of the label at a point is exact, and so
is the probability that a prediction is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

Array = NDArray[np.float64]
CLASSES, FEATURES = 10, 16
SPREAD = 1.3
"""Standard deviation of the middles of common components; samples spread by 1 around them, rare ones by less."""
PARTNERS = {1: 0, 3: 2, 5: 4}
"""Class -> the class that its common component overlaps."""
APART = 1.8
"""Distance of the middles of two that overlap."""
RARE = {6: 1, 7: 3, 8: 5, 9: 0, 0: 8, 2: 9}
"""Class -> the class near which its rare component lies."""
RARE_SHARE, RARE_SPREAD, RARE_APART = 0.08, 0.6, 2.2
COMMONEST = 4.0
"""How many times more frequent the first class is than the last."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """Normal distributions, each of one class.

    Attributes:
        middle: (C, F) of each component.
        spread: (C,) its standard deviation in every direction.
        share: (C,) its probability; they sum to 1.
        label: (C,) int, its class.
    """

    middle: Array
    spread: Array
    share: Array
    label: NDArray[np.int64]

    @property
    def n_classes(self) -> int:
        """K."""
        return int(self.label.max()) + 1

    def draw(self, random: np.random.Generator, n: int) -> tuple[Array, NDArray[np.int64]]:
        """(n, F) points and (n,) their labels."""
        component = random.choice(len(self.share), size=n, p=self.share)
        noise = random.normal(size=(n, self.middle.shape[1]))
        return self.middle[component] + self.spread[component, None] * noise, self.label[component]

    def conditional(self, points: Array) -> Array:
        """(N, K) the probability of each class at each point (N, F), exact to rounding."""
        return softmax(self._log_density_of_classes(points), axis=1)

    def _log_density_of_classes(self, points: Array) -> Array:
        """Without what is the same for all classes."""
        squared = ((points[:, None, :] - self.middle) ** 2).sum(axis=2)
        log = np.log(self.share) - points.shape[1] * np.log(self.spread) - squared / (2 * self.spread**2)
        return np.stack([logsumexp(log[:, self.label == one], axis=1) for one in range(self.n_classes)], axis=1)


def error_probability(conditional: Any, predicted: Any) -> Array:
    """(N,) the probability that the predicted class of each sample is wrong, of the true distribution (N, K)."""
    return 1 - np.take_along_axis(conditional, np.asarray(predicted)[:, None], axis=1)[:, 0]


def mixture(seed: int = 0) -> Mixture:
    """The distribution of the experiments; another seed places the middles elsewhere."""
    random = np.random.default_rng(seed)
    common = random.normal(scale=SPREAD, size=(CLASSES, FEATURES))
    for one, other in PARTNERS.items():
        common[one] = common[other] + _step(random, APART)
    rare = np.array([common[near] + _step(random, RARE_APART) for near in RARE.values()])
    frequency = COMMONEST ** -(np.arange(CLASSES) / (CLASSES - 1))
    frequency /= frequency.sum()
    has_rare = np.isin(np.arange(CLASSES), list(RARE))
    of_common = frequency * np.where(has_rare, 1 - RARE_SHARE, 1.0)
    return Mixture(
        np.concatenate([common, rare]),
        np.repeat([1.0, RARE_SPREAD], [CLASSES, len(RARE)]),
        np.concatenate([of_common, RARE_SHARE * frequency[list(RARE)]]),
        np.concatenate([np.arange(CLASSES), list(RARE)]),
    )


def _step(random: np.random.Generator, length: float) -> Array:
    """In a random direction."""
    direction = random.normal(size=FEATURES)
    return length * direction / np.linalg.norm(direction)
