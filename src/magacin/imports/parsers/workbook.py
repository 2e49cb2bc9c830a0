"""Workbooks, whatever wrote them: which sheet is read, what its cells show, and what is said of the rest.

A format brings its sheets, with cells as they are stored. What a number means depends on its column: of a
code what is seen counts, of a quantity what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from magacin.contracts.order_files import Column, RejectReason, Subject
from magacin.imports.parsers.archive import is_of_the_disk
from magacin.imports.parsers.columns import ColumnsNotFound
from magacin.imports.parsers.header import find_header
from magacin.imports.parsers.number_formats import GENERAL, Kind, date_text, number_format
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import BadCell, Cell, Layout, Row, Table, UnreadableFile, plain
from magacin.imports.parsers.text import printable

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_MERGES = 200_000
_EXACT = 2**53
_EXAMPLES = 10
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:[.,'’\s][0-9]{3})*|-?[0-9]+")
_SCIENTIFIC = re.compile(r"-?[0-9][.,]?[0-9]*E[+-]?[0-9]+", re.IGNORECASE)
_DECIMALS = re.compile(r"[.,][0-9]+$")

_DIGITS_LOST = (
    "Excel has kept 15 digits of the number and lost the others. Format the column as text, enter it again."
)
_A_DATE = "The cell holds a date. Excel makes dates of codes such as 1-2: format the column as text."
_NO_RESULT = (
    "The formula in the cell has no saved result. Open the file with a spreadsheet program, which works it "
    "out, and save it there."
)


class Number(NamedTuple):
    """A number as it is stored, in the digits of its file or as Python writes a float, and its format."""

    digits: str
    format: str = GENERAL


class Shown(NamedTuple):
    """A number, and the text that it is shown as."""

    digits: str
    text: str


class Date(NamedTuple):
    """A date as ISO 8601 writes it."""

    text: str


Stored = Cell | Number | Shown | Date


class SheetRow(NamedTuple):
    """A row as it is stored. `number` is what is shown beside it."""

    number: int
    cells: list[Stored]
    is_hidden: bool = False


class Merge(NamedTuple):
    """A rectangle of cells that show the value of the first. Rows are from 1, columns from 0, to the last."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Features:
    """What a sheet says beside its cells. `hidden_columns` count from 0."""

    merges: Sequence[Merge] = ()
    hidden_columns: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet. `rows` takes how many columns are of interest, and gives the rows that have a cell."""

    name: str
    rows: Callable[[int], Iterator[SheetRow]]
    features: Callable[[], Features] = Features
    is_hidden: bool = False
    since_1904: bool = False


@contextmanager
def as_unreadable(noun: str = "workbook") -> Iterator[None]:
    """Take whatever a library raises at a hostile file for damage of the file."""
    try:
        yield
    except (UnreadableFile, MemoryError):
        raise
    except Exception as error:
        if is_of_the_disk(error):
            raise
        import structlog  # with what shows tracebacks, 6 MB that are needed for damage alone

        log = structlog.get_logger(__name__)
        log.warning("workbook_unreadable", error=type(error).__name__, reason=str(error)[:200])
        raise UnreadableFile(
            f"The {noun} is damaged ({type(error).__name__}). Open it with a spreadsheet program and save it "
            "again."
        ) from error


def read_workbook(sheets: Sequence[Sheet], options: Reading) -> Table:
    """Return the first sheet that people see and whose header is understood, or the one that is asked for."""
    wanted = _asked_for(sheets, options.sheet)
    nearest: ColumnsNotFound | None = None
    table: Table | None = None
    others: list[str] = []
    for sheet in sheets:
        title = repr(printable(sheet.name)[:64])
        if wanted is not None and sheet is not wanted:
            others.append(title)
        elif sheet.is_hidden and wanted is None:
            others.append(f"{title} (hidden)")
        else:
            try:
                found = _Reading(sheet, options)
            except ColumnsNotFound as error:
                nearest = nearest if nearest and nearest.found >= error.found else error
                others.append(f"{title} ({'no header of orders' if error.columns else 'empty'})")
                continue
            if table is None:
                table = found.table
            else:
                others.append(f"{title} (orders, too: name it with --sheet to read it)")
    if table is None:
        raise nearest if nearest and nearest.columns else UnreadableFile(_nothing(others))
    if others:
        more = f" and {len(others) - _EXAMPLES} more" if len(others) > _EXAMPLES else ""
        table.notes.append(f"Sheets that were not read: {', '.join(others[:_EXAMPLES])}{more}.")
    return table


def _nothing(others: Sequence[str]) -> str:
    hidden = [title for title in others if title.endswith("(hidden)")]
    if hidden:
        return (
            f"No sheet that people see has anything in it. Not read: {', '.join(hidden[:_EXAMPLES])}. "
            "Name one with --sheet to read it."
        )
    return "No sheet of the workbook has anything in it."


def _asked_for(sheets: Sequence[Sheet], name: str | None) -> Sheet | None:
    if name is None:
        return None
    for same in (str, lambda text: text.strip().casefold()):
        for sheet in sheets:
            if same(sheet.name) == same(name):
                return sheet
    listed = ", ".join(repr(printable(sheet.name)[:64]) for sheet in sheets[:_EXAMPLES])
    raise UnreadableFile(f"The workbook has no sheet {name!r}. Its sheets are: {listed}.")


class _Reading:
    """A sheet whose header is understood. Raises `ColumnsNotFound` for another."""

    def __init__(self, sheet: Sheet, options: Reading) -> None:
        self._sheet = sheet
        self._features = sheet.features()
        above = _Merged(self._features.merges, None)
        rows = (
            Row(row.number, [_shown(cell) for cell in above.filled(row)])
            for row in self._stored(MAX_COLUMNS)
            if _has_content(row.cells)
        )
        header, self._layout = find_header(rows, options)
        self._below = header.number
        self._of_column = _converters(self._layout, since_1904=sheet.since_1904)
        self.table = Table(self._layout, plain(header.cells), self._rows)
        self.table.notes += [f"Read the sheet {printable(sheet.name)[:64]!r}.", self._layout.note()]
        self.table.notes += self._hidden_columns()

    def _hidden_columns(self) -> list[str]:
        hidden = [
            repr(self._layout.names[column])
            for column, place in self._layout.positions.items()
            if place in self._features.hidden_columns
        ]
        return [f"Columns that are hidden, and were read: {', '.join(hidden)}."] if hidden else []

    def _stored(self, width: int) -> Iterator[SheetRow]:
        # Here, and not around whoever uses the rows: what they run into is not the file's.
        with as_unreadable():
            last = 0
            for row in self._sheet.rows(width):
                if row.number <= last:
                    raise UnreadableFile(
                        f"The sheet has row {row.number:,} behind row {last:,}: it is damaged."
                    )
                last = row.number
                if last > MAX_ROWS:
                    raise UnreadableFile(f"The sheet has a row beyond {MAX_ROWS:,}, the last that Excel has.")
                yield row

    def _rows(self) -> Iterator[Row]:
        width, convert = self._layout.width, self._of_column
        merged = _Merged(self._features.merges, self._layout)
        hidden: list[int] = []
        for row in self._stored(width):
            if not _has_content(row.cells):
                continue
            cells = merged.filled(row) if self._features.merges else row.cells
            if row.number <= self._below:
                continue
            if row.is_hidden:
                hidden.append(row.number)
            cells += [""] * (width - len(cells))
            yield Row(
                row.number,
                [
                    cell if isinstance(cell, str) else made(cell)
                    for cell, made in zip(cells, convert, strict=True)
                ],
            )
        note = f"Hidden rows (perhaps filtered away) that were read: {_listed(hidden)}."
        if hidden and note not in self.table.notes:
            self.table.notes.append(note)


def _has_content(cells: Iterable[Stored]) -> bool:
    for cell in cells:  # noqa: SIM110  asked of each row, of which the first cell mostly says it
        if not isinstance(cell, str) or cell.strip():
            return True
    return False


def _listed(numbers: Sequence[int]) -> str:
    """Return row numbers as people write them: `3 to 5, 9`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][-1:] = [number] if len(runs[-1]) == 2 else [runs[-1][-1], number]
        else:
            runs.append([number])
    more = ", …" if len(runs) > _EXAMPLES else ""
    shown = ", ".join(" to ".join(f"{end:,}" for end in run) for run in runs[:_EXAMPLES])
    return f"{len(numbers):,} ({shown}{more})"


