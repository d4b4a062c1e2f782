import pickle

import numpy as np
import pytest
import torch

from abstain import InputError
from abstain._checks import (
    ROW,
    RowError,
    check_binary,
    check_choice,
    check_fraction,
    check_inner_fraction,
    check_keys,
    check_level,
    check_no_more,
    check_number,
    counting_rows,
    first_line,
    first_row,
    nearest,
)


def test_fractions_say_which_ends_are_open():
    assert check_fraction("x", 1) == 1.0
    with pytest.raises(InputError, match=r"level is 1, but must be a fraction in \(0, 1\)"):
        check_fraction("level", 1.0, open_below=True, open_above=True)


def test_both_ends_of_an_inner_fraction_are_open():
    assert check_inner_fraction("delta", np.float32(0.5)) == 0.5
    for value in (0, 1, 2, float("nan")):
        with pytest.raises(InputError, match=rf"delta is {value:g}, but must be a fraction in \(0, 1\)"):
            check_inner_fraction("delta", value)


def test_the_nearest_name_is_offered_or_else_all_of_them():
    assert nearest("learing_rate", ["learning_rate", "seed"]) == "did you mean 'learning_rate'?"
    assert nearest("LABEL", ["Label", "Text"]) == "did you mean 'Label'?"
    assert nearest("zzz", ["b", "a"]) == "choose from a, b"
    with pytest.raises(InputError, match=r"unknown fallback 'nevr': did you mean 'never'\?"):
        check_choice("fallback", "nevr", ("never", "strict"))


def test_keys_are_all_known_and_none_is_missing():
    assert check_keys("rule", {"a": 1}, known=["a", "b"], needed=["a"]) == {"a": 1}
    wanted = r"must have all of \['a'\], and no other than \['a', 'b'\]"
    for values, found in (({"b": 1}, r"\['b'\]"), ({"a": 1, "c": 2}, r"\['a', 'c'\]")):
        with pytest.raises(InputError, match=rf"a rule has the keys {found}, but {wanted}"):
            check_keys("rule", values, known=["a", "b"], needed=["a"])
    with pytest.raises(InputError, match=r"a rule is \[1\], but must be a mapping with the keys \['a', 'b'\]"):
        check_keys("rule", [1], known=["a", "b"], needed=["a"])


def test_levels_and_binary_errors():
    assert check_level(np.float32(0.5)) == 0.5
    with pytest.raises(InputError, match=r"level is 1, but must be a fraction in \(0, 1\)"):
        check_level(1)
    check_binary("a rank", is_binary=True, instead="-")
    with pytest.raises(InputError, match="a rank needs 0/1 errors, but these are real losses: take another"):
        check_binary("a rank", is_binary=False, instead="take another")


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("one\ntwo"), "one"), (RuntimeError(), "RuntimeError"), (OSError("\n  late"), "late")],
)
def test_the_first_line_of_an_error_is_never_missing(error, line):
    assert first_line(error) == line and first_line(ValueError("x" * 400), most=10) == "x" * 10


def test_an_argument_too_many_is_named_with_the_nearest():
    check_no_more("evaluate", {}, known=["labels"])
    with pytest.raises(InputError, match="evaluate takes no argument 'label': did you mean 'labels'"):
        check_no_more("evaluate", {"label": 1}, known=["labels"])


@pytest.mark.parametrize(
    "value", ["0.05", b"1", True, np.True_, None, 1j, [0.1], np.array([0.1]), 10**400, np.ma.masked]
)
def test_text_and_truth_values_are_no_numbers(value):
    with pytest.raises(InputError, match="target_risk is ") as caught:
        check_fraction("target_risk", value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 120


def test_numbers_of_any_library_are_numbers():
    for value in (0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5)):
        found = check_number("p", value)
        assert found == 0.5 and type(found) is float


def test_a_row_is_called_by_its_number_among_all_of_which_it_is_a_part():
    with pytest.raises(RowError, match=r"^mend row 17 \(counted from 0\)$"):
        with counting_rows(lambda row: row + 10), counting_rows(lambda row: row + 5):
            raise RowError(f"mend {ROW}", 2)
    with pytest.raises(RowError, match=r"^mend row 2 at \[1, 4\] \(counted from 0\)$"):
        with counting_rows(lambda row: (row, 1, 4)):
            raise RowError(f"mend {ROW}", 2)


def test_a_row_that_is_settled_or_unknown_is_not_counted_anew():
    settled = RowError(f"mend {ROW}", 2)
    settled.settle()
    for error, said in ((settled, "mend row 2 (counted from 0)"), (RowError(f"mend {ROW}"), "mend it")):
        with pytest.raises(RowError) as caught, counting_rows(lambda row: row + 10):
            raise error
        assert str(caught.value) == said
    assert str(pickle.loads(pickle.dumps(settled))) == str(settled)


def test_the_first_row_is_a_number_or_a_place():
    assert first_row(np.array([False, True, True])) == 1 and first_row(np.array([[False], [True]])) == 1
    assert first_row(np.array([[False, False], [False, True]])) == (1, 1) and first_row(np.array(True)) is None
