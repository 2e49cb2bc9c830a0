"""Lists as files for spreadsheet programs, all rows of them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.responses import Response, StreamingResponse

from magacin.core.spreadsheets import MARK, csv_lines, shown

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

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
    # Large, and for files alone.
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(title)
    async for some in rows:
        for row in some:
            sheet.append([shown(cell) for cell in row])
    content = io.BytesIO()
    await asyncio.to_thread(workbook.save, content)
    return Response(content.getvalue(), media_type=XLSX, headers=_saved_as(name))


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
