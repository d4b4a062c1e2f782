import re

import pytest

from abstain.report.tables import markdown_table


def cells_of(line):
    """The cells of a line as a reader of Markdown takes them apart: at each `|` without an odd row of backslashes."""
    parts = re.findall(r"((?:\\.|[^\\|])*)\|", line)
    return [re.sub(r"\\([\\|])", r"\1", part).strip() for part in parts[1:]]


def test_columns_are_as_wide_as_their_widest_cell():
    table = markdown_table([["α", "error %"], ["plain", "9.5"], ["b", "10.25"]], "lr")
    assert table.splitlines() == [
        "| α     | error % |",
        "| :---- | ------: |",
        "| plain |     9.5 |",
        "| b     |   10.25 |",
    ]


def test_a_header_alone_and_empty_cells_make_a_table():
    assert markdown_table([["", "n"]], "lr").splitlines() == ["|    |  n |", "| :- | -: |"]


@pytest.mark.parametrize("cell", ["a|b", "|", r"a\|b", r"a\\|b", r"C:\data", "||", r"\|\|"])
def test_a_cell_stays_one_cell_whatever_it_holds(cell):
    header, rules, row = markdown_table([["what", "n"], [cell, "1"]], "lr").splitlines()
    assert len(cells_of(header)) == len(cells_of(rules)) == 2
    assert cells_of(row) == [cell, "1"]


def test_a_line_break_in_a_cell_ends_no_row():
    assert markdown_table([["what"], ["two\nlines"]], "l").splitlines()[2] == "| two lines |"


@pytest.mark.parametrize(("rows", "align"), [([["a", "b"]], "l"), ([["a", "b"], ["1"]], "lr")])
def test_rows_must_have_as_many_cells_as_there_are_columns(rows, align):
    with pytest.raises(ValueError, match=r"shorter|longer"):
        markdown_table(rows, align)
