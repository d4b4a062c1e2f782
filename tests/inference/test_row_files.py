import io

import pytest

from abstain import InputError
from abstain.inference.row_files import begun, ending_of, opened_rows, rows_of_lines


@pytest.mark.parametrize(
    ("text", "ending", "columns", "rows"),
    [
        ("a,b\n1,x\n2,\n", ".csv", ["a", "b"], [(1, {"a": "1", "b": "x"}), (2, {"a": "2", "b": ""})]),
        ("a;b\n1;x\n", ".csv", ["a", "b"], [(1, {"a": "1", "b": "x"})]),
        ("a,b;c\n1,x;y\n", ".csv", ["a", "b;c"], [(1, {"a": "1", "b;c": "x;y"})]),
        ("a\tb,c\n1\tx\n", ".tsv", ["a", "b,c"], [(1, {"a": "1", "b,c": "x"})]),
        ('\n{"a": "1"}\n \n{"a": "2"}\n', ".jsonl", ["a"], [(2, {"a": "1"}), (4, {"a": "2"})]),
        ("\n\na\n1\n", ".csv", ["a"], [(1, {"a": "1"})]),
    ],
)
def test_rows_of_a_text_have_the_columns_of_its_first_line(text, ending, columns, rows):
    for column in columns:
        opened = rows_of_lines(io.StringIO(text, newline=""), ending)
        assert opened.columns == columns
        assert [(number, row[column]) for number, row in opened.rows(column)] == [(n, row[column]) for n, row in rows]


def test_a_long_text_comes_in_pieces():
    asked = []

    def lines():
        yield "text,id\n"
        for number in range(5000):
            asked.append(number)
            yield '"two\n'
            yield f'lines",{number}\n'

    opened = rows_of_lines(lines(), ".csv")
    rows = opened.rows(None)
    assert next(rows) == (1, {"text": "two\nlines", "id": 0}) and len(asked) < 3000
    assert [row["id"] for _, row in rows] == list(range(1, 5000))


def test_the_first_line_is_seen_and_not_taken():
    first, lines = begun(iter(["\n", " ", "a", "b"]))
    assert first == "a" and list(lines) == ["\n", " ", "a", "b"]
    first, lines = begun([])
    assert first == "" and list(lines) == []


def test_endings_are_those_of_what_is_packed(tmp_path):
    assert ending_of("x/A.CSV.gz") == ".csv" and ending_of("a.tar.parquet") == ".parquet" and ending_of("a") == ""
    (tmp_path / "a.jsonl").write_text("3\n")
    with (
        pytest.raises(InputError, match="the line 1 is 3, but must be JSON with keys"),
        opened_rows(str(tmp_path / "a.jsonl")),
    ):
        pass
