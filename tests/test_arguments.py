import numpy as np
import pytest
import torch

from abstain import InputError
from abstain._arguments import check_flag, check_numbers, check_p, check_smoothing, check_whole


@pytest.mark.parametrize("value", [3, np.int64(3), np.array(3), torch.tensor(3)])
def test_a_whole_number_is_one_whatever_library_holds_it(value):
    found = check_whole("seed", value, at_least=0)
    assert found == 3 and type(found) is int


@pytest.mark.parametrize("value", [-1, 2.0, "2", None, True, np.True_, [2], 11])
def test_anything_else_is_refused_with_the_range(value):
    with pytest.raises(InputError, match=r"seed is .*, but must be a whole number from 0 to 10$"):
        check_whole("seed", value, at_least=0, at_most=10)


def test_a_flag_is_a_truth_value_and_not_just_true():
    assert check_flag("center", np.True_) is True and check_flag("center", False) is False
    for value in ("no", 0, None, []):
        with pytest.raises(InputError, match=r"center is .*, but must be True or False"):
            check_flag("center", value)


def test_some_numbers_are_no_single_one():
    assert check_numbers("target_risks", (0.05, np.float32(0.5))) == [0.05, 0.5]
    assert check_numbers("p_grid", range(1, 3)) == [1.0, 2.0]
    with pytest.raises(
        InputError, match=r"target_risks is 0\.05, but must be a list of numbers: \[0\.05\] of a single"
    ):
        check_numbers("target_risks", 0.05)
    with pytest.raises(InputError, match=r"an item of target_risks is '5%', but must be a number"):
        check_numbers("target_risks", ["5%"])


@pytest.mark.parametrize("value", [-0.2, 1.0, 1.5, float("nan")])
def test_smoothing_outside_its_range_is_refused(value):
    with pytest.raises(InputError, match=r"must be in \[0, 1\)"):
        check_smoothing(value)


@pytest.mark.parametrize("value", [0.5, -1, float("inf"), float("nan")])
def test_p_outside_its_range_is_refused(value):
    with pytest.raises(InputError, match="finite number of at least 1"):
        check_p(value)
