"""XLSX (ECMA-376, transitional and strict): sheets are read as a stream, and no cell is made up for a gap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from magacin.contracts.imports import ReadingOptions
from magacin.imports.parsers import package
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.number_formats import BUILT_IN, GENERAL, Kind, number_format
from magacin.imports.parsers.package import Package
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.parsers.workbook import (
    MAX_MERGES,
    Date,
    Features,
    Merge,
    Number,
    Sheet,
    SheetRow,
    Stored,
    as_unreadable,
    error_cell,
    no_result,
    placed,
    read_workbook,
    truth,
)
from magacin.imports.parsers.xml import PlainText, Unusual, attribute, elements, name, plain_text

if TYPE_CHECKING:
    from lxml.etree import _Element

_STEP = 1 << 20
_MAX_AROUND = 32 << 20
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ROWS_BEGIN = re.compile(rb"<(?:[\w.-]+:)?sheetData\b")
_ROWS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>|<(?:[\w.-]+:)?sheetData\s*/>")
_MERGE = re.compile(rb"<(?:[\w.-]+:)?mergeCell\b[^>]*?\bref\s*=\s*[\"']([A-Z]+[0-9]+):([A-Z]+[0-9]+)[\"']")
_COLUMN = re.compile(rb"<(?:[\w.-]+:)?col\b([^>]*)>")
_COLUMN_VALUE = re.compile(rb"\b(min|max|hidden)\s*=\s*[\"'](\w+)[\"']")
_YES = ("1", "true", "on")
# What one of so many rows looks like in the files of programs. Formulas without a result are not among them.
_PLAIN_CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]+"([^<>/]*)(?:/>|>'
    r"(?:(?:<f[^<>]*?(?:/>|>[^<]*</f>))?<v>([^<]+)</v>|<is><t(?: [^<>]*)?>([^<]*)</t></is>)?</c>)"
)
_PLAIN_STRING = re.compile(r"<t(?: [^<>]*)?>([^<]*)</t>")
_ROW_NUMBER = re.compile(r'\br="([0-9]{1,12})"')
_HIDDEN = re.compile(r"\bhidden\s*=\s*[\"'](?:1|true|on)[\"']")
_ATTRIBUTE = re.compile(r"\b([ts])\s*=\s*[\"'](\w*)[\"']")
_MOST_KINDS = 10_000
# As a number that long has lost no digit, what the file says is what it shows.
_SHORT = 15


def _recognise(path: Path, head: bytes) -> bool:
    return package.recognised(
        path, head, lambda type_: "spreadsheetml" in type_ or type_ == "xl/workbook.xml"
    )


@contextmanager
def _open(path: Path, options: ReadingOptions) -> Iterator[Table]:
    """Open the first sheet that has orders as a table; raise `UnreadableFile` when there is none."""
    with package.opened(path) as parts:
        with as_unreadable():
            table = read_workbook(_sheets(parts), options)
        yield table


def _sheets(parts: Package) -> list[Sheet]:
    main = parts.workbook or ""
    related = parts.related(main)
    strings = _strings(parts, parts.beside(main, "sharedStrings"))
    formats = _formats(parts, parts.beside(main, "styles"))
    since_1904 = False
    sheets: list[Sheet] = []
    with parts.open(main) as stream:
        for element in elements(stream, "workbookPr", "sheet"):
            if name(element) == "workbookPr":
                since_1904 = element.get("date1904") in _YES
                continue
            kind, part = related[attribute(element, "id") or ""]
            if kind == "worksheet":
                reader = _SheetReader(parts, part, strings, formats)
                hidden = element.get("state", "visible") != "visible"
                sheets.append(
                    Sheet(element.get("name", ""), reader.rows, reader.features, hidden, since_1904)
                )
    return sheets


def _strings(parts: Package, part: str | None) -> list[str]:
    if part is None:
        return []
    try:
        with parts.open(part) as stream:
            return list(_plain_strings(stream))
    except Unusual:
        with parts.open(part) as stream:
            return [_text(item) for item in elements(stream, "si")]


def _plain_strings(stream: IO[bytes]) -> Iterator[str]:
    text = PlainText(stream, "sst", "si")
    for attributes, content in text.items():
        match = _PLAIN_STRING.fullmatch(content)
        yield unescaped(plain_text(match[1])) if match else _text(text.element(attributes, content))


def _text(item: _Element) -> str:
    """Return the text of a shared or inline one: its pieces, without how they are spoken."""
    pieces: list[str] = []
    for child in item:
        kind = name(child)
        if kind == "t":
            pieces.append(child.text or "")
        elif kind == "r":
            pieces += [text.text or "" for text in child if name(text) == "t"]
    return unescaped("".join(pieces))


def unescaped(text: str) -> str:
    """Return a text with its `_x000D_` as the characters that they stand for (22.9.2.19, ST_Xstring)."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _formats(parts: Package, part: str | None) -> list[str]:
    """Return the number format of each style that cells refer to."""
    if part is None:
        return []
    own: dict[int, str] = {}
    styles: list[int] = []
    with parts.open(part) as stream:
        for element in elements(stream, "numFmt", "cellXfs"):
            if name(element) == "numFmt":
                # Differential formats, further on, have some that are no cell's.
                own.setdefault(int(element.get("numFmtId", "0")), element.get("formatCode", GENERAL))
            else:
                styles = [int(style.get("numFmtId", "0")) for style in element if name(style) == "xf"]
    return [own.get(number) or BUILT_IN.get(number, GENERAL) for number in styles]


