"""HTTP: refusals."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from magacin.contracts.tasks.refusals import (
    LIST_REFUSALS,
    REFUSALS_AS_CSV,
    RefusalFilter,
    RefusalQuery,
    Refusals,
)
from magacin.core.exports import as_csv
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import State
from magacin.tasks.metrics import timed
from magacin.tasks.refusals import service

router = Router()


@router.handles(LIST_REFUSALS)
async def list_refusals(connection: Transaction, wanted: Annotated[RefusalQuery, Query()]) -> Refusals:
    """Return the last operations that were refused, the newest first: those with a task, and the others."""
    with timed("refusals"):
        return await service.list_refusals(connection, wanted)


@router.handles(REFUSALS_AS_CSV)
async def refusals_as_csv(state: State, wanted: Annotated[RefusalFilter, Query()]) -> StreamingResponse:
    """Return all operations that were refused as CSV, the newest first."""
    return as_csv(service.rows_of(state.database, wanted), "refused.csv")
