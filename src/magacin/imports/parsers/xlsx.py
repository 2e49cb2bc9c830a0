"""XLSX: read as a stream, after a look at the archive that keeps bombs and renamed files out."""

from __future__ import annotations

import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import structlog

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
_MAX_CELL_CHARACTERS = 32_767
_EXACT = 1e15
_BLOCK = 1 << 16

_TOO_MANY_PARTS = "The workbook is made of {count:,} parts. That is a damaged file or an attack."
_BOMB = "Unpacked, this workbook would be {size}. That is a damaged file or an attack; it was not opened."


@contextmanager
def open_xlsx(path: Path, mapping: Mapped | None = None) -> Iterator[Table]:
    """Open the first sheet that has data as a table; raise `UnreadableFile` when there is none."""
    # Most processes never see a workbook, and these take 5 MB.
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    check_archive(path)
    # openpyxl warns of styles and extensions it leaves out, none of which is an order. The filter is not
    # undone afterwards: filters belong to the whole process, and other threads change them too.
    warnings.filterwarnings("ignore", module=r"openpyxl\.")
    # Opened here, because openpyxl leaves open what it fails to understand.
    with path.open("rb") as file, _as_unreadable():
        reader: Any = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        with reader.archive:
            # What openpyxl would read besides, the size of each sheet above all, costs as much as its rows.
            reader.read_manifest()
            reader.shared_strings = _shared_strings(reader)
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
            yield _first_table(reader, mapping)


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


def _first_table(reader: Any, mapping: Mapped | None) -> Table:
    for sheet, relation in reader.parser.find_sheets():
        if relation.target not in reader.valid_files or "chartsheet" in relation.Type:
            continue
        rows = _SheetParser(reader, relation.target).rows()
        header = next((row for row in rows if _has_content(row)), None)
        if header is not None:
            layout = _layout(header, mapping)
            note = f"Read the sheet {sheet.name[:64]!r}."
            return Table(layout, _within(rows, layout.width), [note, layout.note()])
    raise UnreadableFile("No sheet of the workbook has anything in it.")


def _shared_strings(reader: Any) -> list[str]:
    """Return the texts that cells refer to by number."""
    part = reader.package.find(_SHARED_STRINGS)
    if part is None:
        return []
    found: list[str] = []
    text: list[str] = []
    inside: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        inside.append(_TAGS.get(name, ""))

    def end(_: str) -> None:
        if inside.pop() == "si":
            found.append("".join(text))
            text.clear()

    def characters(data: str) -> None:
        # How a text is spoken (rPh) is written beside it, in the same element.
        if inside[-1] == "t" and "rPh" not in inside:
            text.append(data)

    parser = _create_parser(start, end, characters)
    with reader.archive.open(part.PartName.removeprefix("/")) as source:
        while block := source.read(_BLOCK):
            parser.Parse(block, False)
    parser.Parse(b"", True)
    return found


def _create_parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    characters: Callable[[str], None],
) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    # Without a document type there are no entities, and so no bombs made of them.
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


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


class _SheetParser:
    """Takes the rows out of a sheet's XML as it streams by; nothing else of the sheet is built.

    openpyxl's own reader, with defusedxml, needs four times as long: both build trees in Python.
    """

    def __init__(self, reader: Any, target: str) -> None:
        self._open: Callable[[], IO[bytes]] = lambda: reader.archive.open(target)
        self._strings: Sequence[str] = reader.shared_strings
        self._dates: set[int] = reader.wb._date_formats | reader.wb._timedelta_formats
        self._columns: dict[str, int] = {}
        self._finished: list[Row] = []
        self._done = False
        self._number = 0
        self._cells: list[Cell] = []
        self._count = 0
        self._column = 0
        self._kind = "n"
        self._style = 0
        self._text: list[str] = []
        self._length = 0
        self._collecting = False
        self._has_formula = False
        self._parser = _create_parser(self._start, self._end, self._characters)

    def rows(self) -> Iterator[Row]:
        """Yield the rows that the sheet has, with their numbers; it may leave out empty ones."""
        with self._open() as source:
            while not self._done and (block := source.read(_BLOCK)):
                self._parser.Parse(block, False)
                yield from self._finished
                self._finished.clear()
        if not self._done:
            self._parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = _TAGS.get(name)
        if tag == "c":
            self._begin_cell(attributes)
        elif tag in ("v", "t"):
            self._collecting = True
        elif tag == "f":
            self._has_formula = True
        elif tag == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells, self._count, self._column = [], 0, 0

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MAX_CELLS_IN_ROW:
            raise UnreadableFile(f"Row {self._number} has more than {_MAX_CELLS_IN_ROW:,} cells.")
        place = attributes.get("r")
        self._column = self._column_of(place) if place else self._column + 1
        self._kind = attributes.get("t", "n")
        self._style = int(attributes.get("s", "0"))
        self._text, self._length, self._has_formula = [], 0, False

    def _column_of(self, place: str) -> int:
        letters = place.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column_number(letters)
        return column

    def _characters(self, data: str) -> None:
        if self._collecting:
            self._length += len(data)
            if self._length > _MAX_CELL_CHARACTERS:
                raise UnreadableFile(f"A cell in row {self._number} is longer than Excel allows.")
            self._text.append(data)

    def _end(self, name: str) -> None:
        tag = _TAGS.get(name)
        if tag == "c":
            if self._column <= _MAX_COLUMNS:
                missing = self._column - len(self._cells)
                if missing > 0:
                    self._cells.extend([""] * missing)
                self._cells[self._column - 1] = self._content("".join(self._text))
        elif tag in ("v", "t"):
            self._collecting = False
        elif tag == "row":
            self._finished.append(Row(self._number, self._cells))
        elif tag == "sheetData":
            self._done = True

    def _content(self, text: str) -> Cell:
        """Return what a person sees in the cell, as far as it can be an order's content."""
        kind = self._kind
        if not text:
            # A formula whose result is an empty text is marked as a text.
            no_result = self._has_formula and kind != "str"
            return BadCell(RejectReason.MISSING, _NO_RESULT, "") if no_result else ""
        if kind == "s":
            return self._strings[int(text)]
        if kind == "n":
            return self._number_text(text)
        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if kind == "e":
            return BadCell(RejectReason.BAD_ROW, f"The cell holds the error {text}: mend it.", text)
        return BadCell(RejectReason.BAD_ROW, _A_DATE, text) if kind == "d" else text

    def _number_text(self, text: str) -> Cell:
        if self._style in self._dates:
            return BadCell(RejectReason.BAD_ROW, _A_DATE, text)
        if text.isdigit():
            return text
        number = float(text)
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT else str(number)


def _column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        place = _LETTERS.index(letter.upper()) + 1
        number = number * len(_LETTERS) + place
    return number


def _refuse_document_type(*_: object) -> None:
    raise UnreadableFile("The workbook is damaged, or an attack: its XML declares entities.")


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_ELEMENTS = ("sheetData", "row", "c", "v", "f", "t", "si", "rPh")
_TAGS = {f"{space} {name}": name for space in _NAMESPACES for name in _ELEMENTS}
_SHARED_STRINGS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
_NO_RESULT = "The formula has no result. Open the file with Excel, let it calculate, and save it."
_A_DATE = "The cell holds a date. Excel makes dates of codes such as 1-2: format the column as text."
