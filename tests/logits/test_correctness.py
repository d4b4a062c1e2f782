import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from abstain import InputError, read_predictions
from abstain.logits.choice import Confidence
from abstain.logits.correctness import confidence_and_error


def errors_of(source, columns, labels=None, names=None, **how):
    return confidence_and_error(source, columns, labels, names, **how)[1].tolist()


def test_errors_are_told_by_correct_error_or_prediction(source_of):
    source = source_of(c=[0.5, 0.75, 0.25], right=[True, False, True], loss=[0.0, 2.5, 1.0], pred=[1, 0, 2])
    assert errors_of(source, Confidence("c", correct="right")) == [0, 1, 0]
    assert errors_of(source, Confidence("c", error="loss")) == [0, 2.5, 1]
    assert errors_of(source, Confidence("c", prediction="pred"), np.array([1.0, 1.0, 2.0])) == [0, 1, 0]
    assert errors_of(source, Confidence("c", correct="right", prediction="pred"), np.array([1, 1, 2])) == [0, 1, 0]
    with pytest.raises(InputError, match="'right' and 'pred' of the file disagree on the errors, on 2 samples"):
        errors_of(source, Confidence("c", correct="right", prediction="pred"), np.array([0, 1, 1]))


def test_predictions_may_be_names(source_of):
    source = source_of(c=["0.5", "0.75"], pred=np.array(["cat", "dog"]))
    columns = Confidence("c", prediction="pred")
    assert errors_of(source, columns, np.array(["cat", "cow"])) == [0, 1]
    assert errors_of(source, columns, np.array([0, 0]), ("cat", "dog")) == [0, 1]
    with pytest.raises(InputError, match="the labels are numbers and 'pred' holds texts"):
        errors_of(source, columns, np.array([0, 0]))


def test_samples_that_do_not_count_are_left_out(source_of):
    source, columns = source_of(c=[0.5, 0.75, 0.25], pred=[1, 0, 2]), Confidence("c", prediction="pred")
    confidence, error, counts = confidence_and_error(source, columns, np.array([1, -100, 1]), None, ignore_index=-100)
    assert confidence.tolist() == [0.5, 0.25] and error.tolist() == [0, 1] and counts.tolist() == [True, False, True]
    with pytest.raises(InputError, match=r"a label is -100.*give ignore_index=-100"):
        errors_of(source, columns, np.array([1, -100, 1]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"c": [0.5], "right": [2]},
            "the column 'right' holds 2, but must be 1 where a sample is right and 0 elsewhere",
        ),
        ({"c": [0.5], "right": [0.5]}, "the column 'right' holds 0.5"),
        ({"c": [np.nan], "right": [1]}, "confidence holds 1 NaN"),
        ({"c": np.array(["sure"]), "right": [1]}, "the column 'c' holds 'sure', but must hold numbers"),
    ],
)
def test_what_is_no_confidence_or_no_correctness_is_said(source_of, columns, message):
    with pytest.raises(InputError, match=message):
        errors_of(source_of(**columns), Confidence("c", correct="right"))


def test_predictions_that_no_label_can_be_are_refused():
    def read(**columns):
        return read_predictions({"confidence": np.array([0.5, 0.25]), **{k: np.array(v) for k, v in columns.items()}})

    with pytest.raises(InputError, match="no label is among the predictions of 'prediction'"):
        read(label=["cat", "dog"], prediction=["LABEL_0", "LABEL_1"])
    with pytest.raises(InputError, match="is empty"):
        read(label=["cat", "dog"], prediction=["cat", ""])
    with pytest.raises(InputError, match=r"is 0\.5, but must be a whole number"):
        read(label=[0, 1], prediction=[0.5, 1.5])


def test_the_label_that_does_not_count_is_left_out_whatever_tells_the_errors():
    columns = {
        "confidence": np.array([0.5, 0.25, 1.0]),
        "correct": np.array([1, 0, 1]),
        "label": np.array([0, -100, 1]),
    }
    predictions = read_predictions(columns, ignore_index=-100)
    assert predictions.error.tolist() == [0, 0] and predictions.n_ignored == 1
    with pytest.raises(InputError, match=r"ignore_index is 3, but .* has no labels: leave it out"):
        read_predictions({name: columns[name] for name in ("confidence", "correct")}, ignore_index=3)


def test_a_confidence_keeps_its_type_which_a_threshold_is_compared_in():
    columns = {"confidence": np.array([0.5, 0.25], dtype=np.float32), "correct": np.array([1, 0])}
    assert read_predictions(columns).confidence.dtype == np.float32


def read_of_two(**columns):
    confidence = np.linspace(0.1, 0.9, len(next(iter(columns.values()))))
    return read_predictions({"confidence": confidence, **{name: np.array(held) for name, held in columns.items()}})


def test_classes_that_are_called_differently_are_refused():
    with pytest.raises(
        InputError, match="the label 'Cat' is never predicted and the prediction 'cat' is never a label"
    ):
        read_of_two(label=["Cat", "dog"], prediction=["cat", "dog"])
    with pytest.raises(InputError, match="the labels go from 1 to 3 and the predictions from 0 to 2"):
        read_of_two(label=[1, 2, 3] * 4, prediction=[0, 1, 2] * 4)
    left_out = np.array([0, *[1, 2, 3] * 4]), np.array([0, *[0, 1, 2] * 4])
    confidence = np.linspace(0.1, 0.9, 13)
    with pytest.raises(InputError, match="as if one counted from 0"):  # whatever does not count
        columns = {"confidence": confidence, "label": left_out[0] - 100 * (left_out[0] == 0), "prediction": left_out[1]}
        read_predictions(columns, ignore_index=-100)


