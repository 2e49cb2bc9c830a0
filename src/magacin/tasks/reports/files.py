"""Reports as files, all rows of them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

from magacin.contracts.tasks.reports import Figures
from magacin.core.db import Database
from magacin.core.spreadsheets import MARK, csv_lines, shown
from magacin.tasks.reports.repository import ReportRepository
from magacin.tasks.reports.service import Wanted, row_of

_ROWS_AT_ONCE = 500
_NAMES = tuple(Figures.model_fields)


def file_name(wanted: Wanted, ending: str) -> str:
    """Return the name of the file of a report."""
    span = wanted.span
    return f"report-by-{wanted.by}-{span.first}-{span.last}.{ending}"


async def as_csv(database: Database, wanted: Wanted) -> AsyncIterator[str]:
    """Yield a report as CSV, some rows at a time: memory does not grow with their number."""
    yield MARK
    async for rows in _rows(database, wanted):
        yield csv_lines(rows)


async def as_xlsx(database: Database, wanted: Wanted) -> bytes:
    """Return a report as a workbook of one sheet."""
    # Large, and for files alone.
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(f"by {wanted.by}")
    async for rows in _rows(database, wanted):
        for row in rows:
            sheet.append([shown(cell) for cell in row])
    content = io.BytesIO()
    await asyncio.to_thread(workbook.save, content)
    return content.getvalue()


async def _rows(database: Database, wanted: Wanted) -> AsyncIterator[list[list[Any]]]:
    yield [[wanted.by.value, *_NAMES, *(f"{name}_before" for name in _NAMES)]]
    async with (
        database.begin() as connection,
        ReportRepository(connection).all(wanted.by, wanted.span, wanted.worker) as found,
    ):
        rows: list[list[Any]] = []
        async for sums in found:
            row = row_of(dict(sums))
            rows.append([row.key, *row.figures.model_dump().values(), *row.before.model_dump().values()])
            if len(rows) == _ROWS_AT_ONCE:
                yield rows
                rows = []
        yield rows
