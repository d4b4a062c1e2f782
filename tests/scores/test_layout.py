import numpy as np
import pytest
import torch

from abstain import InputError
from abstain.scores.layout import find_class_axis, row_as_given, rows_and_labels, whole_labels


@pytest.mark.parametrize(
    ("shape", "labels", "named", "axis"),
    [
        ((5, 3), (5,), None, 1),
        ((3, 3), (3,), None, 1),
        ((3, 5), (5,), 0, 0),
        ((5, 3, 7), (5, 7), None, 1),
        ((5, 7, 3), (5, 7), None, 2),
        ((5, 3, 3), (5, 3), -1, 2),
        ((5, 3, 3), (5, 3), 1, 1),
        ((2, 19, 4, 6), (2, 4, 6), None, 1),
        ((2, 4, 6, 19), (2, 4, 6), None, 3),
        ((2, 4, 4, 6), (2, 4, 6), None, 1),
        ((3, 4, 5, 6), (3, 4, 6), 2, 2),
    ],
)
def test_the_axis_is_the_one_that_the_labels_lack(shape, labels, named, axis):
    assert find_class_axis(shape, labels, named) == axis


@pytest.mark.parametrize(
    ("shape", "labels", "named", "match"),
    [
        ((5, 3, 3), (5, 3), None, "axis 1 or 2, which the shapes do not tell: give class_axis=1 or class_axis=2"),
        ((2, 4, 4, 4), (2, 4, 4), None, "class_axis=1 or class_axis=3"),
        ((3, 4, 5, 6), (3, 4, 6), None, r"shape \(3, 4, 5, 6\) and labels \(3, 4, 6\)"),
        ((5, 3), (4,), None, r"shape \(5, 3\) and labels \(4,\)"),
        ((5, 3, 7), (5, 7), 2, r"class_axis is 2, but without that axis values of shape \(5, 3, 7\)"),
        ((5, 3), (5,), 2, "integer from -2 to 1"),
        ((5, 3), (5,), True, "class_axis is True"),
        ((5, 3), (5,), "last", "class_axis is 'last'"),
    ],
)
def test_an_axis_that_cannot_be_told_is_refused(shape, labels, named, match):
    with pytest.raises(InputError, match=match):
        find_class_axis(shape, labels, named)


VALUES = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])


@pytest.mark.parametrize(
    "labels",
    [[2, 0], [2.0, 0.0], [[2], [0]], [[0, 0, 1], [1, 0, 0]], np.array([[0, 0, 1.0], [1, 0, 0]]),
     torch.tensor([2, 0]), np.array([2, 0], dtype=object), np.array([2, 0], dtype=np.uint64)],
)  # fmt: skip
def test_labels_in_any_form_are_classes(labels):
    rows, classes, n_ignored = rows_and_labels(VALUES, labels)
    assert classes.tolist() == [2, 0] and classes.dtype == np.int64 and n_ignored == 0
    np.testing.assert_array_equal(rows, VALUES)


def test_booleans_are_the_classes_of_one_column():
    assert rows_and_labels([[0.5], [2.0]], [True, False])[1].tolist() == [1, 0]
    assert rows_and_labels([[0.5], [2.0]], [[True], [False]])[1].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ([0.5, 0], "a label is 0.5, but must be a whole number"),
        ([np.nan, 0], "a label is nan"),
        ([1e25, 0], "a label is 1e[+]25"),
        ([0, -100], "a label is -100, .*give ignore_index=-100"),
        ([0, 255], "a label is 255, .*give ignore_index=255"),
        ([0, 3], "a label is 3, but must be from 0 to 2"),
        (["cat", "dog"], "labels hold names, but must be whole numbers"),
        (np.array([None, 1], dtype=object), "missing values or names"),
        ([[1, 1, 0], [1, 0, 0]], "as one-hot labels have, but not every row holds one 1"),
        ([0, 1, 2], r"shape \(2, 3\) and labels \(3,\)"),
        (np.array([2**64 - 1, 0], dtype=np.uint64), "a label is 18446744073709551615"),
        (np.ma.masked_array([0, 1], mask=[0, 1]), "labels hold 1 masked entries"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, match):
    with pytest.raises(InputError, match=match):
        rows_and_labels(VALUES, labels)


def test_what_is_ignored_is_left_out_and_counted():
    rows, classes, n_ignored = rows_and_labels(VALUES, [-100, 1], ignore_index=-100)
    assert (rows.tolist(), classes.tolist(), n_ignored) == ([[3.0, 4.0, 5.0]], [1], 1)
    with pytest.raises(InputError, match="every label is -100, which is ignored"):
        rows_and_labels(VALUES, [-100, -100], ignore_index=-100)
    with pytest.raises(InputError, match="ignore_index is '-100', but must be one integer"):
        rows_and_labels(VALUES, [0, 1], ignore_index="-100")


def test_dense_values_become_a_row_a_label():
    values = torch.arange(24.0).reshape(2, 3, 4)
    rows, classes, n_ignored = rows_and_labels(values, [[0, 9, 1, 2], [2, 9, 1, 0]], ignore_index=9)
    assert rows.tolist() == [values[i, :, j].tolist() for i in (0, 1) for j in (0, 2, 3)]
    assert classes.tolist() == [0, 1, 2, 2, 1, 0] and n_ignored == 2


@pytest.mark.parametrize(("values", "match"), [(np.empty((0, 3)), "at least one sample"), (np.zeros(2), r"\(N, K\)")])
def test_values_without_rows_are_refused(values, match):
    with pytest.raises(InputError, match=match):
        rows_and_labels(values, np.zeros(len(values), int))


def test_masked_values_are_refused_and_unmasked_ones_taken():
    with pytest.raises(InputError, match="values hold 2 masked entries"):
        rows_and_labels(np.ma.masked_greater(VALUES, 3.5), [0, 1])
    assert rows_and_labels(np.ma.masked_array(VALUES), [0, 1])[0].shape == (2, 3)


def test_whole_labels_keep_their_shape():
    assert whole_labels([[1.0, 2.0]]).tolist() == [[1, 2]]


def test_labels_of_minus_one_and_one_are_no_mark_of_what_does_not_count():
    with pytest.raises(InputError, match=r"labels are -1 and 1, .* give \(label \+ 1\) / 2, which is 0 and 1"):
        rows_and_labels(np.zeros((3, 1)), [-1, 1, 1])
    with pytest.raises(InputError, match="give ignore_index=-1"):
        rows_and_labels(np.zeros((3, 2)), [-1, 1, 0])


def test_the_first_wrong_label_is_named_as_it_was_given():
    with pytest.raises(InputError, match=r"a label is 5, but .*: mend row 3 \(counted from 0\), or leave it out"):
        rows_and_labels(np.zeros((5, 3)), [0, 1, -1, 5, 9], ignore_index=-1)
    labels = np.zeros((2, 4), dtype=int)
    labels[0, 0], labels[1, 2] = -1, 7
    with pytest.raises(InputError, match=r"a label is 7, but .*: mend row 1 at \[2\] \(counted from 0\)"):
        rows_and_labels(np.zeros((2, 3, 4)), labels, ignore_index=-1)
    assert row_as_given(1, (4, 3), [0, -1, 1, 2], -1) == 2 and row_as_given(1, (3, 3), np.eye(3), None) == 1
    with pytest.raises(InputError, match=r"a label is 0\.5, but must be a whole number.*: mend row 1 "):
        whole_labels([1, 0.5])
