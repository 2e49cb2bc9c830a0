"""XLS: the binary workbooks of Excel 2.0 to 2003 (BIFF), read by xlrd."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magacin.imports.parsers.archive import LOCKED
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.number_formats import GENERAL
from magacin.imports.parsers.ole import OLE, streams
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.parsers.workbook import (
    Features,
    Merge,
    Number,
    Sheet,
    SheetRow,
    Stored,
    as_unreadable,
    error_cell,
    read_workbook,
    truth,
)

# How the oldest begin, which are no compound files: a BOF record of each version, and its length.
_BARE = {
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
}


def _recognise(path: Path, head: bytes) -> bool:
    if not head.startswith(OLE):
        return head[:4] in _BARE
    found = streams(path)
    if "EncryptedPackage" in found:
        raise UnreadableFile(LOCKED)
    return not found.isdisjoint({"Workbook", "Book"})


@contextmanager
def _open(path: Path, options: Reading) -> Iterator[Table]:
    # A process without such workbooks does without it.
    from xlrd import open_workbook
    from xlrd.biffh import XLRDError

    with Path(os.devnull).open("w", encoding="utf-8") as log:
        with as_unreadable():
            try:
                book = open_workbook(
                    str(path), logfile=log, formatting_info=True, on_demand=True, ragged_rows=True
                )
            except XLRDError as error:
                if "encrypted" in str(error):
                    raise UnreadableFile(LOCKED) from error
                raise
        with book:
            with as_unreadable():
                sheets = [_SheetReader(book, i).sheet() for i in range(book.nsheets)]
                table = read_workbook(sheets, options)
            yield table


@dataclass(frozen=True, slots=True)
class _SheetReader:
    book: Any
    index: int

    def sheet(self) -> Sheet:
        read = self.book.sheet_by_index(self.index)
        return Sheet(
            read.name, self.rows, self.features, read.visibility != 0, since_1904=bool(self.book.datemode)
        )

    def rows(self, width: int) -> Iterator[SheetRow]:
        """Yield the rows that have cells."""
        sheet = self.book.sheet_by_index(self.index)
        for i in range(sheet.nrows):
            cells = [self._cell(cell) for cell in sheet.row_slice(i, 0, width)]
            info = sheet.rowinfo_map.get(i)
            yield SheetRow(i + 1, cells, bool(info and info.hidden))

    def _cell(self, cell: Any) -> Stored:
        kind, value = cell.ctype, cell.value
        if kind == 1:
            return str(value)
        if kind in (2, 3):
            return Number(repr(value), self._format(cell.xf_index))
        if kind == 4:
            return truth(bool(value))
        if kind == 5:
            from xlrd import error_text_from_code

            return error_cell(error_text_from_code.get(value, "#N/A"))
        return ""

    def _format(self, style: int | None) -> str:
        if style is None:
            return GENERAL
        format = self.book.format_map.get(self.book.xf_list[style].format_key)
        return format.format_str if format else GENERAL

    def features(self) -> Features:
        """Return what the sheet says beside its cells."""
        sheet = self.book.sheet_by_index(self.index)
        merges = [Merge(top + 1, bottom, left, right - 1) for top, bottom, left, right in sheet.merged_cells]
        return Features(merges, frozenset(i for i, info in sheet.colinfo_map.items() if info.hidden))


FORMAT = Format("xls", "XLS", "an old Excel workbook", (".xls", ".xlt"), _recognise, _open)
