"""XLSX: read as a stream, after a look at the archive that keeps bombs and renamed files out."""

from __future__ import annotations

import datetime
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element

import structlog
from defusedxml.ElementTree import iterparse
from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import CELL_TAG, DATA_TAG, FORMULA_TAG, ROW_TAG, WorkSheetParser

from magacin.contracts.imports import RejectReason
from magacin.imports.parsers.columns import ColumnsNotFound, Layout, Mapped, recognise
from magacin.imports.parsers.table import BadCell, Cell, Row, Table, UnreadableFile

log = structlog.get_logger(__name__)

_MAX_ENTRIES = 2_000
_MAX_DIRECTORY_BYTES = 1 << 20
_MAX_SHEET_BYTES = 768 << 20
_MAX_STRINGS_BYTES = 96 << 20
_MAX_OTHER_BYTES = 24 << 20
_MAX_TOTAL_BYTES = 1 << 30
# Sheets of orders shrink by 5 to 20; deflate's limit, which a bomb comes near, is 1,032.
_MAX_RATIO = 150
_RATIO_APPLIES_FROM = 8 << 20
_MAX_COLUMNS = 1_000
_MAX_CELLS_IN_ROW = 16_384

_TOO_MANY_PARTS = "The workbook is made of {count:,} parts. That is a damaged file or an attack."
_BOMB = "Unpacked, this workbook would be {size}. That is a damaged file or an attack; it was not opened."


@contextmanager
def open_xlsx(path: Path, mapping: Mapped | None = None) -> Iterator[Table]:
    """Open the first sheet that has data as a table; raise `UnreadableFile` when there is none."""
    check_archive(path)
    # openpyxl warns of styles and extensions it leaves out, none of which is an order. The filter is not
    # undone afterwards: filters belong to the whole process, and other threads change them too.
    warnings.filterwarnings("ignore", module=r"openpyxl\.")
    # Opened here, because openpyxl leaves open what it fails to understand.
    with path.open("rb") as file, _as_unreadable():
        workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield _first_table(workbook, mapping)
        finally:
            workbook.close()


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
        # A hostile workbook makes openpyxl and expat raise anything at all.
        log.warning("workbook_unreadable", error=type(error).__name__, reason=str(error)[:200])
        raise UnreadableFile(
            f"The workbook is damaged ({type(error).__name__}). Open it with Excel and save it again."
        ) from error


def _first_table(workbook: Workbook, mapping: Mapped | None) -> Table:
    for sheet in workbook.worksheets:
        if not isinstance(sheet, ReadOnlyWorksheet):
            continue  # a chart sheet has no rows
        rows = _SheetRows(sheet).rows()
        header = next((row for row in rows if _has_content(row)), None)
        if header is not None:
            layout = _layout(header, mapping)
            note = f"Read the sheet {sheet.title[:64]!r}."
            return Table(layout, _within(rows, layout.width), [note, layout.note()])
    raise UnreadableFile("No sheet of the workbook has anything in it.")


def _layout(header: Row, mapping: Mapped | None) -> Layout:
    return recognise([cell if isinstance(cell, str) else "" for cell in header.cells], mapping)


def _within(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """Fit rows to the header: a sheet leaves empty cells out, and what has no header means nothing."""
    for row in rows:
        if _has_content(row):
            missing = width - len(row.cells)
            yield Row(row.number, row.cells + [""] * missing if missing > 0 else row.cells[:width])


def _has_content(row: Row) -> bool:
    return any(not isinstance(cell, str) or cell.strip() for cell in row.cells)


class _SheetRows(WorkSheetParser):
    """openpyxl's cell parser without the rest of the sheet: formats and links can be bombs of their own."""

    def __init__(self, sheet: Any) -> None:  # the stubs know of no attribute that begins with an underscore
        workbook = sheet.parent
        self._open: Callable[[], IO[bytes]] = sheet._get_source
        super().__init__(
            "",  # where openpyxl's own loop would read; ours opens the sheet itself
            sheet._shared_strings,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=workbook._date_formats,
            timedelta_formats=workbook._timedelta_formats,
        )

    def rows(self) -> Iterator[Row]:
        """Yield the rows that the sheet has, with their numbers; it may leave out empty ones."""
        cells = 0
        with self._open() as source:
            for _, element in iterparse(source, forbid_dtd=True):
                if element.tag == CELL_TAG:
                    cells += 1
                    if cells > _MAX_CELLS_IN_ROW:
                        raise UnreadableFile(f"A row has more than {_MAX_CELLS_IN_ROW:,} cells.")
                elif element.tag == ROW_TAG:
                    cells = 0
                    number, found = self.parse_row(element)
                    element.clear()
                    yield Row(number, _cells(found))
                elif element.tag == DATA_TAG:
                    return

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """Return a cell as openpyxl does, and tell a formula without a result from an empty cell."""
        cell: dict[str, Any] = super().parse_cell(element)
        # A formula whose result is an empty text is marked as a text.
        no_result = cell["value"] is None and element.get("t") != "str"
        if no_result and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = "f"
        return cell


def _cells(found: list[dict[str, Any]]) -> list[Cell]:
    row: list[Cell] = []
    for cell in found:
        column = cell["column"]
        if column > _MAX_COLUMNS:
            break
        if column > len(row):
            row.extend([""] * (column - len(row)))
        row[column - 1] = _text(cell["value"], cell["data_type"])
    return row


def _text(value: Any, kind: str) -> Cell:
    """Return what a person sees in the cell, as far as it can be an order's content."""
    if isinstance(value, str) and kind != "e":
        return value
    if value is None:
        return "" if kind != "f" else BadCell(RejectReason.MISSING, _NO_RESULT, "")
    if kind == "e":
        return BadCell(
            RejectReason.BAD_ROW, f"The cell holds the error {value}. Mend its formula.", str(value)
        )
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)):
        return BadCell(RejectReason.BAD_ROW, _A_DATE, str(value))
    return str(value)


_NO_RESULT = "The formula has no result. Open the file with Excel, let it calculate, and save it."
_A_DATE = "The cell holds a date. Excel makes dates of codes such as 1-2: format the column as text."