@dataclass(frozen=True, slots=True)
class _SheetReader:
    parts: Package
    part: str
    strings: Sequence[str]
    formats: Sequence[str]

    def rows(self, width: int) -> Iterator[SheetRow]:
        """Yield the rows that are written down, with their first `width` columns."""
        last = 0
        try:
            for row in self._plain_rows(width):
                last = row.number
                yield row
        except Unusual:
            yield from (row for row in self._all_rows(width) if row.number > last)

    def _plain_rows(self, width: int) -> Iterator[SheetRow]:
        """Yield rows as programs write them; one with a cell of another look is taken apart with care."""
        with self.parts.open(self.part) as stream:
            text = PlainText(stream, "sheetData", "row")
            kinds = _Kinds(self.formats)
            strings, last = self.strings, 0
            for attributes, content in text.items():
                number = _ROW_NUMBER.search(attributes)
                last = int(number[1]) if number else last + 1
                found = _PLAIN_CELL.findall(content)
                if len(found) != content.count("<c") or "<!" in content or "<?" in content:
                    row = text.element(attributes, content)
                    cells = placed(self._cells(row, last), width)
                else:
                    cells = _plain_row(found, kinds, strings, width, last)
                yield SheetRow(last, cells, "hidden" in attributes and _HIDDEN.search(attributes) is not None)

    def _all_rows(self, width: int) -> Iterator[SheetRow]:
        last = 0
        with self.parts.open(self.part) as stream:
            for row in elements(stream, "row"):
                last = int(row.get("r") or last + 1)
                yield SheetRow(last, placed(self._cells(row, last), width), row.get("hidden") in _YES)

    def _cells(self, row: _Element, number: int) -> Iterator[tuple[int, Stored]]:
        namespace = str(row.tag)[:-3]
        value_tag, formula_tag, inline_tag = (namespace + tag for tag in ("v", "f", "is"))
        place = -1
        for cell in row:
            reference = cell.get("r")
            place = _place(reference.rstrip("0123456789")) if reference else place + 1
            kind, style = cell.get("t", "n"), int(cell.get("s") or 0)
            value: str | None = None
            formula: str | None = None
            for child in cell:
                if child.tag == value_tag:
                    value = child.text or ""
                elif child.tag == formula_tag:
                    formula = child.text or ""
                elif child.tag == inline_tag and kind == "inlineStr":
                    yield place, _text(child)
            if formula is not None and not value and (kind != "str" or value is None):
                yield place, no_result(formula)
            elif value:
                format = self.formats[style] if self.formats else GENERAL
                yield place, _stored(kind, format, value, self.strings, number)

    def features(self) -> Features:
        """Return what stands before and behind the rows, without taking these apart."""
        before, behind = bytearray(), bytearray()
        with self.parts.open(self.part) as stream:
            if not _around(stream, before, behind):
                raise UnreadableFile(
                    "The workbook is damaged: a sheet is cut off, or not in UTF-8. Open it with a "
                    "spreadsheet program and save it again."
                )
        merges = [_merge(match[1], match[2]) for match in _MERGE.finditer(behind)]
        if len(merges) > MAX_MERGES:
            raise UnreadableFile(f"The sheet has {len(merges):,} merged cells: this is no table of orders.")
        return Features(merges, frozenset(_hidden_columns(bytes(before))))


def _index(value: str) -> int:
    index = int(value)
    if index < 0:
        raise IndexError(value)
    return index