class _Merged:
    """Puts the value of a merged cell into all of its cells, as far as one runs through the rows.

    In a header, and above, only downwards: its names stand over the first of their columns. Nor is it done
    where it would make one thing of two: in a row of which several used columns show one text (a total), and
    where article and quantity go on from the row above (one line that takes several rows).
    """

    def __init__(self, merges: Sequence[Merge], layout: Layout | None) -> None:
        self._waiting = sorted(merges, reverse=True)
        self._open: list[tuple[Merge, Stored]] = []
        self._positions = set(layout.positions.values()) if layout else None
        self._line = (
            {layout.positions[column] for column in (Column.SKU, Column.QUANTITY)}
            if layout and layout.subject is Subject.ORDERS
            else set()
        )

    def filled(self, row: SheetRow) -> list[Stored]:
        """Return the cells of the next row with what they show."""
        cells = row.cells
        self._open = [(merge, value) for merge, value in self._open if merge.bottom >= row.number]
        while self._waiting and self._waiting[-1].top <= row.number:
            merge = self._waiting.pop()
            if merge.top == row.number and merge.left < len(cells):
                self._open.append((merge, cells[merge.left]))
        values = {
            place: value
            for merge, value in self._open
            for place in self._places(merge)
            if place != merge.left or merge.top != row.number
        }
        if self._line and self._line <= {place for place in values if place not in _filled_places(cells)}:
            values = {place: value for place, value in values.items() if place not in self._line}
        if not values:
            return cells
        length = max(len(cells), max(values) + 1)
        return [values.get(i, cells[i] if i < len(cells) else "") for i in range(length)]

    def _places(self, merge: Merge) -> Sequence[int]:
        if self._positions is None:
            return [merge.left]
        covered = [place for place in self._positions if merge.left <= place <= merge.right]
        return covered if len(covered) == 1 else [merge.left]


