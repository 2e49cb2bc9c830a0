"""XML Spreadsheet 2003: one XML file that Excel opens, and many programs write and call .xls.

Its schema is in Microsoft's XML Spreadsheet Reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from magacin.imports.parsers.format import Format
from magacin.imports.parsers.markup import first_tag
from magacin.imports.parsers.number_formats import GENERAL
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.parsers.workbook import (
    MAX_COLUMNS,
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
from magacin.imports.parsers.xml import attribute, elements, name

if TYPE_CHECKING:
    from lxml.etree import _Element

_NAMESPACE = b"urn:schemas-microsoft-com:office:spreadsheet"
_NAMED = {
    "Fixed": "0.00", "Standard": "#,##0.00", "Percent": "0.00%", "Scientific": "0.00E+00",
    "Currency": "#,##0.00", "Euro Currency": "#,##0.00",
}  # fmt: skip


def _recognise(_path: Path, head: bytes) -> bool:
    return first_tag(head) == "workbook" and _NAMESPACE in head.replace(b"\0", b"")


@contextmanager
def _open(path: Path, options: Reading) -> Iterator[Table]:
    with as_unreadable():
        table = read_workbook(_sheets(path), options)
    yield table


@dataclass(slots=True)
class _Found:
    """A sheet, while it is looked through: columns by their places."""

    is_hidden: bool = False
    hidden: set[int] = field(default_factory=set)
    styles: dict[int, str] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    row: int = 0
    column: int = 0


def _sheets(path: Path) -> list[Sheet]:
    found: dict[str, _Found] = {}
    formats: dict[str, str] = {}
    since_1904 = False
    with path.open("rb") as stream:
        for element in elements(stream, "Style", "Date1904", "Column", "Row", "Visible", "Worksheet"):
            kind = name(element)
            if kind == "Style":
                formats[attribute(element, "ID") or ""] = _format(element)
            elif kind == "Date1904":
                since_1904 = True
            else:
                sheet = found.setdefault(_title(element), _Found())
                if kind == "Visible":
                    sheet.is_hidden = (element.text or "").strip() != "SheetVisible"
                elif kind == "Column":
                    _note_column(sheet, element)
                elif kind == "Row":
                    _note_merges(sheet, element)
    return [
        Sheet(
            title,
            partial(_rows, path, title, formats, sheet.styles),
            partial(Features, sheet.merges, frozenset(sheet.hidden)),
            sheet.is_hidden,
            since_1904,
        )
        for title, sheet in found.items()
    ]


def _title(element: _Element) -> str:
    while name(element) != "Worksheet":
        parent = element.getparent()
        if parent is None:
            raise ValueError("a row lies outside of any sheet")
        element = parent
    return attribute(element, "Name") or ""


def _format(style: _Element) -> str:
    for child in style:
        if name(child) == "NumberFormat":
            format = attribute(child, "Format") or GENERAL
            is_date = format.endswith(("Date", "Time"))
            return "yyyy-mm-dd" if is_date else _NAMED.get(format, format)
    return GENERAL


def _note_column(sheet: _Found, column: _Element) -> None:
    first = _index(column, sheet.column)
    sheet.column = min(first + int(attribute(column, "Span") or 0) + 1, MAX_COLUMNS)
    places = range(first, sheet.column)
    if attribute(column, "Hidden") == "1":
        sheet.hidden.update(places)
    if style := attribute(column, "StyleID"):
        sheet.styles.update(dict.fromkeys(places, style))


def _note_merges(sheet: _Found, row: _Element) -> None:
    sheet.row = _index(row, sheet.row)
    for place, cell in _placed(row):
        down, across = (int(attribute(cell, f"Merge{where}") or 0) for where in ("Down", "Across"))
        if down or across:
            sheet.merges.append(Merge(sheet.row + 1, sheet.row + 1 + down, place, place + across))
            if len(sheet.merges) > MAX_MERGES:
                raise UnreadableFile("The sheet has more merged cells than a table of orders has.")
    sheet.row += 1


def _index(element: _Element, following: int) -> int:
    """Return the place of a row, column or cell, from 0: the one it says, or the next."""
    index = attribute(element, "Index")
    return int(index) - 1 if index else following


def _placed(row: _Element) -> Iterator[tuple[int, _Element]]:
    place = 0
    for cell in row:
        if name(cell) == "Cell":
            place = _index(cell, place)
            yield place, cell
            place += 1 + int(attribute(cell, "MergeAcross") or 0)


def _rows(
    path: Path, title: str, formats: dict[str, str], of_column: dict[int, str], width: int
) -> Iterator[SheetRow]:
    number = 0
    with path.open("rb") as stream:
        for row in elements(stream, "Row"):
            if _title(row) != title:
                continue
            number = _index(row, number) + 1
            of_row = attribute(row, "StyleID")
            cells = (
                (
                    place,
                    _cell(
                        cell, formats.get(attribute(cell, "StyleID") or of_row or of_column.get(place, ""))
                    ),
                )
                for place, cell in _placed(row)
            )
            yield SheetRow(number, placed(cells, width), attribute(row, "Hidden") == "1")
            number += int(attribute(row, "Span") or 0)


def _cell(cell: _Element, format: str | None) -> Stored:
    for data in cell:
        if name(data) == "Data":
            kind, text = attribute(data, "Type"), "".join(map(str, data.itertext()))
            if kind == "Number":
                return Number(text.strip(), format or GENERAL)
            if kind == "DateTime":
                return Date(text.strip().removesuffix("T00:00:00.000"))
            if kind == "Boolean":
                return truth(text.strip() == "1")
            return error_cell(text) if kind == "Error" else text
    formula = attribute(cell, "Formula")
    return "" if formula is None else no_result(formula.removeprefix("="))


FORMAT = Format("xml2003", "XML Spreadsheet 2003", "an XML spreadsheet", (".xml",), _recognise, _open)
