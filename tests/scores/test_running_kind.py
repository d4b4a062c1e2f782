import numpy as np
import pytest
import torch

from abstain import InputError
from abstain.scores.running_kind import RunningKind


def seen(*batches):
    kind = RunningKind()
    for rows in batches:
        kind.add(torch.tensor(rows))
    return kind


def test_counts_by_hand():
    kind = seen([[0.2, 0.8], [20.0, 80.0]], [[-1.0, 3.0], [0.0, 1.0], [0.5, 101.0]])
    assert (kind.n_rows, kind.low, kind.high, kind.n_unit, kind.n_percent) == (5, -1.0, 101.0, 2, 3)
    assert kind.are_no_probabilities and not kind.are_surely_logits, "most may be percent"


def test_one_row_rules_probabilities_out_and_one_positive_value_their_logarithms():
    assert not seen([[0.2, 0.8]]).are_no_probabilities
    assert not seen([[-0.2, -1.8]]).are_no_probabilities
    assert seen([[0.2, 0.8]], [[0.2, 1.8]]).are_no_probabilities
    assert seen([[-0.2, -1.8]], [[0.2, -0.8]]).are_no_probabilities
    assert seen([[-2.0, 1.0], [0.2, 0.8]]).are_surely_logits, "half are no most"
    assert not seen([[-2.0, 1.0], [0.2, 0.8], [0.2, 0.8]]).are_surely_logits


def test_rounding_beyond_the_ends_rules_nothing_out():
    assert not seen([[1.0000001, -1e-9]], [[0.2, 0.8]]).are_no_probabilities
    assert not seen([[1e-7, -18.0]], [[-0.2, -1.8]]).are_no_probabilities
    assert seen([[1.000001, -1e-9]], [[0.2, 0.8]]).are_no_probabilities
    percent = seen([[100.00001, -1e-8]])
    assert (percent.n_unit, percent.n_percent) == (0, 1)


def test_of_one_column_the_first_value_outside_is_told_by_its_row_among_all():
    assert seen([[0.2], [0.8]], [[1.0000001], [0.0]]).column.outside is None
    column = seen([[0.25], [0.75]], [[0.5], [1.5], [-2.0]], [[7.0]]).column
    assert (column.low, column.high, column.outside) == (-2.0, 7.0, (3, 1.5))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused_with_their_place(bad):
    with pytest.raises(InputError, match=r"1 of 2 rows read at once hold NaN or infinite values.*the first is row 3 "):
        seen([[0.0, 1.0], [2.0, 3.0]], [[0.0, 1.0], [bad, 2.0]])
