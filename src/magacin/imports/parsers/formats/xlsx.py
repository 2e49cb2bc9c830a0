"""XLSX: read by openpyxl as a stream, after a look at the archive that keeps bombs and renamed files out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from magacin.contracts.imports import ReadingOptions, RejectReason
from magacin.imports.parsers import archive
from magacin.imports.parsers.columns import ColumnsNotFound
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.header import find_header
from magacin.imports.parsers.table import BadCell, Cell, Row, Table, UnreadableFile, plain
from magacin.imports.parsers.text import printable

if TYPE_CHECKING:
    from openpyxl.cell.read_only import ReadOnlyCell

log = structlog.get_logger(__name__)

_MAX_SHEET_BYTES = 256 << 20
_MAX_STRINGS_BYTES = 96 << 20
_MAX_OTHER_BYTES = 24 << 20
_MAX_CELL_CHARACTERS = 32_767
_MAX_ROWS = 1_048_576
# Of all sheets together: a row says its own number, and openpyxl makes up all that are missing before it.
_MAX_BLANK_ROWS = 4 * _MAX_ROWS
_EXACT = 2.0**53
_DIGITS_LOST = (
    "Excel has kept 15 digits of the number and lost the others. Format the column as text, enter it again."
)

_A_DATE = "The cell holds a date. Excel makes dates of codes such as 1-2: format the column as text."


@contextmanager
def _open(path: Path, options: ReadingOptions) -> Iterator[Table]:
    """Open the first sheet that has data as a table; raise `UnreadableFile` when there is none."""
    from openpyxl import load_workbook  # 5 MB that a process without workbooks does without

    # openpyxl warns of styles and extensions it leaves out, none of which is an order. The filter is not
    # undone afterwards: filters belong to the whole process, and other threads change them too.
    warnings.filterwarnings("ignore", module=r"openpyxl\.")
    # Opened here, because openpyxl leaves open what it fails to understand.
    with path.open("rb") as file:
        with _as_unreadable():
            opened = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        with closing(opened) as book:
            with _as_unreadable():
                table = _first_table(book.worksheets, options)
            yield table


def _recognise(path: Path, head: bytes) -> bool:
    if not head.startswith(archive.ZIP):
        return False
    found = archive.entries(path)
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= {entry.filename for entry in found}:
        return False
    archive.check(found, _limit)
    return True


def _limit(name: str) -> int:
    if name.startswith("xl/worksheets/"):
        return _MAX_SHEET_BYTES
    if name == "xl/sharedStrings.xml":
        return _MAX_STRINGS_BYTES
    if name.startswith(("xl/media/", "xl/embeddings/")):
        return archive.MAX_TOTAL_BYTES  # never opened
    return _MAX_OTHER_BYTES


@contextmanager
def _as_unreadable() -> Iterator[None]:
    try:
        yield
    except (UnreadableFile, MemoryError):
        raise
    except Exception as error:
        # A hostile workbook makes openpyxl raise anything at all.
        log.warning("workbook_unreadable", error=type(error).__name__, reason=str(error)[:200])
        raise UnreadableFile(
            f"The workbook is damaged ({type(error).__name__}). Open it with Excel and save it again."
        ) from error


class _Blanks:
    """Counts blank rows, which cost a workbook a few bytes and us the time to pass over each."""

    def __init__(self) -> None:
        self._left = _MAX_BLANK_ROWS

    def note(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise UnreadableFile(f"The workbook has more than {_MAX_BLANK_ROWS:,} blank rows. Delete them.")


def _first_table(sheets: Iterable[Any], options: ReadingOptions) -> Table:
    """Return the first sheet that people see and whose header is understood, or the one that is asked for."""
    blanks = _Blanks()
    nearest: ColumnsNotFound | None = None
    table: Table | None = None
    others: list[str] = []
    for sheet in sheets:
        title = sheet.title[:64]
        if options.sheet is not None and sheet.title != options.sheet:
            continue
        if options.sheet is None and sheet.sheet_state != "visible":
            others.append(f"{title!r} (hidden)")
            continue
        # A sheet may claim any size; what counts is what is in it.
        sheet.reset_dimensions()
        try:
            header, layout = find_header(_rows(sheet, blanks), options)
        except ColumnsNotFound as error:
            if error.columns:
                nearest = nearest if nearest and nearest.found >= error.found else error
                others.append(f"{title!r} (no header of orders)")
            continue
        if table is not None:
            others.append(f"{title!r} (orders, too: name it with --sheet to read it)")
            continue
        # What has no header means nothing, and a cell at the far right would make every row as long.
        rows = partial(_rows, sheet, blanks, min_row=header.number + 1, max_col=layout.width)
        table = Table(layout, plain(header.cells), rows, [f"Read the sheet {title!r}.", layout.note()])
    if table is None:
        raise nearest or UnreadableFile("No sheet of the workbook has anything in it.")
    if others:
        table.notes.append(f"Not read: {', '.join(others[:10])}.")
    return table


def _rows(sheet: Any, blanks: _Blanks, *, min_row: int = 1, max_col: int | None = None) -> Iterator[Row]:
    """Yield the rows that have something in them, numbered as a spreadsheet shows them."""
    # Here, and not around whoever uses the table: rows are run through elsewhere.
    with _as_unreadable():
        made_up: object = None  # of rows that are missing openpyxl yields the same again and again
        for number, cells in enumerate(sheet.iter_rows(min_row=min_row, max_col=max_col), start=min_row):
            # Not left to openpyxl's `max_row`: it would end there as if nothing came after.
            if number > _MAX_ROWS:
                raise UnreadableFile(f"The sheet has a row beyond {_MAX_ROWS:,}, the last that Excel has.")
            row = None if cells is made_up else Row(number, [_content(cell) for cell in cells])
            if row and any(not isinstance(cell, str) or cell.strip() for cell in row.cells):
                yield row
            else:
                made_up = cells
                blanks.note()


def _content(cell: ReadOnlyCell) -> Cell:
    """Return what a person sees in the cell, as far as it can be an order's content."""
    value: Any = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        if cell.data_type == "e":
            return BadCell(
                RejectReason.BAD_ROW, f"The cell holds the error {printable(value)}: mend it.", value
            )
        if len(value) > _MAX_CELL_CHARACTERS:
            raise UnreadableFile(f"A cell in row {cell.row} is longer than Excel allows.")
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, date | time | timedelta):
        return BadCell(RejectReason.BAD_ROW, _A_DATE, str(value))
    # Excel keeps every number as a float: the code 71053 must not become 71053.0. It shows 15 digits of one,
    # so that what it keeps as 2.9999999999999996 is 3 to whoever looks at it.
    rounded = float(f"{value:.15g}")
    if rounded.is_integer() and abs(rounded) < _EXACT:
        return str(int(value if float(value).is_integer() else rounded))
    if abs(value) >= _EXACT:
        return BadCell(RejectReason.NOT_A_NUMBER, _DIGITS_LOST, str(value))
    return str(value)


FORMAT = Format("xlsx", "XLSX", "an Excel workbook", (".xlsx", ".xlsm"), _recognise, _open)