def _filled_places(cells: Sequence[Stored]) -> set[int]:
    return {place for place, cell in enumerate(cells) if cell != ""}


Convert = Callable[[Stored], Cell]


def _converters(layout: Layout, *, since_1904: bool) -> list[Convert]:
    """Return for each column what makes a stored cell one of a table."""
    of_text = _text(since_1904=since_1904)
    by_column: Mapping[Column, Convert] = {
        Column.REQUISITION: _code,
        Column.SKU: _code,
        Column.BARCODE: _code,
        Column.LOCATION: _code,
        Column.ZONE: _code,
        Column.AISLE: _code,
        Column.QUANTITY: _quantity,
        Column.PIECES: _quantity,
        Column.SEQUENCE: _quantity,
    }
    by_place = {place: by_column.get(column, of_text) for column, place in layout.positions.items()}
    return [by_place.get(place, _unused) for place in range(layout.width)]


def _code(cell: Stored) -> Cell:
    """Return a code as it is seen."""
    if not isinstance(cell, Number | Shown | Date):
        return cell
    if isinstance(cell, Date) or _is_date(cell):
        return BadCell(RejectReason.BAD_ROW, _A_DATE, cell[0])
    value = _value(cell.digits)
    if isinstance(value, int) and _has_lost_digits(value, cell.digits):
        return BadCell(RejectReason.NOT_A_NUMBER, _DIGITS_LOST, cell.digits)
    if isinstance(cell, Shown):
        shown, how = _as_shown(value, cell.text), cell.text
    else:
        shown, how = number_format(cell.format).shown(value), cell.format
    return shown if shown is not None else _untold(cell.digits, how)


def _has_lost_digits(value: int, digits: str) -> bool:
    """Tell whether digits of a code are lost, or may be: spreadsheets keep 15 of what is typed.

    A float is exact up to 2^53; but where the 16th is a 0, a program has most likely put it there. Some write
    15 digits and an exponent.
    """
    if abs(value) >= _EXACT or (abs(value) >= 10**15 and value % 10 == 0):
        return True
    mantissa, mark, exponent = digits.lower().partition("e")
    return bool(mark) and sum(map(str.isdigit, mantissa)) <= int(exponent)


