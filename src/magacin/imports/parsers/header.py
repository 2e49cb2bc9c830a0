"""Where the header of a table is: exports put titles, dates and blank rows above it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from magacin.contracts.order_files import Subject
from magacin.imports.parsers.columns import ColumnsNotFound, recognise
from magacin.imports.parsers.numbers import number_in
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import Cell, Layout, Row, UnreadableFile

# A title, an address, a date, some blank rows: more than this above a table of orders has not been seen.
_ROWS_ABOVE = 20


def find_header(rows: Iterable[Row], options: Reading) -> tuple[Row, Layout]:
    """Return the header and what it says: the first of some rows that has all columns that are needed.

    `rows` are those that are not blank. Raises `UnreadableFile`, in the words of the row that comes nearest.
    """
    nearest: ColumnsNotFound | None = None
    above: list[Row] = []
    for row in islice(rows, _ROWS_ABOVE):
        if options.header_row is not None and row.number < options.header_row:
            continue
        try:
            layout = recognise(_names(row), options.mapping, options.subject)
        except ColumnsNotFound as error:
            if nearest is None or error.found > nearest.found:
                nearest = error
        else:
            _require_no_line(above, layout)
            return row, replace(layout, above=len(above))
        if options.header_row is not None:
            break
        above.append(row)
    raise nearest or ColumnsNotFound("The file is empty: there is no header in it and no row.")


def _require_no_line(above: Iterable[Row], layout: Layout) -> None:
    """Raise `UnreadableFile` when a row above the header says what was ordered: it would be lost."""
    if layout.subject is not Subject.ORDERS:
        return
    for row in above:
        cells = [row.cells[place] if place < len(row.cells) else "" for place in layout.required]
        if all(isinstance(cell, str) and cell.strip() for cell in cells) and _is_quantity(cells[-1]):
            raise UnreadableFile(
                f"Row {row.number} looks like a line of an order and stands above the header. Nothing was "
                "imported. Put the header first, or say which row it is with --header-row."
            )


def _is_quantity(cell: Cell) -> bool:
    return isinstance(cell, str) and number_in(cell) is not None


def _names(row: Row) -> list[str]:
    names = [cell if isinstance(cell, str) else "" for cell in row.cells]
    # A header may end with a delimiter, and a sheet be coloured far to the right of the last name.
    while names and not names[-1].strip():
        names.pop()
    return names
