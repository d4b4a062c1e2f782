"""Rows to a table in Markdown: the one place where tables are written."""

from __future__ import annotations

import re
from collections.abc import Sequence

JUSTIFIED = {"l": str.ljust, "r": str.rjust}
RULES = {"l": ":{}", "r": "{}:"}


def markdown_table(rows: Sequence[Sequence[str]], align: str) -> str:
    r"""A table that reads well as plain text too: each column is padded to one width.

    Args:
        rows: cells, the first row being the header; `|` in a cell is escaped, and a line break becomes a space.
        align: `l` or `r` for each column.

    Returns:
        The lines, without a last line break.

    Raises:
        ValueError: a row has another number of cells than `align` has letters.

    Example:
        >>> print(markdown_table([["model", "error %"], ["a|b", "9.5"], ["c", "10.25"]], "lr"))
        | model | error % |
        | :---- | ------: |
        | a\|b  |     9.5 |
        | c     |   10.25 |
    """
    cells = [[_escape(cell) for cell in row] for row in rows]
    widths = [max(2, *map(len, column)) for column in zip(*cells, strict=True)]  # 2 for a dash and a colon
    lines = [_justify(row, widths, align) for row in cells]
    rules = [RULES[side].format("-" * (width - 1)) for width, side in zip(widths, align, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rules, *lines[1:]])


def _escape(cell: str) -> str:
    one_line = " ".join(cell.splitlines())
    return re.sub(r"(\\*)\|", lambda match: 2 * match[1] + r"\|", one_line)  # a backslash before it would undo ours


def _justify(row: Sequence[str], widths: Sequence[int], align: str) -> list[str]:
    return [JUSTIFIED[side](cell, width) for cell, width, side in zip(row, widths, align, strict=True)]
