"""HTML: a table in a web page, which many programs write and call .xls. Every table counts as a sheet."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from magacin.imports.parsers.encoding import detect
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.markup import first_tag
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.parsers.workbook import (
    MAX_COLUMNS,
    MAX_MERGES,
    MAX_ROWS,
    Features,
    Merge,
    Sheet,
    SheetRow,
    Shown,
    Stored,
    as_unreadable,
    placed,
    read_workbook,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

_FIRST = frozenset(
    {"html", "head", "body", "table", "meta", "style", "div", "center", "title", "font", "tr", "p"}
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
# Where LibreOffice, Excel and SheetJS put the number that a cell shows.
_NUMBERS = ("sdval", "x:num", "data-v")
_HEAD = 1 << 16


def _recognise(_path: Path, head: bytes) -> bool:
    return first_tag(head) in _FIRST and b"<t" in head.replace(b"\0", b"").lower()


@contextmanager
def _open(path: Path, options: Reading) -> Iterator[Table]:
    from lxml import etree

    content = path.read_bytes()
    encoding, how = _encoding(path, content[:_HEAD], options.encoding)
    text = content.decode(encoding, "replace").encode()
    with as_unreadable("file"):
        # Bounded by the process that reads it: a page is small beside what the tree of it takes.
        parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
        root = etree.fromstring(text, parser)
        tables = [] if root is None else list(root.iter("table"))
        if not tables:
            raise UnreadableFile("The file is a web page without a table.")
        table = read_workbook([_sheet(i, found) for i, found in enumerate(tables, start=1)], options)
    table.notes.insert(0, f"Read as a web page in {encoding}{how}.")
    table.encoding = encoding
    yield table


def _encoding(path: Path, head: bytes, given: str | None) -> tuple[str, str]:
    """Return the encoding, and how it is known: as it is given, as the page says, or as its text shows."""
    declared = _CHARSET.search(head)
    if (
        given is None
        and declared is not None
        and not head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    ):
        try:
            "".encode(declared[1].decode())
            return declared[1].decode().lower(), ""
        except LookupError:
            pass
    found = detect(path, given)
    return found.codec, ", guessed" if found.guessed else ""


def _sheet(number: int, table: _Element) -> Sheet:
    rows, merges = _grid(table)
    captions = ["".join(map(str, caption.itertext())).strip() for caption in table.iterchildren("caption")]
    return Sheet(
        next(iter(captions), "") or f"table {number}", partial(_rows, rows), partial(Features, merges)
    )


Grid = list[tuple[bool, list[tuple[int, Stored]]]]


def _grid(table: _Element) -> tuple[Grid, list[Merge]]:
    """Return for each row whether it is hidden and its cells with their places, and what is merged."""
    rows: Grid = []
    merges: list[Merge] = []
    taken: dict[int, int] = {}  # column -> the last row that a cell further up reaches down to
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is not table:
            continue
        number, place = len(rows) + 1, 0
        cells: list[tuple[int, Stored]] = []
        for cell in row.iterchildren("td", "th"):
            while taken.get(place, 0) >= number:
                place += 1
            down, across = _span(cell, "rowspan", MAX_ROWS), _span(cell, "colspan", MAX_COLUMNS)
            if place >= MAX_COLUMNS:
                break
            cells.append((place, _cell(cell)))
            if down > 1 or across > 1:
                merges.append(Merge(number, number + down - 1, place, place + across - 1))
                taken.update(dict.fromkeys(range(place, place + across), number + down - 1))
            place += across
        rows.append((_HIDDEN.search(row.get("style") or "") is not None, cells))
        if len(merges) > MAX_MERGES:
            raise UnreadableFile("The table has more merged cells than one of orders has.")
    return rows, merges


def _span(cell: _Element, what: str, most: int) -> int:
    value = (cell.get(what) or "").strip()
    return max(1, min(int(value[:9]), most)) if value.isdecimal() else 1


def _cell(cell: _Element) -> Stored:
    text = _text(cell)
    digits = next((cell.get(name) for name in _NUMBERS if cell.get(name)), None)
    return Shown(digits, text) if digits and text and _is_number(digits) else text


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and not text.strip().startswith("0")
    except ValueError:
        return False


def _text(cell: _Element) -> str:
    """Return a cell's text as a browser shows it: blanks run together, and a `<br>` breaks the line."""
    pieces: list[str] = []
    for node in cell.iter():
        if node is not cell and node.tag == "br":
            pieces.append("\n")
        elif node.text:
            pieces.append(re.sub(r"[ \t\r\n]+", " ", node.text))
        if node is not cell and node.tail:
            pieces.append(re.sub(r"[ \t\r\n]+", " ", node.tail))
    return "".join(pieces).strip(" \n")


def _rows(rows: Grid, width: int) -> Iterator[SheetRow]:
    for number, (is_hidden, cells) in enumerate(rows, start=1):
        yield SheetRow(number, placed(cells, width), is_hidden)


FORMAT = Format("html", "HTML", "a web page with a table", (".html", ".htm"), _recognise, _open)
