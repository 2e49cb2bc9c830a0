"""From the rows of a table to lines of orders: which rows are lines at all, and whose.

Exports write an order's number on its first line alone, repeat their header, and end with totals. What is
passed over or filled in is said in the notes. Where it is not certain whose a line is, the orders on both
sides of it are held back: half an order is worse than a late one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from magacin.contracts.imports import Column, ReadingOptions
from magacin.imports.parsers.numbers import DecimalSign, evidence, is_number
from magacin.imports.parsers.rows import RejectedRow, RowChecker, StagedRow
from magacin.imports.parsers.table import Row, Table, plain

_CODES = (Column.REQUISITION, Column.SKU, Column.BARCODE)
# A column counts as one of numbers when hardly anything else is in it.
_MOST = 0.8


class Line(NamedTuple):
    """What became of one row: its content or what is wrong with it, and which other orders it holds back."""

    content: StagedRow | None
    rejects: list[RejectedRow]
    held_back: list[str]


class LineReader:
    """Reads the lines of one table. `notes` is complete once all have been read."""

    def __init__(self, table: Table, options: ReadingOptions) -> None:
        self._table = table
        self._options = options
        self._position = table.layout.positions[Column.REQUISITION]
        self._checker = RowChecker(table.layout, lambda: self._decimal_sign)
        self._passed: Counter[str] = Counter()
        self._filled = 0

    def __iter__(self) -> Iterator[Line]:
        """Yield what becomes of each row that is a line."""
        order: str | None = None  # whose the next row is if it does not say so itself
        before, last, unsure = "", 0, False
        for row in self._table.rows():
            adjacent, last = row.number == last + 1, row.number
            if (what := self._is_no_line(row)) is not None:
                self._passed[what] += 1
                order = None
                continue
            number = self._checker.number_of(row)
            if not number and order is not None and adjacent and row.problem is None and self._fills_down:
                row = self._filled_down(row, order)
                number = order
            found = self._checker.check(row)
            rejects = found if isinstance(found, list) else []
            held = [number] if unsure and number else []
            if number:
                unsure, before = False, number
            elif rejects:
                held, unsure = [before] if before else [], True
            order = number if number and not rejects else None
            yield Line(None if rejects else found, rejects, held)  # type: ignore[arg-type]  # of the two it is this

    @property
    def notes(self) -> list[str]:
        """Say what was read otherwise than it stands there."""
        notes = [f"Passed over: {_rows(count)} {what}." for what, count in self._passed.items()]
        if self._filled:
            notes.append(f"Put to the order of the row above: {_rows(self._filled)} without a number.")
        notes += [
            f"Read without what programs put around it: {_counted(count, 'code')} written as {what}."
            for what, count in self._checker.tidied.items()
        ]
        return notes

    def _is_no_line(self, row: Row) -> str | None:
        if row.problem is not None:
            return None
        # Most rows are told apart by one cell: the comparison of all of them is for those that pass it.
        if self._checker.number_of(row).casefold() == self._table.header[self._position]:
            return "with the header again" if plain(row.cells) == self._table.header else None
        return None if self._checker.is_line(row) else "that name no article and no quantity"

    def _filled_down(self, row: Row, order: str) -> Row:
        self._filled += 1
        return Row(row.number, [order if i == self._position else cell for i, cell in enumerate(row.cells)])

    @cached_property
    def _fills_down(self) -> bool:
        """Tell whether rows without a number go with the row above: none says anything of an order."""
        return not any(
            self._checker.number_of(row) == ""
            and self._is_no_line(row) is None
            and any(_filled(row, position) for position in self._table.layout.order_level)
            for row in self._table.rows()
            if row.problem is None
        )

    @cached_property
    def _decimal_sign(self) -> DecimalSign | None:
        """Return the sign that is given, or that the file's numbers show without contradicting each other."""
        if self._options.decimal is not None:
            return self._options.decimal
        codes = {self._table.layout.positions.get(column) for column in _CODES}
        cells, numbers = Counter[int](), Counter[int]()
        shown: dict[int, set[DecimalSign]] = {}
        for row in self._table.rows():
            for position, cell in enumerate(row.cells):
                if position not in codes and isinstance(cell, str) and (text := cell.strip()):
                    cells[position] += 1
                    if is_number(text):
                        numbers[position] += 1
                        shown.setdefault(position, set()).update(evidence([text]))
        signs = {
            sign
            for position, found in shown.items()
            if numbers[position] >= _MOST * cells[position]
            for sign in found
        }
        return signs.pop() if len(signs) == 1 else None


def _filled(row: Row, position: int) -> bool:
    cell = row.cells[position] if position < len(row.cells) else ""
    return not isinstance(cell, str) or bool(cell.strip())


def _rows(count: int) -> str:
    return _counted(count, "row")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
