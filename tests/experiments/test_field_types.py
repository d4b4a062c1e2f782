import math
from typing import Any, Literal

import pytest
from transformers import IntervalStrategy

from abstain.experiments.field_types import as_field, name_of

NUMBERS_OR_NONE = list[float] | None


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        (None, int | None, None),
        (False, bool, False),
        (3, int, 3),
        ("3", int, 3),
        (3, float, 3.0),
        ("1e-3", float, 0.001),
        (math.inf, float, math.inf),
        ("1e-3", str, "1e-3"),
        ([], NUMBERS_OR_NONE, []),
        ([1, "2e-1"], NUMBERS_OR_NONE, [1.0, 0.2]),
        (8, NUMBERS_OR_NONE, [8.0]),
        ({"power": 0.9}, dict | str | None, {"power": 0.9}),
        ("{}", dict | str | None, "{}"),
        ({"a": 1}, dict[str, Any] | None, {"a": 1}),
        ("none", None | str | list[str], "none"),
        (["none"], None | str | list[str], ["none"]),
        (True, str | bool, True),
        ("epoch", IntervalStrategy, "epoch"),
        (False, Literal[False] | None, False),
        ([1], Any, [1]),
    ],
)
def test_a_value_that_fits_arrives_in_the_type_of_the_field(value, wanted, expected):
    found = as_field(value, wanted)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, int),
        (True, int),
        (True, float),
        (1.5, int),
        ("8.0", int),
        ("fast", float),
        (7, bool),
        ("true", bool),
        (5, str),
        (True, str),
        (None, list[str]),
        ({"a": 1}, list[str]),
        ([1], list[str]),
        ([None], NUMBERS_OR_NONE),
        ([1], dict),
        ("epochs", IntervalStrategy),
        ([], IntervalStrategy),
        (0, IntervalStrategy),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value, wanted):
    with pytest.raises(ValueError):
        as_field(value, wanted)


def test_types_have_the_names_that_people_use():
    assert name_of(NUMBERS_OR_NONE) == "a list, each item a number or null"
    assert name_of(Literal["a", "b"]) == "'a' or 'b'"
    assert name_of(dict[str, int] | str).startswith("a mapping or text")
    assert name_of(IntervalStrategy) == "one of no, steps, epoch"
