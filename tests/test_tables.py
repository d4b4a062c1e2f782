import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from abstain import InputError, LogitNorm, evaluate_logits, load_metric, read_predictions, scores
from abstain._tables import check_column_order, is_frame, is_of

VALUES = np.array([[4.0, 1.0, 0.0], [0.0, 3.0, 1.0], [2.0, 0.0, 5.0], [0.0, 1.0, 7.0]])
LABELS = np.array([0, 1, 2, 1])
CLASSES = [f"logit_{k}" for k in range(3)]
FRAME = pd.DataFrame(VALUES, columns=CLASSES)


class Derived(pd.DataFrame):
    """A table as other libraries derive it, geopandas say."""


class Foreign:
    """A table that is an array too, as those of polars are."""

    columns = ("id", "logit_0", "logit_1")

    def __array__(self, *args, **kwargs):
        return VALUES


REVERSED = FRAME[CLASSES[::-1]]
OF_ANOTHER_ORDER = {
    "reversed": REVERSED,
    "derived": Derived(REVERSED),
    "Arrow table": pa.Table.from_pandas(REVERSED),
    "record batch": pa.RecordBatch.from_pandas(REVERSED),
    "with an id": FRAME.assign(id=range(4)),
    "from 1": FRAME.set_axis([1, 2, 3], axis=1),
    "of two endings": FRAME.set_axis(["class_0_prob", "class_1_logit", "class_2_prob"], axis=1),
    "of two beginnings": FRAME.set_axis(["logit_0", "prob_1", "logit_2"], axis=1),
    "called as classes": FRAME.set_axis(["cat", "dog", "eel"], axis=1),
    "default columns turned round": pd.DataFrame(VALUES)[[2, 1, 0]],
    "class 0 alone": pd.DataFrame({"prob_0": VALUES[:, 0] / 10}),
    "foreign": Foreign(),
}


@pytest.mark.parametrize("table", OF_ANOTHER_ORDER.values(), ids=OF_ANOTHER_ORDER)
@pytest.mark.parametrize(
    "use",
    [
        lambda table: evaluate_logits(table, LABELS),
        lambda table: evaluate_logits(VALUES, LABELS, validation=(table, LABELS)),
        lambda table: load_metric().compute(predictions=table, references=LABELS),
        lambda table: LogitNorm.fit(table, LABELS),
        lambda table: scores.msp(table),
        lambda table: read_predictions({"logits": table, "label": LABELS}),
    ],
    ids=["evaluate_logits", "validation", "metric", "LogitNorm.fit", "scores", "dictionary"],
)
def test_columns_that_need_not_be_the_classes_in_order_are_refused(use, table):
    with pytest.raises(InputError, match=r"with the columns .*read_predictions\(\(table, labels\)\).*\.to_numpy\(\)"):
        use(table)


@pytest.mark.parametrize(
    "table",
    [
        FRAME,
        Derived(FRAME),
        pa.Table.from_pandas(FRAME),
        pd.DataFrame(VALUES),
        FRAME.set_axis(["0", "1", "2"], axis=1),
        FRAME.set_axis(["p[0]", "p[1]", "p[2]"], axis=1),
        FRAME.set_axis([f"class_{k}_logit" for k in range(3)], axis=1),
        FRAME.set_axis(["logit_00", "logit_01", "logit_02"], axis=1),
    ],
)
def test_columns_that_are_numbered_in_order_are_the_classes(table):
    assert evaluate_logits(table, LABELS).to_dict() == evaluate_logits(VALUES, LABELS).to_dict()


def test_labels_may_be_the_only_column_of_a_table():
    labels = pd.DataFrame({"y": LABELS})
    assert evaluate_logits(VALUES, labels).to_dict() == evaluate_logits(VALUES, LABELS).to_dict()


def test_the_sentence_names_the_columns_and_what_it_advises_is_right():
    table = FRAME.set_axis(["eel", "cat", "dog"], axis=1)
    with pytest.raises(InputError, match="logits are a DataFrame with the columns eel, cat, dog, which"):
        check_column_order(table, "logits")
    predictions = read_predictions((table, np.array(["eel", "cat", "dog", "cat"])))
    assert predictions.labels.tolist() == [2, 0, 1, 0]
    assert predictions.values.tolist() == VALUES[:, [1, 2, 0]].tolist()
    many = pd.DataFrame(np.eye(9), columns=list("abcdefghi"))
    with pytest.raises(InputError, match="a, b, c, d, e, f, g, h …, which"):
        check_column_order(many, "logits")


def test_what_is_no_table_has_no_columns():
    for values in (VALUES, VALUES.tolist(), torch.ones(2, 2), pd.Series([1, 2]), pa.chunked_array([[1]])):
        check_column_order(values, "logits")
        assert not is_frame(values)
    assert is_frame(Derived(FRAME)) and is_of("pandas", pd.Series([1])) and not is_of("pandas", VALUES)
