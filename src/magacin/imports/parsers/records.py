"""From the rows of a table to records of articles or locations: what may be kept, what is refused and why.

What a record means beside what is there, the Task Service says. Here is what the file alone shows, also of
rows that say the same thing twice or contradict each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from magacin.contracts.order_files import (
    MAX_SKU_LENGTH,
    MAX_TEXT_LENGTH,
    Column,
    RejectReason,
    Subject,
)
from magacin.contracts.written_codes import NoCode, ShortenedNumber, of_cell, undressed
from magacin.core.spreadsheets import plain as unguarded
from magacin.imports.parsers.numbers import Ambiguous, whole
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.rows import (
    CONTROL,
    DIGITS_LOST,
    MAX_BARCODE_LENGTH,
    Refused,
    RejectedRow,
    bad_character,
    bad_row,
    clean_text,
    shown,
    too_long,
)
from magacin.imports.parsers.table import BadCell, Row, Table, plain
from magacin.imports.parsers.units import same_unit

MAX_LOCATION_LENGTH = 32
_LONGEST = {
    Column.SKU: MAX_SKU_LENGTH,
    Column.BARCODE: MAX_BARCODE_LENGTH,
    Column.LOCATION: MAX_LOCATION_LENGTH,
}
_NUMBERS = {Column.PIECES: 1, Column.SEQUENCE: 0}
# What lists that were made to be printed draw between their rows.
_RULE = " -=_+"


class Record(NamedTuple):
    """What a row says of each meaning, as texts; an empty one says nothing."""

    row: int
    cells: dict[str, str]


@dataclass(slots=True)
class Records:
    """What became of some rows, one after the other. None holds others back."""

    row_count: int = 0
    contents: list[Record] = field(default_factory=list)
    rejects: list[RejectedRow] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)


class RecordReader:
    """Reads the records of one table. `notes` is complete once all have been read."""

    def __init__(self, table: Table, options: Reading) -> None:
        self._table = table
        self._layout = table.layout
        self._key = table.layout.required[0]
        self._sign = options.decimal
        self._met = _Articles() if table.layout.subject is Subject.ARTICLES else _Locations()
        self._passed: Counter[str] = Counter()
        self._tidied: Counter[str] = Counter()

    def chunks(self, size: int) -> Iterator[Records]:
        """Yield what becomes of the rows, so many at a time."""
        chunk = Records()
        for row in self._table.rows():
            if (what := self._is_none(row)) is not None:
                self._passed[what] += 1
                continue
            found = self._check(row)
            if isinstance(found, Record):
                chunk.contents.append(found)
            else:
                chunk.rejects += found
            chunk.row_count += 1
            if chunk.row_count == size:
                yield chunk
                chunk = Records()
        if chunk.row_count:
            yield chunk

    @property
    def notes(self) -> list[str]:
        """Say what was read otherwise than it stands there."""
        passed = [f"Passed over: {_counted(count, 'row')} {what}." for what, count in self._passed.items()]
        return passed + [
            f"Read without what programs put around it: {_counted(count, 'code')} written as {what}."
            for what, count in self._tidied.items()
        ]

    def _is_none(self, row: Row) -> str | None:
        cells = row.cells
        if all(isinstance(cell, str) and not cell.strip(_RULE) for cell in cells):
            return "drawn as a rule"
        if row.problem is None and plain(cells) == self._table.header:
            return "with the header again"
        return None

    def _check(self, row: Row) -> Record | list[RejectedRow]:
        """Return what a row says, or everything that is wrong with it."""
        if row.problem is not None:
            return [bad_row(row, row.problem, shown(row, self._key))]
        cells: dict[str, str] = {}
        rejects: list[RejectedRow] = []
        for column, place in self._layout.positions.items():
            try:
                cells[column.value] = self._cell(row.cells[place], column)
            except Refused as refused:
                rejects.append(self._reject(row, column, refused))
        if not rejects:
            try:
                self._met.meet(row.number, cells)
            except Contradiction as refused:
                rejects.append(self._reject(row, refused.column, refused))
        return rejects or Record(row.number, cells)

    def _cell(self, cell: str | BadCell, column: Column) -> str:
        if isinstance(cell, BadCell):
            raise Refused(cell.reason, cell.message)
        if column in _LONGEST:
            return self._code(cell, column)
        if column in _NUMBERS:
            return self._number(cell, column)
        return _text(cell, column)

    def _code(self, cell: str, column: Column) -> str:
        is_needed = column is not Column.BARCODE
        try:
            code, what = of_cell(cell, barcode=not is_needed)
        except ShortenedNumber:
            raise Refused(RejectReason.NOT_A_NUMBER, DIGITS_LOST) from None
        except NoCode:
            code, what = "", None
        if not code and is_needed:
            raise Refused(RejectReason.MISSING, f"There is no {column.value}.")
        if code.startswith("=") and not cell.startswith("'"):
            message = f"The {column.value} is a formula: put what comes of it into the cell."
            raise Refused(RejectReason.BAD_ROW, message)
        if match := CONTROL.search(code):
            raise bad_character(column, match[0])
        if len(code) > _LONGEST[column]:
            raise too_long(column, code, _LONGEST[column])
        if what is not None:
            self._tidied[what] += 1
        return code

    def _number(self, cell: str, column: Column) -> str:
        text = undressed(cell)[0]
        if not text:
            return ""
        number = whole(text, self._sign)
        if isinstance(number, Ambiguous):
            raise Refused(
                RejectReason.NOT_A_NUMBER,
                f"{text[:40]} is {number.comma} where a comma stands before the decimals, and {number.point} "
                "where a point does. Say which the file has.",
            )
        if number is None:
            raise Refused(RejectReason.NOT_A_NUMBER, f"{text[:40]} is not a whole number, such as 6.")
        if number < _NUMBERS[column]:
            least = _NUMBERS[column]
            raise Refused(
                RejectReason.NOT_POSITIVE, f"{text[:40]} is too little; it has to be {least} or more."
            )
        return str(number)

    def _reject(self, row: Row, column: Column, refused: Refused) -> RejectedRow:
        place = self._layout.positions[column]
        return RejectedRow(
            row.number,
            self._layout.names[column],
            refused.reason.value,
            refused.message,
            shown(row, place),
            shown(row, self._key),
        )


class Contradiction(Refused):
    """A row says what another has said, or the contrary."""

    def __init__(self, column: Column, message: str) -> None:
        super().__init__(RejectReason.CONFLICT, message)
        self.column = column


class _Articles:
    """What rows have said of articles, by which rows."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], int] = {}
        self._described: dict[str, tuple[str, int]] = {}
        self._codes: dict[str, tuple[str, int]] = {}

    def meet(self, row: int, cells: dict[str, str]) -> None:
        """Take a row in; raise `Contradiction`."""
        sku, code, description = cells["sku"], cells.get("barcode", ""), cells.get("description", "")
        if (earlier := self._rows.get((sku, code))) is not None:
            column = Column.BARCODE if code else Column.SKU
            raise Contradiction(column, f"Row {earlier} has the same {column.value} already.")
        other, earlier = self._codes.get(code, (sku, 0)) if code else (sku, 0)
        if other != sku:
            raise Contradiction(Column.BARCODE, f"Row {earlier} gives it to the article {other}.")
        called, earlier = self._described.get(sku, (description, row))
        if description and called != description:
            raise Contradiction(Column.DESCRIPTION, f"Row {earlier} describes the article otherwise.")
        self._rows[sku, code] = row
        if code:
            self._codes[code] = sku, row
        if description:
            self._described.setdefault(sku, (description, row))


class _Locations:
    """Which locations rows have named, by which rows."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def meet(self, row: int, cells: dict[str, str]) -> None:
        """Take a row in; raise `Contradiction`."""
        earlier = self._rows.setdefault(cells["location"], row)
        if earlier != row:
            raise Contradiction(Column.LOCATION, f"Row {earlier} has the same location already.")


def _text(cell: str, column: Column) -> str:
    """Return a text as one line, and one of ours as it was saved."""
    text = unguarded(cell).strip()
    if CONTROL.search(text):
        text = clean_text(column, text)
    if len(text) > MAX_TEXT_LENGTH:
        raise too_long(column, text, MAX_TEXT_LENGTH)
    if column is Column.LEVEL:
        level = text.lower()
        return "each" if level and same_unit(level, "each") else level
    return text


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
