import json

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value, load_dataset
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from abstain import InputError
from abstain.data.tables import TableEncoder


def table(**columns):
    """Five rows: 3 numbers with an empty cell, a text, a truth value, a code and the label."""
    rows = {
        "age": [20.0, 30.0, 40.0, None, 30.0],
        "job": ["nurse", "cook", "nurse", "cook", None],
        "member": [True, False, True, True, False],
        "region": [1, 2, 10, 1, 2],
        "y": ["no", "yes", "no", "yes", "no"],
    }
    return Dataset.from_dict(rows | columns)


def test_features_worked_by_hand():
    encoder = TableEncoder.fit(table(), "y", categorical=["region"])
    # ages 20, 30, 40 and 30: mean 30, variance 50; the empty one becomes the mean
    assert encoder.numeric == {"age": pytest.approx((30.0, np.sqrt(50)))}
    assert encoder.categorical == {
        "job": ["", "cook", "nurse"],
        "member": ["False", "True"],
        "region": ["1", "10", "2"],
    }
    assert encoder.classes == ["no", "yes"] and encoder.num_features == 9
    rows = encoder.encode(table())
    assert rows.inputs["features"][0].tolist() == pytest.approx([-np.sqrt(2), 0, 0, 1, 0, 1, 1, 0, 0])
    assert rows.inputs["features"][3].tolist() == [0, 0, 1, 0, 0, 1, 1, 0, 0], "an empty number"
    assert rows.inputs["features"][4].tolist() == [0, 1, 0, 0, 1, 0, 0, 0, 1], "an empty category"
    assert rows.labels.tolist() == [0, 1, 0, 1, 0]


def test_it_agrees_with_scikit_learn_on_other_rows():
    generator = np.random.default_rng(0)

    def draw(n):
        return Dataset.from_dict(
            {
                "a": generator.normal(3, 5, n),
                "b": generator.choice(["x", "y", "z"], n),
                "c": generator.integers(0, 9, n),
                "label": generator.integers(0, 2, n),
            }
        )

    train, test = draw(50), draw(20)
    reference = ColumnTransformer(
        [("n", StandardScaler(), ["a", "c"]), ("t", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["b"])]
    ).fit(train.to_pandas())
    encoder = TableEncoder.fit(train, "label")
    assert np.allclose(encoder.features(test), reference.transform(test.to_pandas()), atol=1e-6)


def test_only_the_training_rows_decide():
    encoder = TableEncoder.fit(table(), "y")
    other = table(age=[1e6] * 5, job=["pilot"] * 5)
    features = encoder.features(other)
    assert (features[:, 0] > 1e5).all(), "the mean is not theirs"
    job = list(encoder.numeric).__len__() + np.arange(3)
    assert (features[:, job] == 0).all(), "a job that was never seen is none of those seen"


def test_codes_are_the_same_category_with_and_without_an_empty_cell():
    encoder = TableEncoder.fit(table(), "y", categorical=["region"])
    with_empty = table(region=[1, None, 10, 1, 2])
    assert with_empty.to_pandas()["region"].dtype == np.float64
    assert np.array_equal(encoder.features(with_empty)[[0, 2]], encoder.features(table())[[0, 2]])


def test_what_is_saved_is_json_and_gives_the_same_features(tmp_path):
    encoder = TableEncoder.fit(table(), "y", categorical=["region"])
    path = encoder.save_pretrained(tmp_path / "model")
    assert set(json.loads(path.read_text())) == {"label_column", "classes", "numeric", "categorical"}
    loaded = TableEncoder.from_pretrained(tmp_path / "model")
    assert loaded == encoder
    unlabelled = table().remove_columns("y")
    assert np.array_equal(loaded.features(unlabelled), encoder.features(table()))
    with pytest.raises(InputError, match=r"holds no table_encoder.json"):
        TableEncoder.from_pretrained(tmp_path)
    path.write_text('{"numeric": {}}')
    with pytest.raises(InputError, match="is not what save_pretrained writes"):
        TableEncoder.from_pretrained(tmp_path / "model")


def test_a_constant_and_an_empty_column_are_zeros():
    encoder = TableEncoder.fit(table(age=[7.0] * 5, region=[None] * 5).cast_column("region", Value("float64")), "y")
    features = encoder.features(table(age=[7.0] * 5))
    assert (features[:, 0] == 0).all() and np.isfinite(features).all()


def test_classes_have_the_order_of_their_kind():
    assert TableEncoder.fit(table(y=[10, 9, 9, 10, 9]), "y").classes == ["9", "10"]
    assert TableEncoder.fit(table(y=[True, False, True, False, True]), "y").classes == ["False", "True"]
    named = Features({"x": Value("float64"), "y": ClassLabel(names=["z", "a"])})
    rows = Dataset.from_dict({"x": [1.0, 2.0], "y": [1, 0]}, features=named)
    encoder = TableEncoder.fit(rows, "y")
    assert encoder.classes == ["z", "a"] and encoder.encode(rows).labels.tolist() == [1, 0]
    with pytest.raises(InputError, match="the label column 'y' holds nothing but z, but two classes are needed"):
        TableEncoder.fit(rows.select([1]).cast_column("y", ClassLabel(names=["z"])), "y")