def _is_date(cell: Stored) -> bool:
    return isinstance(cell, Number) and number_format(cell.format).kind is Kind.DATE


def _as_shown(value: int | str, text: str) -> str | None:
    """Return a number as the text beside it has it, or in digits where that only groups or shortens them."""
    text = text.strip()
    digits = re.sub(r"[^0-9]", "", text)
    if _GROUPED.fullmatch(text) and digits == str(value):
        return str(value)
    if _SCIENTIFIC.fullmatch(text):
        return str(value)
    if isinstance(value, str):
        return value if text.replace(",", ".") == value else None
    is_whole = "%" not in text and not _DECIMALS.search(text)
    return text if is_whole and value >= 0 and digits.endswith(str(value)) else None


def _untold(digits: str, how: str) -> BadCell:
    return BadCell(
        RejectReason.BAD_ROW,
        f"The cell holds the number {digits} and shows it as {printable(how)[:60]!r}: what is "
        "seen cannot be told for certain. Format the column as text, enter the code again.",
        digits,
    )


def _quantity(cell: Stored) -> Cell:
    """Return a quantity as the number that it is."""
    if not isinstance(cell, Number | Shown | Date):
        return cell
    if isinstance(cell, Date) or _is_date(cell):
        return BadCell(RejectReason.BAD_ROW, _A_DATE, cell[0])
    value = _value(cell.digits)
    if isinstance(cell, Number) and number_format(cell.format).kind is Kind.SCALED:
        message = f"The cell shows another number than the {cell.digits} that it holds (as {cell.format!r})."
        return BadCell(RejectReason.NOT_A_NUMBER, message, cell.digits)
    if isinstance(value, int):
        return str(value)
    # Not as text: its decimal point would be taken for the file's.
    return BadCell(RejectReason.NOT_A_NUMBER, f"{value} is not a whole number, such as 6.", value)


def _text(*, since_1904: bool) -> Convert:
    def convert(cell: Stored) -> Cell:
        if isinstance(cell, Date | Shown):
            return cell.text
        if not isinstance(cell, Number):
            return cell
        if _is_date(cell):
            return date_text(float(cell.digits), since_1904=since_1904)
        value = _value(cell.digits)
        return number_format(cell.format).shown(value) or str(value)

    return convert


def _unused(cell: Stored) -> Cell:
    # Only whether there is something counts, and no decimal point of a number is evidence of a text's.
    return "#" if isinstance(cell, Number | Shown | Date) else cell


def _shown(cell: Stored) -> Cell:
    """Return a cell of a header, or of what stands above it."""
    if isinstance(cell, Number):
        return str(_value(cell.digits))
    return cell.text if isinstance(cell, Shown | Date) else cell


def _value(digits: str) -> int | str:
    """Return a number, whole or as text.

    A spreadsheet keeps floats and shows 15 digits of one: 2.9999999999999996 is 3 to whoever looks at it.
    """
    if digits.isascii() and digits.lstrip("-").isdigit():
        return int(digits[:400])
    value = float(digits)
    rounded = float(f"{value:.15g}")
    if value.is_integer():
        return int(value)
    return int(rounded) if rounded.is_integer() and abs(rounded) < _EXACT else f"{rounded:.15g}"


def error_cell(name: str) -> BadCell:
    """Return a cell that shows an error, such as #N/A."""
    return BadCell(RejectReason.BAD_ROW, f"The cell holds the error {printable(name)}: mend it.", name)


def no_result(formula: str = "") -> BadCell:
    """Return a cell with a formula that no program has worked out."""
    return BadCell(RejectReason.MISSING, _NO_RESULT, f"={formula}"[:200])


def truth(value: bool) -> str:
    """Return a truth value as spreadsheets show it."""
    return str(value).upper()


def placed(cells: Iterable[tuple[int, Stored]], width: int) -> list[Stored]:
    """Return cells in a list, each at its place; those at `width` and beyond are left out."""
    row: list[Stored] = []
    for place, cell in cells:
        if len(row) <= place < width:
            row.extend([""] * (place + 1 - len(row)))
        if place < width:
            row[place] = cell
    return row
