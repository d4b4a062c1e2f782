import pandas as pd
import pyarrow as pa
import pytest

from abstain import InputError
from abstain.logits import read_predictions
from abstain.logits.decimal_commas import without_decimal_commas

FRAME = pd.DataFrame({"label": [1, 0], "logit_0": [0.125, -2.5e-07], "logit_1": [1.5, 3.0]})


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ";"), ("a.csv", ","), ("a.tsv", "\t"), ("a.csv.gz", ";")])
def test_a_spreadsheet_with_decimal_commas_is_read(tmp_path, name, separator):
    FRAME.to_csv(tmp_path / name, sep=separator, decimal=",")
    predictions = read_predictions(tmp_path / name)
    assert predictions.values.tolist() == [[0.125, 1.5], [-2.5e-07, 3.0]] and predictions.labels.tolist() == [1, 0]


def test_whole_numbers_among_them_are_numbers_and_texts_stay_texts():
    table = pa.table({"a": ["1", "-0,5", "2,25e1", None], "b": ["x,y", "1,5", "2", "3"], "n": [1, 2, 3, 4]})
    read = without_decimal_commas(table, "it")
    assert read["a"].to_pylist() == [1, -0.5, 22.5, None]
    assert read["b"].equals(table["b"]) and read["n"].equals(table["n"])
    assert without_decimal_commas(table.select(["b", "n"]), "it").equals(table.select(["b", "n"]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"a": ["1,234", "12"], "b": ["999,000", "1"]},
            "it holds '1,234' in a, b, which may be a decimal or a number of",
        ),
        ({"a": ["1,5"], "b": [1.234]}, "it has decimal commas in a and decimal points in b: write all with points"),
    ],
)
def test_two_readings_of_a_comma_are_refused(columns, message):
    with pytest.raises(InputError, match=message):
        without_decimal_commas(pa.table(columns), "it")


def test_a_leading_zero_or_another_number_of_digits_tells_a_decimal():
    assert without_decimal_commas(pa.table({"a": ["0,125", "1,234"]}), "it")["a"].to_pylist() == [0.125, 1.234]
    assert without_decimal_commas(pa.table({"a": ["1,234", "1,5"]}), "it")["a"].to_pylist() == [1.234, 1.5]
