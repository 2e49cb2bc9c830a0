"""XLSB ([MS-XLSB]): binary workbooks in a package.

The libraries that read them lose the cells of records which leave their column out, and say nothing. Here a
record that is not known among the cells refuses the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from magacin.imports.parsers import package
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.number_formats import BUILT_IN, GENERAL
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.package import OTHER_BYTES, SHEET_BYTES, STRINGS_BYTES, Package
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.parsers.workbook import (
    MAX_COLUMNS,
    MAX_MERGES,
    Features,
    Merge,
    Number,
    Sheet,
    SheetRow,
    Stored,
    as_unreadable,
    error_cell,
    placed,
    read_workbook,
    truth,
)

Record = tuple[int, bytes]

# Numbers of records, 2.3.2.
_ROW, _STRING, _FORMAT, _STYLE, _COLUMN = 0, 19, 44, 47, 60
_ROWS_BEGIN, _ROWS_END, _WORKBOOK, _SHEET, _MERGE = 145, 146, 153, 156, 176
_STYLES_BEGIN, _STYLES_END = 617, 618
_LAST_FULL, _LAST_SHORT, _RICH_TEXT = 11, 18, 62
# The kinds of the short records, which are 12 to 18, among those of the full ones, 1 to 7.
_SHORT_BY = 11
# Between the rows, without being cells: alternatives, future records, metadata, formulas of several cells.
_NO_CELLS = frozenset({35, 36, 37, 38, 49, 50, 426, 427, 428, 1024, 1025})
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def _recognise(path: Path, head: bytes) -> bool:
    return package.recognised(path, head, lambda type_: "sheet.binary" in type_ or type_.endswith(".bin"))


@contextmanager
def _open(path: Path, options: Reading) -> Iterator[Table]:
    with package.opened(path) as parts:
        with as_unreadable():
            table = read_workbook(_sheets(parts), options)
        yield table


def _records(parts: Package, part: str | None, most: int = OTHER_BYTES) -> Iterator[Record]:
    """Yield the records of a part, 2.1.4: number and length, both of seven bits a byte, and the content."""
    if part is None:
        return
    with parts.open(part, most) as stream:
        content = stream.read()
    place, end = 0, len(content)
    while place < end:
        number, place = _packed(content, place, 2)
        length, place = _packed(content, place, 4)
        if place + length > end:
            raise UnreadableFile("The workbook is damaged: a record is cut off.")
        yield number, content[place : place + length]
        place += length


def _packed(content: bytes, place: int, most: int) -> tuple[int, int]:
    value = 0
    for i in range(most):
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            break
    return value, place


def _wide(content: bytes, place: int) -> tuple[str, int]:
    """Return a text and where it ends: its length in characters of two bytes, then these."""
    [length] = struct.unpack_from("<I", content, place)
    place += 4
    if length == 0xFFFF_FFFF:
        return "", place
    end = place + 2 * length
    if end > len(content):
        raise ValueError("a text is cut off")
    return content[place:end].decode("utf-16-le", "surrogatepass"), end


def _sheets(parts: Package) -> list[Sheet]:
    main = parts.workbook or ""
    related = parts.related(main)
    strings = [
        _wide(content, 1)[0]
        for number, content in _records(parts, parts.beside(main, "sharedStrings"), STRINGS_BYTES)
        if number == _STRING
    ]
    formats = _formats(parts, parts.beside(main, "styles"))
    since_1904 = False
    sheets: list[Sheet] = []
    for number, content in _records(parts, main):
        if number == _WORKBOOK:
            since_1904 = bool(content[0] & 1)
        elif number == _SHEET:
            relation, end = _wide(content, 8)
            kind, part = related[relation]
            if kind == "worksheet":
                reader = _SheetReader(parts, part, strings, formats)
                is_hidden = content[:4] != bytes(4)
                sheets.append(
                    Sheet(_wide(content, end)[0], reader.rows, reader.features, is_hidden, since_1904)
                )
    return sheets


def _formats(parts: Package, part: str | None) -> list[str]:
    own: dict[int, str] = {}
    styles: list[int] = []
    inside = False
    for number, content in _records(parts, part):
        if number in (_STYLES_BEGIN, _STYLES_END):
            inside = number == _STYLES_BEGIN
        elif number == _FORMAT:
            own.setdefault(struct.unpack_from("<H", content)[0], _wide(content, 2)[0])
        elif number == _STYLE and inside:
            styles.append(struct.unpack_from("<H", content, 2)[0])
    return [own.get(style) or BUILT_IN.get(style, GENERAL) for style in styles]


@dataclass(frozen=True, slots=True)
class _SheetReader:
    parts: Package
    part: str
    strings: Sequence[str]
    formats: Sequence[str]

    def rows(self, width: int) -> Iterator[SheetRow]:
        """Yield the rows that are written down, with their first `width` columns."""
        inside = False
        row: SheetRow | None = None
        cells: list[tuple[int, Stored]] = []
        place = -1
        for number, content in _records(self.parts, self.part, SHEET_BYTES):
            if number in (_ROWS_BEGIN, _ROWS_END):
                inside = number == _ROWS_BEGIN
            elif inside and number == _ROW:
                if row is not None:
                    yield row._replace(cells=placed(cells, width))
                row = SheetRow(struct.unpack_from("<I", content)[0] + 1, [], bool(content[11] & 0x10))
                cells, place = [], -1
            elif inside and number not in _NO_CELLS:
                place, cell = self._cell(number, content, place)
                cells.append((place, cell))
        if row is not None:
            yield row._replace(cells=placed(cells, width))

    def _cell(self, number: int, content: bytes, before: int) -> tuple[int, Stored]:
        """Return a cell and its place: the one it says, or that behind the cell before it."""
        if _LAST_FULL < number <= _LAST_SHORT:
            place, number, content = before + 1, number - _SHORT_BY, bytes(4) + content
        elif number <= _LAST_FULL or number == _RICH_TEXT:
            [place] = struct.unpack_from("<I", content)
        else:
            raise UnreadableFile(
                f"The workbook has a record of the kind {number} among its cells, which is not known: cells "
                "could be missing. Save it as .xlsx."
            )
        if place >= MAX_COLUMNS:
            raise ValueError("a cell lies beyond the last column")
        return place, self._value(number, content)

    def _value(self, number: int, content: bytes) -> Stored:
        if number == 7:
            index: int = struct.unpack_from("<I", content, 8)[0]
            return self.strings[index]
        if number in (6, 8):
            return _wide(content, 8)[0]
        if number == _RICH_TEXT:
            return _wide(content, 9)[0]
        if number == 1:
            return ""
        if number in (3, 11):
            return error_cell(_ERRORS.get(content[8], "#N/A"))
        if number in (4, 10):
            return truth(bool(content[8]))
        value: float = _small(content[8:12]) if number == 2 else struct.unpack_from("<d", content, 8)[0]
        style = int.from_bytes(content[4:7], "little")
        return Number(repr(value), self.formats[style] if self.formats else GENERAL)

    def features(self) -> Features:
        """Return what stands around the rows."""
        merges: list[Merge] = []
        hidden: set[int] = set()
        for number, content in _records(self.parts, self.part, SHEET_BYTES):
            if number == _MERGE and len(merges) < MAX_MERGES:
                top, bottom, left, right = struct.unpack_from("<4I", content)
                merges.append(Merge(top + 1, bottom + 1, left, right))
            elif number == _COLUMN and struct.unpack_from("<H", content, 16)[0] & 1:
                first, last = struct.unpack_from("<2I", content)
                hidden.update(range(first, min(last + 1, MAX_COLUMNS)))
        return Features(merges, frozenset(hidden))


def _small(content: bytes) -> float:
    """Return a number of 30 bits, 2.5.122: whole or the upper half of a float, and perhaps hundredths."""
    [bits] = struct.unpack("<i", content)
    value: float = bits >> 2 if bits & 2 else struct.unpack("<d", bytes(4) + struct.pack("<i", bits & ~3))[0]
    return value / 100 if bits & 1 else value


FORMAT = Format("xlsb", "XLSB", "a binary Excel workbook", (".xlsb",), _recognise, _open)
