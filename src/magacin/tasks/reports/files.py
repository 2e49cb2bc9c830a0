"""Reports as files, all rows of them."""

from __future__ import annotations

from typing import Any

from magacin.contracts.tasks.reports import Figures
from magacin.core.db import Database
from magacin.core.exports import Rows
from magacin.tasks.reports.repository import ReportRepository
from magacin.tasks.reports.service import Wanted, row_of

_ROWS_AT_ONCE = 500
_NAMES = tuple(Figures.model_fields)


def file_name(wanted: Wanted, ending: str) -> str:
    """Return the name of the file of a report."""
    span = wanted.span
    return f"report-by-{wanted.by}-{span.first}-{span.last}.{ending}"


async def rows_of(database: Database, wanted: Wanted) -> Rows:
    """Yield the rows of a report, the names of its columns first."""
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
