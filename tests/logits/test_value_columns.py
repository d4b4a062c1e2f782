import pytest

from abstain import InputError
from abstain.logits.value_columns import ValueColumns, found_values, named_values

ONE = [2.5]
ROW = [[0.5, 1.5]]


@pytest.mark.parametrize(
    ("columns", "classes", "found"),
    [
        ({"logit_1": ONE, "logit_0": ONE, "id": [3]}, None, ["logit_0", "logit_1"]),
        ({f"z{k}": ONE for k in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9)}, None, [f"z{k}" for k in range(11)]),
        ({"1": ONE, "0": ONE}, None, ["0", "1"]),
        ({"feature_0": ONE, "feature_1": ONE, "prob_0": ONE, "prob_1": ONE}, None, ["prob_0", "prob_1"]),
        ({"feature_0": ONE, "feature_1": ONE, "logits": ROW}, None, ["logits"]),
        ({"logit_0": ONE}, None, ["logit_0"]),
        ({"fold_0": [1], "probability": ONE}, None, ["probability"]),
        ({"b": ONE, "a": ONE, "id": [3], "loss": ONE}, ["a", "b"], ["a", "b"]),
        ({"p_b": ONE, "p_a": ONE}, ["a", "b"], ["p_a", "p_b"]),
        ({"prob_1": ONE, "id": [3]}, None, ["prob_1"]),
        ({"p_1": ONE}, None, ["p_1"]),
        ({"z_2": ONE, "z_1": ONE}, None, ["z_1", "z_2"]),
        ({"x_0": ONE, "y_0": ONE, "z_0": ONE}, None, None),
        ({"x": ONE, "y": ONE, "z": ONE}, None, None),
        ({"x_0": ONE, "x_1": ONE, "z_0": ONE, "z_1": ONE}, None, ["z_0", "z_1"]),
        ({"pred_0": [1], "pred_1": [0], "prob_0": ONE, "prob_1": ONE}, None, ["prob_0", "prob_1"]),
        (
            {"prob_c_1": ONE, "prob_c_2": ONE, "prob_c_10": ONE},
            ["c_1", "c_10", "c_2"],
            ["prob_c_1", "prob_c_10", "prob_c_2"],
        ),
        ({"z0": ONE, "z1": ONE}, ["0", "1"], ["z0", "z1"]),
        ({"predictions": ROW}, None, ["predictions"]),
        ({"Unnamed: 0": [1], "Unnamed: 1": [1], "embedding": ROW, "x": ONE}, None, None),
        ({"label_0": [1], "label_1": [0]}, None, None),
        ({"pixel_0": ONE, "pixel_1": ONE}, None, None),
        ({"pixel_0": ONE, "pixel_1": ONE, "my.z.0": ONE, "my.z.1": ONE}, None, ["my.z.0", "my.z.1"]),
        ({"predictions": ONE}, None, None),
        ({"class1_prob": ONE, "class0_prob": ONE}, None, ["class0_prob", "class1_prob"]),
        ({"LABEL_0_score": ONE, "LABEL_1_score": ONE}, None, ["LABEL_0_score", "LABEL_1_score"]),
        ({"P(Y=1)": ONE, "P(Y=0)": ONE}, None, ["P(Y=0)", "P(Y=1)"]),
        ({"p(y=1|x)": ONE}, None, ["p(y=1|x)"]),
        ({"class_1_prob": ONE}, None, ["class_1_prob"]),
        ({"LABEL_1": ONE, "LABEL_0": ONE, "LABEL_2": ONE}, None, ["LABEL_0", "LABEL_1", "LABEL_2"]),
        ({"Class 1": ONE, "Class 2": ONE}, None, ["Class 1", "Class 2"]),
        ({"LABEL_0": [1.0, 0.0], "LABEL_1": [0.0, 1.0]}, None, None),  # one-hot labels, or those of two people
        ({"LABEL_0": ONE, "LABEL_1": ONE, "logit_0": ONE, "logit_1": ONE}, None, ["logit_0", "logit_1"]),
        ({"LABEL_0": ONE}, None, None),
        ({"fold_0_prob": ONE, "fold_1_prob": ONE}, None, None),
        ({"prob_fold_0": ONE, "prob_fold_1": ONE, "logit_model_0": ONE, "logit_model_1": ONE}, None, None),
        ({"top_prob_0": ONE, "top_prob_1": ONE, "score_top_0": ONE, "score_top_1": ONE}, None, None),
    ],
)
def test_values_are_found_by_their_names(source_of, columns, classes, found):
    values = found_values(source_of(**columns), classes)
    assert (None if values is None else list(values.columns)) == found