def _stored(kind: str, format: str, value: str, strings: Sequence[str], row: int) -> Stored:
    """Return a cell with a value."""
    if kind == "n":
        value = value.strip()
        is_plain = len(value) <= _SHORT and value.isdecimal() and number_format(format).kind is Kind.PLAIN
        return value if is_plain else Number(value, format)
    if kind == "s":
        return strings[_index(value)]
    if kind == "str":
        return unescaped(value)
    if kind == "b":
        return truth(value.strip() in _YES)
    if kind == "e":
        return error_cell(value)
    if kind == "d":
        return Date(value)
    raise UnreadableFile(
        f"The workbook is damaged: a cell in row {row:,} is of the unknown kind {kind[:20]!r}."
    )


class _Kinds(dict[str, tuple[str, str, bool]]):
    """Of a cell's attributes as they stand there: kind, number format, whether that shows plain digits."""

    def __init__(self, formats: Sequence[str]) -> None:
        super().__init__()
        self._formats = formats

    def __missing__(self, attributes: str) -> tuple[str, str, bool]:
        found = dict(_ATTRIBUTE.findall(attributes))
        format = self._formats[int(found.get("s", 0))] if self._formats else GENERAL
        made = found.get("t", "n"), format, number_format(format).kind is Kind.PLAIN
        if len(self) < _MOST_KINDS:
            self[attributes] = made
        return made


def _plain_row(
    found: list[tuple[str, str, str, str]], kinds: _Kinds, strings: Sequence[str], width: int, row: int
) -> list[Stored]:
    """Return the cells of a row as it stands there. Here a workbook's time goes, so that little is called."""
    cells: list[Stored] = []
    for letters, attributes, value, text in found:
        place = _PLACES[letters]
        if place >= width:
            continue
        if place != len(cells):
            if place < len(cells):
                raise Unusual
            cells += [""] * (place - len(cells))
        kind, format, is_plain = kinds[attributes]
        if text:
            is_plain_text = "&" not in text and "_x" not in text and "\r" not in text
            cells.append(text if is_plain_text else unescaped(plain_text(text)))
        elif not value:
            cells.append("")
        elif kind == "s" and value.isdecimal():
            cells.append(strings[int(value)])
        elif is_plain and kind == "n" and len(value) <= _SHORT and value.isdecimal():
            cells.append(value)
        else:
            cells.append(_stored(kind, format, plain_text(value), strings, row))
    return cells


class _Places(dict[str, int]):
    """The places of columns by their letters, of which there are few in a file."""

    def __missing__(self, letters: str) -> int:
        self[letters] = _place(letters)
        return self[letters]


_PLACES = _Places()


def _place(letters: str) -> int:
    """Return the place of a column from its letters: 0 for A."""
    place = 0
    for letter in letters:
        if not "A" <= letter <= "Z" or place > 1_000_000:
            raise ValueError(letters[:20])
        place = place * 26 + ord(letter) - 64
    return place - 1


def _merge(first: bytes, last: bytes) -> Merge:
    (left, top), (right, bottom) = (
        (_place(corner.rstrip("0123456789")), int(corner.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[:9]))
        for corner in (first.decode(), last.decode())
    )
    return Merge(top, bottom, left, right)


def _around(stream: IO[bytes], before: bytearray, behind: bytearray) -> bool:
    """Fill in what of a sheet stands before its rows and behind them; return whether both were found."""
    buffer = bytearray()
    begun = ended = False
    for block in iter(partial(stream.read, _STEP), b""):
        buffer += block
        if not begun and (match := _ROWS_BEGIN.search(buffer)) is not None:
            before += buffer[: match.start()]
            begun = True
        if begun and not ended and (match := _ROWS_END.search(buffer)) is not None:
            behind += buffer[match.end() :]
            ended = True
        elif ended:
            behind += block
        if len(behind) > _MAX_AROUND or (len(buffer) > _MAX_AROUND and not begun):
            raise UnreadableFile("The sheet has far more around its rows than a table of orders has.")
        # The end of the rows may lie across two blocks.
        if begun:
            del buffer[:-64]
    return ended


def _hidden_columns(before: bytes) -> Iterator[int]:
    for match in _COLUMN.finditer(before):
        values = {key: value.decode() for key, value in _COLUMN_VALUE.findall(match[1])}
        if values.get(b"hidden") in _YES:
            yield from range(int(values[b"min"]) - 1, min(int(values[b"max"]), 16_384))


FORMAT = Format("xlsx", "XLSX", "an Excel workbook", (".xlsx", ".xlsm", ".xltx"), _recognise, _open)
