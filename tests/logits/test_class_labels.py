import numpy as np
import pytest
import torch

from abstain import InputError
from abstain.logits.class_labels import are_numerals, are_texts, as_numbers, class_indices, class_texts

TEXTS = np.array(["dog", "cat", "dog"], dtype=object)


def test_texts_are_classes_in_their_sorted_order_unless_it_is_known():
    assert are_texts(TEXTS) and not are_texts(torch.ones(2)) and not are_texts(np.array([], dtype=object))
    assert class_texts(TEXTS, "label") == ("cat", "dog")
    assert class_indices(TEXTS, ("cat", "dog"), "label").tolist() == [1, 0, 1]
    assert class_indices(TEXTS, ("dog", "cow", "cat"), "label").tolist() == [0, 2, 0]
    with pytest.raises(InputError, match="a label in 'label' is 'dog', but the classes are cat, cow"):
        class_indices(TEXTS, ("cat", "cow"), "label")


def test_numbers_in_quotes_are_numbers():
    quoted = np.array(["1", "0", "10"])
    assert are_numerals(quoted) and not are_numerals(TEXTS) and not are_numerals(np.array([1]))
    assert class_texts(quoted, "label") is None and class_indices(quoted, None, "label").tolist() == [1, 0, 10]
    assert as_numbers(np.array(["-1.5", "2e3"]), "z").tolist() == [-1.5, 2000]
    numbers = np.array([3, 4])
    assert as_numbers(numbers, "z") is numbers and class_indices(numbers, None, "label") is numbers
    with pytest.raises(InputError, match="the column 'z' holds '1,5', but must hold numbers"):
        as_numbers(np.array(["1", "1,5"]), "z")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["dog", " ", "cat"], "the label in row 1 .counted from 0. of 'label' is empty"),
        (["dog", "3", "cat"], "hold the number 3 and the text 'cat': give one or the other"),
    ],
)
def test_labels_that_are_half_something_else_are_refused(texts, message):
    with pytest.raises(InputError, match=message):
        class_texts(np.array(texts), "label")


def test_default_names_are_read_by_their_number_unless_they_are_known_names():
    labels = np.array(["LABEL_10", "LABEL_2", "LABEL_10"], dtype=object)
    assert class_texts(labels, "label") == ("LABEL_10", "LABEL_2") and not are_numerals(labels)
    for names in (None, ("neg", "pos")):
        assert class_indices(labels, names, "label").tolist() == [10, 2, 10]
    assert class_indices(labels, ("LABEL_2", "LABEL_10"), "label").tolist() == [1, 0, 1]
    with pytest.raises(InputError, match="a label in 'label' is 'LABEL_10', but the classes are LABEL_2"):
        class_indices(labels, ("LABEL_2",), "label")


def test_numbers_are_names_where_that_is_told_and_all_names_are_numbers():
    stars, how = np.array([[3.0, 1.0], [-100.0, 2.0]]), {"by_number": True, "ignore_index": -100}
    assert class_indices(stars, ("1", "2", "3"), "label", **how).tolist() == [[2, 0], [-100, 1]]
    assert class_indices(np.array(["2", "1"]), ("2", "1"), "label", by_number=True).tolist() == [0, 1]
    for names in (("0", "1", "2", "3"), ("a", "b", "c", "d"), None):
        assert class_indices(stars, names, "label", **how) is stars
    assert class_indices(stars, ("1", "2", "3"), "label") is stars
    with pytest.raises(InputError, match="a label in 'label' is 0, but the classes are 1, 2, 3"):
        class_indices(np.array([0, 1]), ("1", "2", "3"), "label", by_number=True)
    with pytest.raises(InputError, match=r"ignore_index is 0, which is also the place of a class, .* 1, 2: leave out"):
        class_indices(np.array([0, 1]), ("1", "2"), "label", by_number=True, ignore_index=0)
