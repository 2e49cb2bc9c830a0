"""ODS (OpenDocument 1.3, part 3): spreadsheets of LibreOffice and others.

A cell has its value and, beside it, the text that it shows: of a code that text counts.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from magacin.imports.parsers import archive
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.parsers.workbook import (
    MAX_COLUMNS,
    MAX_MERGES,
    MAX_ROWS,
    Date,
    Features,
    Merge,
    Number,
    Sheet,
    SheetRow,
    Shown,
    Stored,
    as_unreadable,
    error_cell,
    no_result,
    read_workbook,
    truth,
)
from magacin.imports.parsers.xml import attribute, elements, name

if TYPE_CHECKING:
    from lxml.etree import _Element

_CONTENT, _MANIFEST, _TYPE = "content.xml", "META-INF/manifest.xml", "mimetype"
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_MAX_CONTENT_BYTES = 384 << 20
_MAX_OTHER_BYTES = 24 << 20
_HIDDEN = ("collapse", "filter")
_NUMBERS = ("float", "currency", "percentage")


def _recognise(path: Path, head: bytes) -> bool:
    if not head.startswith(archive.ZIP):
        return False
    found = {entry.filename: entry for entry in archive.entries(path)}
    if _TYPE not in found or _CONTENT not in found or found[_TYPE].file_size > 200:
        return False
    with archive.as_damaged(), zipfile.ZipFile(path) as file:
        if not file.read(_TYPE).startswith(_SPREADSHEET):
            return False
        archive.check(list(found.values()), _limit)
        if _MANIFEST in found and b"encryption-data" in file.read(_MANIFEST):
            raise UnreadableFile(archive.LOCKED)
    return True


def _limit(part: str) -> int:
    if part == _CONTENT:
        return _MAX_CONTENT_BYTES
    return (
        archive.MAX_TOTAL_BYTES
        if part.startswith(("Pictures/", "Object", "Thumbnails/"))
        else _MAX_OTHER_BYTES
    )


@contextmanager
def _open(path: Path, options: Reading) -> Iterator[Table]:
    with path.open("rb") as file, zipfile.ZipFile(file) as archive_:
        with as_unreadable():
            table = read_workbook(_sheets(archive_), options)
        yield table


@dataclass(slots=True)
class _Found:
    """What a sheet says beside its cells, while it is looked through."""

    style: str = ""
    columns: int = 0
    hidden: set[int] = field(default_factory=set)
    merges: list[Merge] = field(default_factory=list)
    rows: int = 0


def _sheets(file: zipfile.ZipFile) -> list[Sheet]:
    found: dict[str, _Found] = {}
    hidden_styles: set[str] = set()
    with file.open(_CONTENT) as stream:
        for element in elements(stream, "style", "table-column", "table-row", "table"):
            if name(element) == "style":
                if any(attribute(child, "display") == "false" for child in element):
                    hidden_styles.add(attribute(element, "name") or "")
                continue
            table = _table(element)
            sheet = found.setdefault(
                attribute(table, "name") or "", _Found(attribute(table, "style-name") or "")
            )
            if name(element) == "table-column":
                _note_columns(sheet, element)
            elif name(element) == "table-row":
                _note_merges(sheet, element)
    return [
        Sheet(title, partial(_rows, file, title), partial(_features, sheet), sheet.style in hidden_styles)
        for title, sheet in found.items()
    ]


def _table(element: _Element) -> _Element:
    """Return the sheet that an element is in, or is."""
    while name(element) != "table":
        parent = element.getparent()
        if parent is None:
            raise ValueError("a row lies outside of any sheet")
        element = parent
    return element


def _note_columns(sheet: _Found, column: _Element) -> None:
    count = _repeated(column, "columns", MAX_COLUMNS)
    if attribute(column, "visibility") in _HIDDEN:
        sheet.hidden.update(range(sheet.columns, min(sheet.columns + count, MAX_COLUMNS)))
    sheet.columns += count


def _note_merges(sheet: _Found, row: _Element) -> None:
    place = 0
    for cell in row:
        down, across = (int(attribute(cell, f"number-{what}-spanned") or 1) for what in ("rows", "columns"))
        if down > 1 or across > 1:
            top = sheet.rows + 1
            sheet.merges.append(Merge(top, top + down - 1, place, place + across - 1))
            if len(sheet.merges) > MAX_MERGES:
                raise UnreadableFile("The sheet has more merged cells than a table of orders has.")
        place += _repeated(cell, "columns", MAX_COLUMNS)
    sheet.rows += _repeated(row, "rows", MAX_ROWS)


def _features(sheet: _Found) -> Features:
    return Features(sheet.merges, frozenset(sheet.hidden))


def _repeated(element: _Element, what: str, most: int) -> int:
    return min(int(attribute(element, f"number-{what}-repeated") or 1), most)


def _rows(file: zipfile.ZipFile, title: str, width: int) -> Iterator[SheetRow]:
    number = 0
    with file.open(_CONTENT) as stream:
        for row in elements(stream, "table-row"):
            if (attribute(_table(row), "name") or "") != title:
                continue
            cells = _cells(row, width)
            count = _repeated(row, "rows", MAX_ROWS)
            if any(cell != "" for cell in cells):
                is_hidden = attribute(row, "visibility") in _HIDDEN
                for i in range(count):
                    yield SheetRow(number + i + 1, [*cells], is_hidden)
            number += count


def _cells(row: _Element, width: int) -> list[Stored]:
    cells: list[Stored] = []
    for cell in row:
        if name(cell) in ("table-cell", "covered-table-cell"):
            count = min(_repeated(cell, "columns", MAX_COLUMNS), width - len(cells))
            cells += [_cell(cell) if name(cell) == "table-cell" else ""] * count
    while cells and cells[-1] == "":
        cells.pop()
    return cells


def _cell(cell: _Element) -> Stored:
    # The type stands twice, in the standard's namespace and in LibreOffice's, which alone knows errors.
    types = [str(value) for key, value in cell.attrib.items() if str(key).endswith("}value-type")]
    text = "\n".join(_text(child) for child in cell if name(child) == "p")
    if "error" in types:
        return error_cell(text)
    if not types:
        formula = attribute(cell, "formula")
        return text if formula is None or text else no_result(formula)
    if types[0] in _NUMBERS:
        digits = attribute(cell, "value") or ""
        return Shown(digits, text) if text else Number(digits)
    if types[0] in ("date", "time"):
        return Date(attribute(cell, f"{types[0]}-value") or text)
    if types[0] == "boolean":
        return truth(attribute(cell, "boolean-value") == "true")
    return text or attribute(cell, "string-value") or ""


def _text(paragraph: _Element) -> str:
    """Return a paragraph's text: several blanks, tabs and line breaks are elements of their own (6.1)."""
    pieces = [paragraph.text or ""]
    for child in paragraph:
        kind = name(child)
        if kind == "s":
            pieces.append(" " * min(int(attribute(child, "c") or 1), 1_000))
        elif kind in ("tab", "line-break"):
            pieces.append("\t" if kind == "tab" else "\n")
        elif kind in ("span", "a"):
            pieces.append(_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


FORMAT = Format("ods", "ODS", "an OpenDocument spreadsheet", (".ods", ".ots"), _recognise, _open)
