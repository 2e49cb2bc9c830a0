"""Files that are answered: lists for spreadsheet programs, all rows of them, and prints."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from starlette.responses import Response, StreamingResponse

from magacin.core.printing.jobs import PDF
from magacin.core.spreadsheets import MARK, csv_lines, shown

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_ESCAPE = re.compile(r"_x(?=[0-9A-Fa-f]{4}_)")

Rows = AsyncIterator[Sequence[Sequence[Any]]]
"""Rows, some at a time; the first one has the names of the columns."""


def as_csv(rows: Rows, name: str) -> StreamingResponse:
    """Answer with rows as CSV, as they come: memory does not grow with their number."""

    async def lines() -> AsyncIterator[str]:
        yield MARK
        async for some in rows:
            yield csv_lines(some)

    return StreamingResponse(lines(), media_type=f"{CSV}; charset=utf-8", headers=_saved_as(name))


async def as_xlsx(rows: Rows, title: str, name: str) -> Response:
    """Answer with rows as a workbook of one sheet."""
    sheet = _Sheet(title)
    async for some in rows:
        sheet.add(some)
    content = await asyncio.to_thread(sheet.workbook)
    return Response(content, media_type=XLSX, headers=_saved_as(name))


def as_pdf(content: bytes, name: str) -> Response:
    """Answer with a file that the browser shows, and that nobody keeps for later."""
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=PDF, headers=headers)


def workbook(rows: Iterable[Sequence[Any]], title: str) -> bytes:
    """Return rows as a workbook of one sheet."""
    sheet = _Sheet(title)
    sheet.add(rows)
    return sheet.workbook()


class _Sheet:
    """A workbook of one sheet, while it is made."""

    def __init__(self, title: str) -> None:
        # Large, and for files alone.
        from openpyxl import Workbook

        self._workbook = Workbook(write_only=True)
        self._sheet = self._workbook.create_sheet(title)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self._sheet.append([_escaped(shown(cell)) for cell in row])

    def workbook(self) -> bytes:
        content = io.BytesIO()
        self._workbook.save(content)
        return content.getvalue()


def _escaped(cell: Any) -> Any:
    """Keep what looks like an escaped character from being read as one (ECMA-376, 22.9.2.19, ST_Xstring)."""
    return _ESCAPE.sub("_x005F_x", cell) if isinstance(cell, str) and "_x" in cell else cell


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
