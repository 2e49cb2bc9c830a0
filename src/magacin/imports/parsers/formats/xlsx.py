"""XLSX (ECMA-376, transitional and strict): sheets are read as a stream, and no cell is made up for a gap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from magacin.imports.parsers import package
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.number_formats import BUILT_IN, GENERAL, Kind, number_format
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.package import SHEET_BYTES, STRINGS_BYTES, Package
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
_ROWS = b"sheetData"
_ROWS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>|<(?:[\w.-]+:)?sheetData\s*/>")
_MERGE = re.compile(rb"<(?:[\w.-]+:)?mergeCell\b[^>]*?\bref\s*=\s*[\"']([A-Z]+[0-9]+):([A-Z]+[0-9]+)[\"']")
_COLUMN = re.compile(rb"<(?:[\w.-]+:)?col\b([^>]*)>")
_COLUMN_VALUE = re.compile(rb"\b(min|max|hidden)\s*=\s*[\"'](\w+)[\"']")
_YES = ("1", "true", "on")
# What one of so many cells looks like in the files of programs: where it stands, its attributes, its value or
# its text. Formulas without a result are not among them.
_VALUE = r">(?:<f[^<>]*?(?:/>|>[^<]*</f>))?<v>([^<]++)</v></c>"
_TEXT_OR_NOTHING = r"(?:><is><t(?: [^<>]*+)?>([^<]*+)</t></is></c>|/>|></c>)"
_PLAIN_CELL = re.compile(rf'<c r="([A-Z]{{1,3}})[0-9]+"([^<>/]*)(?:{_VALUE}|{_TEXT_OR_NOTHING})')
_PLAIN_STRING = re.compile(r"<t(?: [^<>]*)?>([^<]*)</t>")
_ROW_NUMBER = re.compile(r'\br="([0-9]{1,12})"')
_HIDDEN = re.compile(r"\bhidden\s*=\s*[\"'](?:1|true|on)[\"']")
_ATTRIBUTE = re.compile(r"\b([ts])\s*=\s*[\"'](\w*)[\"']")
# What the value of a cell can be: 18.18.11, ST_CellType, without texts that stand in the cell.
_KINDS = frozenset({"n", "s", "str", "b", "e", "d"})
# What is kept for the next rows; a sheet of another look is read all the same.
_MOST_KINDS, _MOST_VALUES, _MOST_SHAPES, _MOST_CELLS = 1_000, 5_000, 16, 100
# As a number that long has lost no digit, what the file says is what it shows.
_SHORT = 15


def _recognise(path: Path, head: bytes) -> bool:
    return package.recognised(
        path, head, lambda type_: "spreadsheetml" in type_ or type_ == "xl/workbook.xml"
    )


@contextmanager
def _open(path: Path, options: Reading) -> Iterator[Table]:
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
        with parts.open(part, STRINGS_BYTES) as stream:
            return list(_plain_strings(stream))
    except Unusual:
        with parts.open(part, STRINGS_BYTES) as stream:
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
        with self.parts.open(self.part, SHEET_BYTES) as stream:
            text = PlainText(stream, "sheetData", "row")
            shapes = _Shapes(_Kinds(self.formats, self.strings), width)
            last = 0
            for attributes, content in text.items():
                number = _ROW_NUMBER.search(attributes)
                last = int(number[1]) if number else last + 1
                cells = shapes.cells(content)
                if cells is None:
                    cells = placed(self._cells(text.element(attributes, content), last), width)
                yield SheetRow(last, cells, "hidden" in attributes and _HIDDEN.search(attributes) is not None)

    def _all_rows(self, width: int) -> Iterator[SheetRow]:
        last = 0
        with self.parts.open(self.part, SHEET_BYTES) as stream:
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
                if kind not in _KINDS:
                    raise UnreadableFile(
                        f"The workbook is damaged: a cell in row {number:,} is of the unknown kind "
                        f"{kind[:20]!r}."
                    )
                format = self.formats[style] if self.formats else GENERAL
                yield place, _stored(kind, format, value, self.strings)

    def features(self) -> Features:
        """Return what stands before and behind the rows, without taking these apart."""
        before, behind = bytearray(), bytearray()
        with self.parts.open(self.part, SHEET_BYTES) as stream:
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


def _stored(kind: str, format: str, value: str, strings: Sequence[str]) -> Stored:
    """Return a cell with a value, of one of the known kinds."""
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
    return Date(value)


class _Values(dict[str, Stored]):
    """What values of cells of one kind are stored as. Most come again and again."""

    def __init__(self, read: Callable[[str], Stored]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, value: str) -> Stored:
        if len(self) >= _MOST_VALUES:
            self.clear()
        self[value] = found = self._read(plain_text(value))
        return found


class _Kinds(dict[str, _Values]):
    """Of a cell's attributes as they stand there: what its values are stored as. `texts` are inline."""

    def __init__(self, formats: Sequence[str], strings: Sequence[str]) -> None:
        super().__init__()
        self._formats = formats
        self._strings = strings
        self.texts = _Values(unescaped)

    def __missing__(self, attributes: str) -> _Values:
        found = dict(_ATTRIBUTE.findall(attributes))
        kind = found.get("t", "n")
        if kind not in _KINDS:
            raise Unusual
        format = self._formats[int(found.get("s", 0))] if self._formats else GENERAL
        made = _Values(lambda value: _stored(kind, format, value, self._strings))
        if len(self) < _MOST_KINDS:
            self[attributes] = made
        return made


