import pytest

from abstain import InputError
from abstain.logits.names import (
    LABEL,
    column_called,
    listed,
    only_column,
    plain,
    split_of,
    stem_and_number,
    tells_values,
    without_class_words,
)


@pytest.mark.parametrize(
    ("name", "stem", "number"),
    [
        ("logit_3", "logit", 3),
        ("Logit 03", "logit", 3),
        ("z10", "z", 10),
        ("prob[2]", "prob", 2),
        ("class.prob-1", "class_prob", 1),
        ("7", "", 7),
        ("class_3_prob", "class_prob", 3),
        ("Class3 Logit", "class_logit", 3),
        ("LABEL_10_score", "label_score", 10),
        ("0_prob", "prob", 0),
        ("class_3_prob_test", "class_prob", 3),
        ("P(Y=1)", "p_y", 1),
        ("p(y = 1 | x)", "p_y", 1),
        ("P(class=2)", "p_class", 2),
        ("fold_3_prob", None, 0),
        ("class_3_age", None, 0),
        ("label", None, 0),
        ("1st", None, 0),
    ],
)
def test_a_name_is_a_stem_and_a_number(name, stem, number):
    assert stem_and_number(name) == (stem, number)


def test_a_stem_tells_values_unless_it_numbers_something_else():
    assert all(map(tells_values, ["", "prob", "class_prob", "p_y", "model_logit", "y_pred"]))
    assert not any(map(tells_values, ["x", "class", "logit_model", "prob_fold", "top_prob", "score_rank"]))
    assert [without_class_words(stem) for stem in ("prob_class", "p_y", "label", "score")] == ["prob", "p", "", "score"]


def test_names_are_compared_whatever_the_case(source_of):
    assert plain(" Ground-Truth ") == plain("ground truth") == "ground_truth"
    source = source_of(Ground_Truth=[0], id=[1])
    assert only_column(source, LABEL, ["integers"], "labels", "label_column") == "Ground_Truth"
    assert only_column(source, LABEL, ["texts"], "labels", "label_column") is None
    with pytest.raises(InputError, match=r"'y' and 'Y', which can both be the labels: name one \(label_column\)"):
        only_column(source_of(y=[0], Y=[1]), LABEL, ["integers"], "labels", "label_column")


def test_a_column_that_is_named_must_be_there(source_of):
    assert column_called(source_of(a=[1]), "a", "label_column") == "a"
    with pytest.raises(InputError, match=r"has no column 'lable' \(label_column\): did you mean 'label'"):
        column_called(source_of(label=[1]), "lable", "label_column")


def test_many_names_are_said_by_their_ends():
    assert listed(["a"]) == "a" and listed(["z0", "z1"]) == "z0, z1"
    assert listed([f"z{k}" for k in range(9)]) == "z0 … z8"
    assert listed(["cat", "dog", ""]) == "cat, dog, an unnamed one"
    assert listed("abcdefghij") == "a, b … j"


def test_the_name_of_a_split_says_nothing_of_what_a_column_holds():
    told = {"test_logits": "logits", "labels-val": "labels", "y_test": "y", "Validation Probs": "probs", "test": "test"}
    assert {name: plain(name) for name in told} == told


def test_a_name_may_say_a_split():
    splits = {
        "test_logits": "test",
        "y_val": "validation",
        "Dev Labels": "validation",
        "train-y": "train",
        "test": None,
    }
    splits |= {"logits": None, "testy": None}
    assert {name: split_of(name) for name in splits} == splits