def test_numbers_are_the_same_classes_however_they_are_written():
    assert read_of_two(label=["1", "2", "2"], prediction=["1.0", "2", "1"]).error.tolist() == [0, 0, 1]
    assert read_of_two(label=["1", "2", "2"], prediction=[1, 2, 1]).error.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("label", "prediction"),
    [
        ([0, 2, 10], ["LABEL_0", "LABEL_10", "LABEL_10"]),
        (["LABEL_0", "LABEL_2", "LABEL_10"], [0, 10, 10]),
        (["LABEL_0", "LABEL_2", "LABEL_10"], ["0", "10", "10.0"]),
        (["LABEL_0", "LABEL_2", "LABEL_10"], ["LABEL_0", "LABEL_10", "LABEL_10"]),
        ([0.0, 2.0, 10.0], [0, 10, 10]),
    ],
)
def test_default_names_of_transformers_are_numbers(label, prediction):
    assert read_of_two(label=label, prediction=prediction).error.tolist() == [0, 1, 0]


def test_default_names_number_the_names_that_are_told():
    held = {"label": np.array(["neg", "pos", "pos"]), "prediction": np.array(["LABEL_0", "LABEL_1", "LABEL_0"])}
    columns = {"confidence": np.array([0.5, 0.25, 0.75]), **held}
    assert read_predictions(columns, class_names="neg,pos").error.tolist() == [0, 0, 1]
    assert read_predictions(columns, class_names="pos,neg").error.tolist() == [1, 1, 0]
    with pytest.raises(InputError, match="no label is among the predictions"):
        read_predictions(columns)


def test_names_in_no_told_order_number_no_classes():
    columns = {"label": np.array(["dog", "cat"]), "prediction": np.array([1, 0]), "confidence": np.array([0.5, 0.25])}
    with pytest.raises(InputError, match=r"labels are texts and 'prediction' holds numbers, .* \(class_names\)"):
        read_predictions(columns)
    assert read_predictions(columns, class_names="dog,cat").error.tolist() == [1, 1]
    assert read_predictions(columns, class_names="cat,dog").error.tolist() == [0, 0]


def test_every_answer_may_be_wrong_where_all_classes_are_told():
    columns = {"label": np.array(["a", "b"]), "prediction": np.array(["c", "d"]), "confidence": np.array([0.5, 0.25])}
    assert read_predictions(columns, class_names="a,b,c,d,e").error.tolist() == [1, 1]
    for told in ({}, {"class_names": "a,b,c"}):
        with pytest.raises(InputError, match=r"or where they are name all of them \(class_names\)"):
            read_predictions(columns, **told)


def test_correct_beside_binary_predictions_may_be_the_true_class():
    columns = {"correct": [1, 0, 1], "predicted": [1, 1, 0]}
    with pytest.raises(
        InputError, match=r"'correct' .* the predicted ones in 'predicted', .* label_column=correct, or"
    ):
        read_of_two(**columns)
    with pytest.raises(InputError, match="may hold the true classes"):
        read_of_two(correct=[4, 0, 1], predicted=[4, 1, 0])
    confidence = np.array([0.5, 0.25, 0.75])
    told = read_predictions({"confidence": confidence, **columns}, label_column="correct")
    assert told.error.tolist() == [0, 1, 1]
    assert read_of_two(correct=columns["correct"]).error.tolist() == [0, 1, 0]
    assert read_of_two(correct=[True, False, True], predicted=[1, 1, 0]).error.tolist() == [0, 1, 0]
    assert read_of_two(correct=[1, 0, 1], predicted=[7, 1, 0]).error.tolist() == [0, 1, 0]
    assert read_of_two(is_correct=[1, 0, 1], predicted=[1, 1, 0]).error.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "names", [["1", "0"], ["2", "1", "0"], ["0", "1", "10", "11", "2"], ["10", "20", "30"], ["1", "2", "3"]]
)
def test_predictions_that_are_names_of_the_classes_are_taken_by_name(names):
    labels = np.arange(80) % len(names)
    predicted = np.where(np.arange(80) % 7 == 0, (labels + 1) % len(names), labels)
    columns = {
        "label": labels,
        "prediction": [names[place] for place in predicted],
        "confidence": np.linspace(0, 1, 80),
    }
    kinds = Features({"label": ClassLabel(names=names), "prediction": Value("string"), "confidence": Value("float64")})
    found = read_predictions(Dataset.from_dict(columns, features=kinds))
    assert found.error.tolist() == (predicted != labels).tolist()


def test_numbers_that_are_names_or_count_the_classes_are_refused():
    of_label = ClassLabel(names=["2", "1", "0"])
    kinds = Features({"label": of_label, "prediction": Value("int64"), "confidence": Value("float64")})
    columns = {"label": [0, 1, 2], "prediction": [2, 1, 0], "confidence": [0.5, 0.6, 0.7]}
    with pytest.raises(InputError, match=r"names of the classes \(2, 1, 0\), which come in another order"):
        read_predictions(Dataset.from_dict(columns, features=kinds))
    kinds["label"] = ClassLabel(names=["10", "20", "30"])
    found = read_predictions(Dataset.from_dict(columns | {"prediction": [10, 20, 20]}, features=kinds))
    assert found.error.tolist() == [0, 0, 1]
    assert read_predictions(Dataset.from_dict(columns, features=kinds)).error.tolist() == [1, 0, 1]
