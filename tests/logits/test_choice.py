import numpy as np
import pytest

from abstain import InputError
from abstain.logits.choice import Confidence, choose, find_label, why_no_label

ONE, ROW = [0.5], [[0.5, 1.5]]


def chosen(source, **how):
    return choose(source, None, label=find_label(source, None), **how)


@pytest.mark.parametrize(
    ("columns", "how", "confidence", "values"),
    [
        ({"label": [1], "logits": ROW}, {}, None, "logits"),
        ({"correct": [1], "confidence": ONE}, {}, Confidence("confidence", correct="correct"), None),
        ({"error": [1], "msp": ONE}, {}, Confidence("msp", error="error"), None),
        ({"correct": [1], "probability": ONE}, {}, Confidence("probability", correct="correct"), None),
        ({"y": [1], "y_pred": [1], "conf": ONE}, {}, Confidence("conf", prediction="y_pred"), None),
        ({"y": [1], "y_pred": [1], "prob": ONE}, {"input": "probabilities"}, None, "prob"),
        (
            {"y": [1], "y_pred": [1], "prob": ONE},
            {"input": "confidence"},
            Confidence("prob", prediction="y_pred"),
            None,
        ),
        ({"y": [1], "pred": [1], "conf": ONE, "logits": ROW}, {"input": "logits"}, None, "logits"),
        ({"y": [1], "pred": [1], "a": ONE}, {"logit_columns": ["a"]}, None, "a"),
        (
            {"y": [1], "pred": [1], "a": ONE, "conf": ONE},
            {"logit_columns": ["a"], "input": "confidence"},
            Confidence("a", prediction="pred"),
            None,
        ),
    ],
)
def test_what_is_complete_is_what_is_meant(source_of, columns, how, confidence, values):
    choice = chosen(source_of(**columns), **how)
    assert choice.confidence == confidence and str(choice.values or None) == str(values)


def test_what_counts_is_known(source_of):
    assert chosen(source_of(y=[1], y_pred=[1], conf=ONE, id=[1])).used == {"y", "y_pred", "conf"}
    assert chosen(source_of(y=[1], logits=ROW, id=[1])).used == {"y", "logits"}


@pytest.mark.parametrize(
    ("columns", "how", "message"),
    [
        ({"y": [1], "pred": [1], "conf": ONE, "logits": ROW}, {}, "values of the classes .logits. and as a confidence"),
        (
            {"y": [1], "pred": [1], "probability": ONE},
            {},
            'input="logits", input="probabilities" or input="confidence"',
        ),
        ({"y": [1], "conf": ONE}, {}, "but none that holds logits or probabilities by its name"),
        ({"y": [1], "conf": ONE}, {"input": "confidence"}, "but no confidence with what tells the errors"),
        ({"y": [1], "y_pred": [1], "conf": ONE}, {"input": "logits"}, "but none that holds logits"),
        (
            {"y": [1], "prob_0": ONE},
            {},
            r"prob_0\), which should be that of class 1, .* of class 1 \(prob_1\), or both",
        ),
        ({"y": [1], "p_class_0": ONE}, {"logit_columns": ["p_class_0"], "input": "probabilities"}, "says class 0"),
    ],
)
def test_two_readings_and_none_are_refused(source_of, columns, how, message):
    with pytest.raises(InputError, match=message):
        chosen(source_of(**columns), **how)


def test_labels_have_a_usual_name_or_are_named(source_of):
    assert find_label(source_of(Label=[0], x=[1]), None) == "Label"
    assert find_label(source_of(label=[0], x=[1]), "x") == "x"
    assert find_label(source_of(x=[1]), None) is None


def test_labels_of_another_type_are_not_said_to_be_called_wrongly(source_of):
    dates = np.array(["2020-01-01"], dtype="M8[D]")
    assert "the labels 'label' of the file are neither numbers nor texts" in why_no_label(source_of(label=dates), None)
    assert "no labels by their name: call a column label" in why_no_label(source_of(kind=dates), None)
