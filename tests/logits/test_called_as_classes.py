import numpy as np
import pyarrow as pa
import pytest

from abstain import InputError
from abstain.logits.called_as_classes import called_as_classes
from abstain.logits.source import of_arrow

ONE = [2.5]


@pytest.mark.parametrize(
    ("columns", "classes", "found"),
    [
        ({"b": ONE, "a": ONE}, ["a", "b"], ["a", "b"]),
        ({"prob_b": ONE, "prob_a": ONE}, ["a", "b"], ["prob_a", "prob_b"]),
        ({"P(b)": ONE, "P(a)": ONE}, ["a", "b"], ["P(a)", "P(b)"]),
        ({"b_prob": ONE, "a_prob": ONE}, ["a", "b"], ["a_prob", "b_prob"]),
        ({"True": ONE, "False": ONE}, None, ["False", "True"]),
        ({"a": ONE, "b": ONE, "age": [30], "error": [1], "fold": ONE, "user_id": ONE}, ["a", "b"], ["a", "b"]),
        ({"a": ONE, "b": ONE, "x_1": ONE, "x_2": ONE}, ["a", "b"], ["a", "b"]),
        ({"probe_b_prob": ONE, "probe_a_prob": ONE}, ["b", "a"], ["probe_b_prob", "probe_a_prob"]),
        ({"am": ONE, "bm": ONE}, ["a", "b"], None),  # an ending is set off
        ({"a": ONE, "c": ONE}, ["a", "b"], None),
        ({"a": ONE}, ["a"], None),
        ({"a": ONE, "b": ONE}, None, None),
    ],
)
def test_columns_are_called_as_the_classes(source_of, columns, classes, found):
    values = called_as_classes(source_of(**columns), classes)
    assert values == (None if found is None else (tuple(found), tuple(classes or ("False", "True"))))


@pytest.mark.parametrize(
    ("columns", "classes", "message"),
    [
        ({"grade_1": ONE, "grade_2": ONE, "grade_3": ONE}, ["grade_1", "grade_2"], "also 'grade_3', which may be"),
        ({"a320": ONE, "b747": ONE, "c17": ONE, "c130": ONE}, ["a320", "b747"], "also 'c17', which may be one more"),
        ({"info": [3], "warning": [4], "error": [0]}, ["info", "warning"], "also 'error', which may be one more"),
        ({"info": ONE, "warning": ONE, "error": ONE}, ["info", "warning"], "also 'error', which may be one more"),
        ({"bad": ONE, "good": ONE, "score": ONE}, ["bad", "good"], "also 'score', which may be one more class"),
    ],
)
def test_a_column_that_may_be_a_class_without_a_label_is_refused(source_of, columns, classes, message):
    with pytest.raises(InputError, match=message):
        called_as_classes(source_of(**columns), classes)


PETS = {"cat": [0.5, 0.25], "dog": [0.25, 0.5], "owl": [0.25, 0.25]}


@pytest.mark.parametrize("classes", [["cat", "dog"], ["owl"], ["dog"]])
@pytest.mark.parametrize("around", ["{}", "prob_{}", "P({})", "{}_score"])
def test_a_class_without_a_label_is_known_by_the_sum_of_the_probabilities(source_of, classes, around):
    source = source_of(**{around.format(name): column for name, column in PETS.items()}, fold=[1.5, 2.5], id=[7, 8])
    names = (*classes, *(name for name in PETS if name not in classes))
    assert called_as_classes(source, classes) == (tuple(map(around.format, names)), names)
    logs = source_of(**{around.format(name): np.log(column) for name, column in PETS.items()})
    assert called_as_classes(logs, classes)[1] == names
    percent = source_of(**{around.format(name): 100 * np.array(column) for name, column in PETS.items()})
    assert called_as_classes(percent, classes)[1] == names


def test_a_class_without_a_label_is_known_by_a_name_that_says_logits(source_of):
    logits = {f"logit_{name}": ONE for name in PETS}
    for classes in (["cat", "dog"], ["cat"]):
        assert called_as_classes(source_of(**logits), classes)[1] == ("cat", "dog", "owl")
    with pytest.raises(InputError, match=r"also 'logit_owl', which may be one more class: .*class_names"):
        called_as_classes(source_of(**logits, logit_max=ONE), ["cat", "dog"])
    with pytest.raises(InputError, match="also 'owl', which may be one more class"):
        called_as_classes(source_of(cat=[2.5], dog=ONE, owl=ONE), ["cat", "dog"])


def test_rounding_explains_no_class_that_is_there(source_of):
    rounded = {"cat": [0.5, 0.3], "dog": [0.4, 0.6], "owl": [0.1, 0.1]}  # 0.9 are 1 in one decimal, but for owl
    assert called_as_classes(source_of(**rounded), ["cat", "dog"])[1] == ("cat", "dog", "owl")
    tiny = source_of(cat=[0.5, 0.25], dog=[0.5, 0.75], elapsed=[0.001, 0.0015])
    assert called_as_classes(tiny, ["cat", "dog"])[1] == ("cat", "dog")


def test_an_empty_cell_of_a_column_that_need_not_count_is_not_looked_at():
    table = pa.table({"cat": [0.5, 0.25], "dog": [0.5, 0.75], "age": [None, 3.5]})
    assert called_as_classes(of_arrow("it", table.schema, table.select), ["cat", "dog"])[1] == ("cat", "dog")


def test_nothing_is_left_where_all_classes_are_told(source_of):
    source = source_of(cat=[2.5], dog=ONE, owl=ONE)
    assert called_as_classes(source, ["cat", "dog"], are_all=True) == (("cat", "dog"), ("cat", "dog"))
    assert called_as_classes(source, ["cat"], are_all=True) is None


def test_features_beside_probabilities_of_all_classes_are_no_class(source_of):
    pets = {"cat": np.array([0.25, 1.0]), "dog": np.array([0.75, 0.0])}
    source = source_of(**pets, age=np.array([1.5, 2.5]))
    assert called_as_classes(source, ["cat", "dog"]) == (("cat", "dog"), ("cat", "dog"))
    with pytest.raises(InputError, match="and also 'age', which may be one more class"):
        called_as_classes(source_of(cat=[2.5], dog=ONE, age=ONE), ["cat", "dog"])
    prefixed = source_of(prob_cat=[2.5], prob_dog=ONE, age=ONE)
    assert called_as_classes(prefixed, ["cat", "dog"])[0] == ("prob_cat", "prob_dog")
