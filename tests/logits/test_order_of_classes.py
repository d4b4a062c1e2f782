import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from abstain import InputError
from abstain.logits.opening import open_columns
from abstain.logits.order_of_classes import check_order, of_classes
from abstain.logits.value_columns import ValueColumns

ONE = [2.5]


def test_labels_that_are_numbers_tell_of_which_classes_columns_numbered_from_one_are(source_of):
    columns, labels = ValueColumns(("z1", "z2", "z3")), np.array([3, -100, 1])
    source = source_of(label=labels)
    assert of_classes(source, columns, "label", labels, None, False, -100).class_names == ("1", "2", "3")
    numbered = ValueColumns(("z0", "z1"))
    assert of_classes(source, numbered, "label", labels, None, False, None) is numbered
    with pytest.raises(InputError, match="but 0 is not there once"):
        of_classes(source_of(label=["a"]), columns, "label", np.array(["a"]), None, False, None)


def test_names_in_no_known_order_and_more_or_fewer_names_than_values_are_refused(source_of):
    values, classes = ValueColumns(("logits",)), ("cat", "dog")
    check_order(source_of(x=ONE), values, classes, 2, is_told=True)
    check_order(source_of(x=ONE), values, classes, 1, is_told=True)
    with pytest.raises(InputError, match=r"nothing tells which of them each value of logits is of: .*class_names="):
        check_order(source_of(x=ONE), values, classes, 2, is_told=False)
    with pytest.raises(InputError, match=r"are 2 names \(cat, dog\), but there are 3 values a sample"):
        check_order(source_of(x=ONE), values, classes, 3, is_told=True)


def test_columns_in_another_order_than_labels_number_the_classes_are_refused():
    of_classes = Features({"label": ClassLabel(names=["dog", "cat"]), "cat": Value("float64"), "dog": Value("float64")})
    pets = Dataset.from_dict({"label": [0, 1], "cat": [0.0, 2.0], "dog": [3.0, 1.0]}, features=of_classes)
    for told in ({}, {"logit_columns": "dog,cat"}):
        assert open_columns(pets, in_batches=False, **told).choice.values.columns == ("dog", "cat")
    with pytest.raises(InputError, match=r"names cat, dog, but .* in another order \(dog, cat\): name the columns in"):
        open_columns(pets, in_batches=False, logit_columns="cat,dog")
    numerals = [str(n) for n in (0, 1, 10, *range(2, 10))]
    columns = {f"z{n}": [float(n)] for n in range(11)}
    kinds = Features({"label": ClassLabel(names=numerals), **{name: Value("float64") for name in columns}})
    counted = Dataset.from_dict({"label": [2], **columns}, features=kinds)
    with pytest.raises(InputError, match=r"\(0,1,10,2,…\): .* logit_columns=z0,z1,z10,z2,…, .* class_names=0,1,2,3,…"):
        open_columns(counted, in_batches=False)
    for told, column in (({"class_names": ",".join(map(str, range(11)))}, "z2"), ({"logit_columns": "z"}, "z2")):
        opening = open_columns(counted, in_batches=False, **told)
        values = opening.choice.values
        assert values.columns[int(opening.indices(np.array([2]), values)[0])] == column
    by_name = open_columns(counted, in_batches=False, logit_columns=[f"z{n}" for n in numerals])
    assert by_name.choice.values.columns[int(by_name.indices(np.array([2]), by_name.choice.values)[0])] == "z10"
