import pytest

from abstain.scores import kind_names


def test_every_kind_is_of_probabilities_or_of_logits_and_one_column_has_a_shift():
    assert {*kind_names.OF_PROBABILITIES, "logits", "log-probabilities", "one logit"} == {*kind_names.KINDS}
    assert {*kind_names.INPUTS} < {*kind_names.KINDS}
    assert not [kind for kind in kind_names.WITHOUT_SHIFT if kind.startswith("one")]


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.5, "1.5"), (1.0000004, "1.0000004"), (1.0, "1"), (100.00001, "100.00001"), (-1e-6, "-1e-06")],
)
def test_a_value_that_is_just_too_large_is_written_out(value, written):
    assert kind_names.in_few_digits(value) == written
