import numpy as np
import pytest

from abstain import InputError
from abstain.logits.groups import column_of_rows, rows_that_share


def test_rows_share_what_the_column_sample_says(source_of):
    assert rows_that_share(source_of(sample=[4, 4, 7]), 3).tolist() == [4, 4, 7]
    assert rows_that_share(source_of(sample=np.array(["a", "b", "a"])), 3).tolist() == ["a", "b", "a"]
    assert rows_that_share(source_of(sample=[4, 5, 7]), 3) is None
    assert rows_that_share(source_of(sample=[4.0, 4.0, 7.0]), 3).tolist() == [4, 4, 7]
    assert rows_that_share(source_of(x=[4, 4, 7]), 3) is None


@pytest.mark.parametrize("sample", [[4.5, 4.5, 7], [4, np.nan, 4], np.array(["a", "a", ""])])
def test_a_column_sample_that_does_not_tell_what_rows_share_is_refused(source_of, sample):
    with pytest.raises(InputError, match="the column sample has empty cells or numbers that are not whole"):
        rows_that_share(source_of(sample=sample), 3)


def test_several_labels_of_one_sample_belong_together(source_of):
    values, labels = np.zeros((2, 3, 4)), np.array([[0, 1, -100], [2, -100, 3]])
    source = source_of(values=values)
    assert rows_that_share(source, 2, labels=labels, values=values).tolist() == [0, 0, 0, 1, 1, 1]
    assert rows_that_share(source, 2, labels=labels, values=values, ignore_index=-100).tolist() == [0, 0, 1, 1]


def test_one_hot_labels_are_one_label_each(source_of):
    values, labels = np.zeros((2, 3)), np.eye(3)[:2]
    assert rows_that_share(source_of(values=values), 2, labels=labels, values=values) is None


def test_a_column_says_where_each_row_comes_from(source_of):
    assert column_of_rows(source_of(site=np.array(["a", "b"])), "site").tolist() == ["a", "b"]
    assert column_of_rows(source_of(site=[7.0, 8.0]), "site").tolist() == [7, 8]
    assert column_of_rows(source_of(site=np.array([True, False])), "site").tolist() == ["True", "False"]
    values, labels = np.zeros((2, 3, 2)), np.array([[0, -100], [1, 1]])
    told = {"labels": labels, "values": values, "ignore_index": -100}
    assert column_of_rows(source_of(site=[7, 8]), "site", **told).tolist() == [7, 8, 8]


def test_a_column_that_cannot_tell_it_is_refused(source_of):
    with pytest.raises(InputError, match=r"no column 'sit' \(source_column=\): did you mean 'site'"):
        column_of_rows(source_of(site=[7, 8]), "sit")
    with pytest.raises(InputError, match="the column site has empty cells or numbers that are not whole"):
        column_of_rows(source_of(site=[7.5, 8]), "site")
    with pytest.raises(InputError, match="holds lists, but must tell with a name or a whole"):
        column_of_rows(source_of(site=np.zeros((2, 3))), "site")
