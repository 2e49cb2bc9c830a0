"""XLSX: read by openpyxl as a stream, after a look at the archive that keeps bombs and renamed files out."""

from __future__ import annotations

import struct
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from magacin.contracts.imports import RejectReason
from magacin.imports.parsers.columns import ColumnsNotFound, Layout, Mapped, recognise
from magacin.imports.parsers.table import BadCell, Cell, Row, Table, UnreadableFile
from magacin.imports.parsers.text import printable

if TYPE_CHECKING:
    from openpyxl.cell.read_only import ReadOnlyCell

log = structlog.get_logger(__name__)

_MAX_ENTRIES = 2_000
_MAX_DIRECTORY_BYTES = 1 << 20
_MAX_SHEET_BYTES = 256 << 20
_MAX_STRINGS_BYTES = 96 << 20
_MAX_OTHER_BYTES = 24 << 20
_MAX_TOTAL_BYTES = 512 << 20
# Sheets of orders shrink by 5 to 20; deflate's limit, which a bomb comes near, is 1,032.
_MAX_RATIO = 150
_RATIO_APPLIES_FROM = 8 << 20
_MAX_CELL_CHARACTERS = 32_767
_MAX_ROWS = 1_048_576
# Of all sheets together: a row says its own number, and openpyxl makes up all that are missing before it.
_MAX_BLANK_ROWS = 4 * _MAX_ROWS
_MAX_COLUMNS = 1_000
_EXACT = 1e15

_BOMB = "Unpacked, this workbook would be {size}. That is a damaged file or an attack; it was not opened."
_A_DATE = "The cell holds a date. Excel makes dates of codes such as 1-2: format the column as text."


@contextmanager
def open_xlsx(path: Path, mapping: Mapped | None = None) -> Iterator[Table]:
    """Open the first sheet that has data as a table; raise `UnreadableFile` when there is none."""
    from openpyxl import load_workbook  # 5 MB that a process without workbooks does without

    check_archive(path)
    # openpyxl warns of styles and extensions it leaves out, none of which is an order. The filter is not
    # undone afterwards: filters belong to the whole process, and other threads change them too.
    warnings.filterwarnings("ignore", module=r"openpyxl\.")
    # Opened here, because openpyxl leaves open what it fails to understand.
    with path.open("rb") as file:
        with _as_unreadable():
            opened = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        with closing(opened) as book:
            with _as_unreadable():
                table = _first_table(book.worksheets, mapping)
            yield table


def check_archive(path: Path) -> None:
    """Raise `UnreadableFile` unless the file is a workbook of a size that can be unpacked."""
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise UnreadableFile("The file is not an Excel workbook, or it is damaged.") from error
    names = {entry.filename for entry in entries}
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise UnreadableFile("The file is a ZIP archive, but not an Excel workbook (.xlsx).")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise UnreadableFile("The workbook is encrypted. Save it without a password.")
    if len(entries) > _MAX_ENTRIES:
        raise UnreadableFile(
            f"The workbook is made of {len(entries):,} parts; at most {_MAX_ENTRIES:,} make sense."
        )
    for entry in entries:
        _check_entry(entry)
    total = sum(entry.file_size for entry in entries)
    if total > _MAX_TOTAL_BYTES:
        raise UnreadableFile(_BOMB.format(size=f"{total >> 20:,} MB"))


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    limit = _MAX_OTHER_BYTES
    if name.startswith("xl/worksheets/"):
        limit = _MAX_SHEET_BYTES
    elif name == "xl/sharedStrings.xml":
        limit = _MAX_STRINGS_BYTES
    elif name.startswith(("xl/media/", "xl/embeddings/")):
        limit = _MAX_TOTAL_BYTES  # never opened
    ratio = entry.file_size / max(entry.compress_size, 1)
    if entry.file_size > limit or (entry.file_size > _RATIO_APPLIES_FROM and ratio > _MAX_RATIO):
        raise UnreadableFile(_BOMB.format(size=f"{entry.file_size >> 20:,} MB in {name[:60]!r}"))


def _check_directory(path: Path) -> None:
    """Look at the archive's end by hand: `zipfile` reads the whole directory, of any size, into memory."""
    with path.open("rb") as file:
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise UnreadableFile("The file is not an Excel workbook, or it is cut off.")
    if tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise UnreadableFile("The workbook has the form for archives over 4 GB. Save it again with Excel.")
    entries, directory_bytes = struct.unpack_from("<HI", tail, end + 10)
    if entries > _MAX_ENTRIES or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise UnreadableFile(
            f"The workbook is made of {entries:,} parts. That is a damaged file or an attack."
        )


@contextmanager
def _as_unreadable() -> Iterator[None]:
    try:
        yield
    except (UnreadableFile, MemoryError):
        raise
    except ColumnsNotFound as error:
        raise UnreadableFile(str(error)) from error
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


def _first_table(sheets: Iterable[Any], mapping: Mapped | None) -> Table:
    blanks = _Blanks()
    for sheet in sheets:
        # A sheet may claim any size; what counts is what is in it.
        sheet.reset_dimensions()
        header = next(_rows(sheet, blanks), None)
        if header is not None:
            layout = _layout(header, mapping)
            # What has no header means nothing, and a cell at the far right would make every row as long.
            rows = _rows(sheet, blanks, min_row=header.number + 1, max_col=layout.width)
            return Table(layout, rows, [f"Read the sheet {sheet.title[:64]!r}.", layout.note()])
    raise UnreadableFile("No sheet of the workbook has anything in it.")


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


def _layout(header: Row, mapping: Mapped | None) -> Layout:
    names = [cell if isinstance(cell, str) else "" for cell in header.cells]
    # Cells may be coloured far to the right of the last that has a name.
    while names and not names[-1].strip():
        names.pop()
    if len(names) > _MAX_COLUMNS:
        raise UnreadableFile(f"The header has {len(names):,} columns; at most {_MAX_COLUMNS:,} make sense.")
    return recognise(names, mapping)


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
    # Excel keeps every number as a float: the code 71053 must not become 71053.0.
    whole = float(value).is_integer() and abs(value) < _EXACT
    return str(int(value)) if whole else str(value)