@pytest.mark.parametrize(
    ("columns", "label", "message"),
    [
        ({}, "Y", r"no label column 'Y': did you mean 'y'\?"),
        ({"y": [0.5, 1, 0, 1, 0]}, "y", "the label column 'y' holds fractions"),
        ({"y": ["no", None, "yes", "no", "no"]}, "y", "the label column 'y' has empty cells"),
        ({"y": ["no"] * 5}, "y", "holds nothing but no, but two classes are needed"),
        ({"age": [1.0, 2.0, np.inf, 3.0, 4.0]}, "y", "the column 'age' holds an infinite value"),
        ({"age": [[1.0]] * 5}, "y", "the column 'age' holds List"),
    ],
)
def test_bad_tables_are_one_sentence(columns, label, message):
    with pytest.raises(InputError, match=message) as caught:
        TableEncoder.fit(table(**columns), label)
    assert "\n" not in str(caught.value)


def test_rows_that_do_not_match_the_training_rows_are_refused():
    encoder = TableEncoder.fit(table(), "y")
    with pytest.raises(InputError, match="a row has the y 'maybe', but must have one of the training rows: no, yes"):
        encoder.encode(table(y=["no", "maybe", "yes", "no", "no"]))
    with pytest.raises(InputError, match="there is no column 'age'"):
        encoder.features(table().remove_columns("age"))
    with pytest.raises(InputError, match="the training table is empty"):
        TableEncoder.fit(table().select([]), "y")
    with pytest.raises(InputError, match="the table is empty"):
        encoder.encode(table().select([]))


@pytest.mark.parametrize(
    ("name", "label", "categorical", "widths"),
    [
        ("bank_marketing", "y", [], {"job": 12, "marital": 4, "education": 8, "month": 10}),
        ("online_shoppers", "Revenue", ["Browser"], {"Browser": 13, "Month": 10, "Weekend": 2}),
    ],
)
def test_the_two_tables_of_uci_are_read(shared_data, name, label, categorical, widths):
    rows = load_dataset(str(shared_data(name)))["train"]
    encoder = TableEncoder.fit(rows, label, categorical=categorical)
    assert widths.items() <= {column: len(values) for column, values in encoder.categorical.items()}.items()
    features = encoder.features(rows)
    assert np.isfinite(features).all()
    numbers = features[:, : len(encoder.numeric)]
    assert np.abs(numbers.mean(axis=0)).max() < 1e-3


def test_an_example_row_is_one_that_the_encoder_takes():
    table = Dataset.from_dict({"age": [1.0, 2.0, 6.0], "job": ["nurse", "cook", "nurse"], "y": ["no", "yes", "no"]})
    encoder = TableEncoder.fit(table, "y")
    assert encoder.example_row() == {"age": 3.0, "job": "cook"}
    assert encoder.features(Dataset.from_list([encoder.example_row()])).tolist() == [[0, 1, 0]]


def test_rows_have_the_features_of_their_table_whatever_stands_beside_them():
    encoder = TableEncoder.fit(table(), "y", categorical=["region"])
    whole = encoder.features(table())
    rows = list(table())
    assert np.array_equal(encoder.features_of_rows(rows), whole)
    assert np.array_equal(np.concatenate([encoder.features_of_rows([row]) for row in rows]), whole)
    odd = {"age": "20", "job": "nurse", "member": np.bool_(True), "region": 1.0, "more": object()}
    assert np.array_equal(encoder.features_of_rows([odd, {**odd, "region": "b"}])[0], whole[0])
    empty = [{**rows[3], "age": cell, "job": cell} for cell in (None, float("nan"), np.float32("nan"), pd.NA, pd.NaT)]
    assert len(np.unique(encoder.features_of_rows(empty), axis=0)) == 1
    assert encoder.features_of_rows(empty)[0, :4].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": "thirty"}, "sample 8 has 'thirty' as 'age', but it must be a number: correct it, or give None"),
        ({"age": "1,5"}, "sample 8 has '1,5' as 'age'"),
        ({"age": [1.0]}, r"sample 8 has \[1.0\] as 'age'"),
        ({"age": float("inf")}, "the column 'age' holds an infinite value"),
        ({"job": b"cook"}, "sample 8 has b'cook' as 'job', but it must be a text, a truth value or a number"),
        ({"job": ["cook"]}, "as 'job'"),
    ],
)
def test_a_cell_that_cannot_be_is_named_by_its_sample(change, message):
    encoder = TableEncoder.fit(table(), "y", categorical=["region"])
    good = table()[0]
    with pytest.raises(InputError, match=message):
        encoder.features_of_rows([good, {**good, **change}], 7)
    less = {name: value for name, value in good.items() if name != "job"}
    with pytest.raises(InputError, match="sample 8 has no 'job', which the model was trained on: give it, or None"):
        encoder.features_of_rows([good, less], 7)
