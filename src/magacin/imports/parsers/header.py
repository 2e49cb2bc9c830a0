"""Where the header of a table is: exports put titles, dates and blank rows above it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from magacin.contracts.imports import ReadingOptions
from magacin.imports.parsers.columns import ColumnsNotFound, recognise
from magacin.imports.parsers.table import Layout, Row

# A title, an address, a date, some blank rows: more than this above a table of orders has not been seen.
_ROWS_ABOVE = 20


def find_header(rows: Iterable[Row], options: ReadingOptions) -> tuple[Row, Layout]:
    """Return the header and what it says: the first of some rows that has all columns that are needed.

    `rows` are those that are not blank. Raises `UnreadableFile`, in the words of the row that comes nearest.
    """
    nearest: ColumnsNotFound | None = None
    for row in islice(rows, _ROWS_ABOVE):
        if options.header_row is not None and row.number < options.header_row:
            continue
        try:
            return row, recognise(_names(row), options.mapping)
        except ColumnsNotFound as error:
            if nearest is None or error.found > nearest.found:
                nearest = error
        if options.header_row is not None:
            break
    raise nearest or ColumnsNotFound("The file is empty: there is no header in it and no row.")


def _names(row: Row) -> list[str]:
    names = [cell if isinstance(cell, str) else "" for cell in row.cells]
    # A header may end with a delimiter, and a sheet be coloured far to the right of the last name.
    while names and not names[-1].strip():
        names.pop()
    return names
