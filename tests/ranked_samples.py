"""Any few samples, with ties and without, for what has to hold of every risk-coverage curve."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

LEVELS = [-np.inf, -1.0, -0.0, 0.0, 0.25, 1.0, np.inf]  # -0.0 and 0.0 are one level
zero_one = st.sampled_from([0, 1])
losses = st.integers(0, 40).map(lambda tenths: tenths / 10)  # whose sums round, each order in its own way


def samples(confidence, error, **sizes):
    """Two arrays (confidence, error) of one length."""
    pairs = st.lists(st.tuples(confidence, error), **({"min_size": 1, "max_size": 24} | sizes))
    return pairs.map(lambda rows: tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)))


def samples_without_ties(error):
    floats = st.floats(allow_nan=False)
    pairs = st.lists(st.tuples(floats, error), min_size=1, max_size=24, unique_by=lambda pair: pair[0])
    return pairs.map(lambda rows: tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)))


binary_samples = samples(st.sampled_from(LEVELS), zero_one) | samples_without_ties(zero_one)
any_samples = binary_samples | samples(st.sampled_from(LEVELS), losses) | samples_without_ties(losses)
