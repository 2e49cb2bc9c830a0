"""Rejects as CSV, for the person who mends the file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence

from magacin.contracts.imports import Reject
from magacin.core.db import Database
from magacin.imports import service

# By this mark Excel knows that a file is UTF-8.
_MARK = "\ufeff"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def rejects_as_csv(database: Database, job_id: int) -> AsyncIterator[str]:
    """Yield the rejects of a job as CSV, some at a time: memory does not grow with their number."""
    yield _MARK + ",".join(Reject.model_fields) + "\r\n"
    async for rejects in service.all_rejects(database, job_id):
        yield as_csv(rejects)


def as_csv(rejects: Sequence[Reject]) -> str:
    """Return rejects as lines of CSV that a spreadsheet shows and does not run."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([harmless(str(value)) for value in reject.model_dump().values()] for reject in rejects)
    return text.getvalue()


def harmless(cell: str) -> str:
    """Keep a spreadsheet from running what somebody wrote into an order file as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