class _Shape(NamedTuple):
    """A row with holes where its values stand: how these are to be read, and which places have no cell."""

    pattern: re.Pattern[str]
    values: list[_Values]
    empty: list[int]


class _Shapes:
    """The rows of a sheet as they stand there: most look like one before, but for their values.

    Here a workbook's time goes, so that little is called.
    """

    def __init__(self, kinds: _Kinds, width: int) -> None:
        self._kinds = kinds
        self._width = width
        self._known: list[_Shape] = []

    def cells(self, content: str) -> list[Stored] | None:
        """Return the first `width` cells of a row, None for one that is to be taken apart with care."""
        for place, shape in enumerate(self._known):
            if (match := shape.pattern.fullmatch(content)) is not None:
                groups = match.groups("")
                cells = [known[value] for known, value in zip(shape.values, groups, strict=True)]
                for empty in shape.empty:
                    cells.insert(empty, "")
                if place:
                    self._known.insert(0, self._known.pop(place))
                return cells
        found = _PLAIN_CELL.findall(content)
        if len(found) != content.count("<c") or "<!" in content or "<?" in content:
            return None
        if len(self._known) < _MOST_SHAPES and len(found) <= _MOST_CELLS:
            self._known.append(self._shape(found))
        return self._plain_row(found)

    def _shape(self, found: list[tuple[str, str, str, str]]) -> _Shape:
        cells, values, places = [], [], []
        for letters, attributes, value, _ in found:
            is_wanted = (place := _PLACES[letters]) < self._width
            body = _VALUE if value else _TEXT_OR_NOTHING
            start = rf'\s*+<c r="{letters}[0-9]++"{re.escape(attributes)}'
            # Of what is not wanted nothing is taken out.
            cells.append(start + (body if is_wanted else body.replace("([", "(?:[")))
            if is_wanted:
                values.append(self._kinds[attributes] if value else self._kinds.texts)
                places.append(place)
        empty = sorted({*range(max(places, default=-1))} - {*places})
        return _Shape(re.compile("".join(cells) + r"\s*"), values, empty)

    def _plain_row(self, found: list[tuple[str, str, str, str]]) -> list[Stored]:
        cells: list[Stored] = []
        for letters, attributes, value, text in found:
            place = _PLACES[letters]
            if place >= self._width:
                continue
            if place != len(cells):
                if place < len(cells):
                    raise Unusual
                cells += [""] * (place - len(cells))
            cells.append(self._kinds[attributes][value] if value else self._kinds.texts[text])
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
        # A look for the name is far faster than one for its tag, and hardly a block has it.
        if begun and not ended and _ROWS in buffer and (match := _ROWS_END.search(buffer)) is not None:
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
