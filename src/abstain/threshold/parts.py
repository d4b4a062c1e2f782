"""Which samples propose thresholds, and which test them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TUNING_SHARE = 0.2
"""Of the samples: what found the largest coverage on average over the worlds of `docs/thresholds.md`, of 0.1 to 0.5."""


def tuning_and_certifying(n_samples: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows that propose thresholds, and those that test them.

    They are drawn by their place alone, so neither confidence nor label has a say, and of rows drawn independently the
    two parts are independent for each seed. Another seed, or the same rows in another order, is another split, as valid
    as the first; the best of several seeds is not.

    Args:
        n_samples: N, at least 1.
        seed: of the permutation of the rows, of which the first `TUNING_SHARE` tune.

    Returns:
        Two arrays of indices, which together are all rows.
    """
    order = np.random.default_rng(seed).permutation(n_samples)
    n_tuning = round(TUNING_SHARE * n_samples)  # 0 of one or two samples
    return order[:n_tuning], order[n_tuning:]
