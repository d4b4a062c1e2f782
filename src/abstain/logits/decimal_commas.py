"""Numbers with decimal commas, as spreadsheets of many countries write them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from abstain._checks import InputError
from abstain.logits.names import listed

_NUMBER = r"^\s*[-+]?(\d+|\d*,\d+)([eE][-+]?\d+)?\s*$"
_THOUSANDS = r"^\s*[-+]?(\d{1,3}|[1-9]\d{0,2},\d{3})\s*$"
"""What 1,234 looks like where the comma divides thousands."""


def without_decimal_commas(table: pa.Table, title: str) -> pa.Table:
    """`table` with its columns of numbers with decimal commas as numbers.

    Args:
        table: of a text file, whose columns of such numbers were read as texts.
        title: what messages call it.

    Raises:
        InputError: the commas may divide thousands, or other columns have decimal points.
    """
    written = [index for index, column in enumerate(table.columns) if _has_commas(column)]  # names may be there twice
    if not written:
        return table
    names = listed(table.column_names[index] for index in written)
    if all(_every(table.column(index), _THOUSANDS) for index in written):
        cell = next(cell for cell in table.column(written[0]).to_pylist() if cell and "," in cell)
        raise InputError(
            f"{title} holds {cell!r} in {names}, which may be a decimal or a number of thousands: write it with a "
            "decimal point, or without the comma"
        )
    points = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    if points:
        raise InputError(
            f"{title} has decimal commas in {names} and decimal points in {listed(points)}: write all with points"
        )
    for index in written:
        numbers = pc.replace_substring(pc.utf8_trim_whitespace(table.column(index)), ",", ".").cast(pa.float64())
        table = table.set_column(index, table.column_names[index], numbers)
    return table


def are_written_as_numbers(column: pa.Array | pa.ChunkedArray) -> bool:
    """Whether all texts of a column are numbers, with decimal commas or without."""
    return _every(column, _NUMBER)


def _has_commas(column: pa.ChunkedArray) -> bool:
    """Whether all cells are numbers, some with a comma."""
    if not pa.types.is_string(column.type) or not pc.any(pc.match_substring(column, ",")).as_py():
        return False
    return are_written_as_numbers(column)


def _every(column: pa.Array | pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(column, pattern)).as_py())
