import numpy as np
import pytest
import torch

from abstain.scores.recognition import Recognised, in_few_digits


def recognised(values, dtype=torch.float64):
    return Recognised.of(torch.tensor(values, dtype=dtype))


def test_two_decimals_explain_as_much_as_two_halves_of_a_hundredth():
    # Each of two entries may be off by 0.005, so their sum by 0.01; in three decimals by 0.001.
    assert recognised([[0.50, 0.51], [0.25, 0.75]]).are_probabilities()
    assert not recognised([[0.50, 0.52], [0.25, 0.75]]).are_probabilities()
    assert not recognised([[0.500, 0.510], [0.251, 0.749]]).are_probabilities()


def test_entries_rounded_to_zero_may_only_have_been_larger():
    # 0.6 and 80 zeros: these may have been up to 0.005 each, 0.4 in all; 1.05 and zeros sum to too much.
    zeros = [0.0] * 80
    assert recognised([[0.35, 0.25, *zeros]]).are_probabilities()
    assert not recognised([[0.30, 0.25, *zeros]]).are_probabilities()
    assert not recognised([[0.80, 0.25, *zeros]]).are_probabilities()


def test_whole_numbers_are_taken_for_two_decimals():
    assert recognised([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]).are_probabilities()
    assert not recognised([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]).are_probabilities()
    assert not recognised([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]).are_probabilities()


def test_the_precision_is_that_of_the_values_whatever_holds_them():
    coarse = torch.tensor([[0.3337, 0.6703]]).bfloat16()  # 0.333984 and 0.671875: a sum of 1.00586
    assert Recognised.of(coarse).are_probabilities() and Recognised.of(coarse.double()).are_probabilities()
    assert not recognised([[0.3339843, 0.671875]]).are_probabilities()


def test_log_probabilities_by_hand():
    assert recognised(np.log([[0.2, 0.8], [0.5, 0.5]])).are_log_probabilities()
    assert not recognised(np.log([[0.2, 0.9], [0.5, 0.5]])).are_log_probabilities()
    assert not recognised([[0.1, -2.0], [-0.7, -0.7]]).are_log_probabilities()
    assert recognised([[-0.7, -0.7], [-0.1, -2.3]]).are_log_probabilities(), "to one decimal"


def test_most_rows_are_more_than_half():
    near, far = [0.45, 0.5], [3.0, -1.0]
    assert recognised([near, near, far]).are_nearly_probabilities()
    assert not recognised([near, far]).are_nearly_probabilities()


@pytest.mark.parametrize("odd", [0, 1, 40_000, 79_999])
def test_the_first_odd_row_is_named(odd):
    rows = torch.full((80_000, 4), 0.25)
    rows[odd:, 0] = 0.9
    assert Recognised.of(rows).odd_row()[0] == odd
    assert not Recognised.of(rows).are_probabilities()


def test_the_first_odd_row_of_logarithms_is_named():
    assert recognised([[-0.7, -0.7], [-3.0, -3.0]]).odd_log_row() == 1


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.5, "1.5"), (1.0000004, "1.0000004"), (1.0, "1"), (100.00001, "100.00001"), (-1e-6, "-1e-06")],
)
def test_a_value_that_is_just_too_large_is_written_out(value, written):
    assert in_few_digits(value) == written
