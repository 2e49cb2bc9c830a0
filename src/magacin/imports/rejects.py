"""Rejects as CSV, for the person who mends the file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from magacin.contracts.imports import Reject
from magacin.core.db import Database
from magacin.core.spreadsheets import MARK, csv_lines
from magacin.imports import service


async def rejects_as_csv(database: Database, job_id: int) -> AsyncIterator[str]:
    """Yield the rejects of a job as CSV, some at a time: memory does not grow with their number."""
    yield MARK + ",".join(Reject.model_fields) + "\r\n"
    async for rejects in service.all_rejects(database, job_id):
        yield as_csv(rejects)


def as_csv(rejects: Sequence[Reject]) -> str:
    """Return rejects as lines of CSV that a spreadsheet shows and does not run."""
    return csv_lines([*map(str, reject.model_dump().values())] for reject in rejects)
