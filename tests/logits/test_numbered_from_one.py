import numpy as np
import pytest

from abstain import InputError
from abstain.logits.numbered_from_one import called_by_number, distinct_numbers
from abstain.logits.value_columns import ValueColumns, found_values

ONE = [2.5]


def test_the_distinct_labels_that_count_are_found_in_all_parts():
    parts = [np.array([3, 1, -100]), np.array(["1", "2"], dtype=object)]
    assert distinct_numbers(parts, "label", -100).tolist() == [1, 2, 3]
    assert distinct_numbers([np.ones((2, 3))], "label", None).tolist() == []


@pytest.mark.parametrize(
    ("labels", "is_told", "names"),
    [
        ([1, 2, 3], False, ("1", "2", "3")),
        ([3.0], False, ("1", "2", "3")),
        ([1, 3], True, ("1", "2", "3")),
        ([0, 2], True, None),
        ([1, 4], False, None),  # which is refused where the labels are read
        ([], True, None),
    ],
)
def test_columns_numbered_from_one_are_of_the_classes_that_the_labels_say(source_of, labels, is_told, names):
    values = found_values(source_of(prob_1=ONE, prob_2=ONE, prob_3=ONE), None)
    assert values.count_from_1 and not ValueColumns(("z0", "z1")).count_from_1
    assert called_by_number(source_of(label=ONE), values, labels, is_told=is_told).class_names == names


def test_labels_that_may_count_from_0_or_from_1_are_refused(source_of):
    values = ValueColumns(("prob_1", "prob_2", "prob_3"))
    for is_told in (False, True):
        with pytest.raises(
            InputError, match=r"labels from 1 to 2, which .* give class_names=1,2,3 or class_names=0,1,2"
        ):
            called_by_number(source_of(label=ONE), values, [1, 2], is_told=is_told)
    for labels in ([0, 1], []):
        with pytest.raises(InputError, match=r"from 0 to 2, but 0 is not there once: .*logit_columns"):
            called_by_number(source_of(label=ONE), values, labels, is_told=False)
