import pytest
import torch

from abstain import InputError
from abstain.scores.kind_names import OpenKindError
from abstain.scores.one_column import Column, kind_of_column


def column(*values):
    rows = torch.tensor(values, dtype=torch.float64)[:, None]
    return Column.of(rows, float(rows.min()), float(rows.max()))


def test_the_first_row_beyond_rounding_is_known_with_its_value():
    assert column(0.0, 1.0000001, -1e-8).outside is None
    assert column(0.5, 1.5, -2.0).outside == (1, 1.5)
    assert column(-2.0, 1.5).outside == (0, -2.0)


@pytest.mark.parametrize(
    ("values", "told", "said", "kind"),
    [
        ((0.2, 0.8), "probabilities", None, "one probability"),
        ((0.2, 0.8), "logits", None, "one logit"),
        ((0.2, 0.8), None, "probabilities", "one probability"),
        ((-2.0, 3.0), None, None, "one logit"),
        ((5.0, 30.0), "logits", None, "one logit"),
    ],
)
def test_what_is_told_or_leaves_no_doubt_is_taken(values, told, said, kind):
    assert kind_of_column(column(*values), told, said, of_both=True) == kind


@pytest.mark.parametrize(
    ("values", "said", "error", "message"),
    [
        ((0.2, 0.8), None, OpenKindError, "may be the probability of class 1, or a logit"),
        ((5.0, 30.0), None, OpenKindError, "may be a probability in percent"),
        ((1.0, 3.0), None, InputError, "would, as a logit, predict class 1 throughout"),
        ((0.5, 0.9), "probabilities", InputError, "no probability in the column is below 1/2"),
        ((0.5, 1.5), "probabilities", InputError, r"say logits, first in row 1 \(counted from 0\)"),
    ],
)
def test_two_readings_are_refused(values, said, error, message):
    with pytest.raises(error, match=message):
        kind_of_column(column(*values), None, said, of_both=True)