@pytest.mark.parametrize(
    ("columns", "classes", "message"),
    [
        ({"p0": ONE, "p1": ONE, "z0": ONE, "z1": ONE}, None, "p0, p1 and z0, z1, which can all be the values"),
        ({"logits": ROW, "probs": ROW}, None, r"logits and probs, which can all be the values: .*logit_columns"),
        ({"a": ONE, "b": ONE, "logits": ROW}, ["a", "b"], "logits and a, b, which can all be the values"),
        ({"score": ONE, "probability": ONE}, None, "'score' and 'probability', which can both be the values"),
        ({"z0": ONE, "z1": ONE, "z3": ONE}, None, "from 0 to 2, but 2 is not there once"),
        ({"z1": ONE, "z01": ONE}, None, "but 0 is not there once"),
        ({"z1": ONE}, None, "but 0 is not there once"),
        ({"a": ONE, "b": ONE, "c": ONE}, ["a", "b"], "also 'c', which may be one more class"),
        (
            {"cat": [3], "dog": [4], "bird": [5]},
            ["cat", "dog"],
            "also 'bird', .*name the columns of all .*logit_columns",
        ),
        ({"pred_0": [1], "pred_1": [0]}, None, "hold integers, as the predicted classes of several .*logit_columns"),
        (
            {"class_0": ONE, "class_1": ONE, "LABEL_0": ONE, "LABEL_1": ONE},
            None,
            "which can all be the values: name them",
        ),
        ({"class_0": ONE, "class_2": ONE}, None, "but 1 is not there once"),
        ({"prob_0": ONE, "class_0_prob": ONE, "class_1_prob": ONE, "prob_1": ONE}, None, "which can all be the values"),
        (
            {"z1": ONE, "z2": ONE},
            ["2", "1"],
            r"order \(2,1\): .* logit_columns=z2,z1, .* class_names=1,2",
        ),
    ],
)
def test_two_readings_and_gaps_are_refused(source_of, columns, classes, message):
    with pytest.raises(InputError, match=message):
        found_values(source_of(**columns), classes)


def test_values_that_are_named_are_taken_in_that_order(source_of):
    source = source_of(b=ONE, a=ONE, z1=ONE, z0=ONE, logits=ROW)
    assert named_values(source, ["b", "a"], None) == ValueColumns(("b", "a"))
    assert named_values(source, ["b", "a"], ["a"]).class_names == ("b", "a")
    assert named_values(source, ["z"], None).columns == named_values(source, ["z*"], None).columns == ("z0", "z1")
    assert named_values(source, ["logits"], None).columns == ("logits",)
    assert named_values(source_of(LABEL_1=[1], LABEL_0=[0]), ["LABEL"], None).columns == ("LABEL_0", "LABEL_1")
    assert named_values(source_of(p_ab=ONE, p_b=ONE), ["p_ab", "p_b"], ["b", "ab"]).class_names == ("ab", "b")
    for names, message in (
        (["a", "a"], "named twice"),
        (["a", "logits"], "name it alone"),
        (["q"], "has no column 'q'"),
    ):
        with pytest.raises(InputError, match=message):
            named_values(source, names, None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("logits", "logits"),
        ("Class_Prob_0", "probabilities"),
        ("softmax", "probabilities"),
        ("log_softmax", "log-probabilities"),
        ("log-prob 0", "log-probabilities"),
        ("score", None),
        ("p(y=1)", "probabilities"),
        ("P(class=1)", "probabilities"),
        ("class_0_logit", "logits"),
        ("LABEL_0", None),
        ("p_value_0", None),
    ],
)
def test_what_a_name_says_of_the_kind(name, said):
    assert ValueColumns((name,)).said == said
