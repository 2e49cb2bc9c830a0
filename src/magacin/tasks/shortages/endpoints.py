"""HTTP: shortages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response, StreamingResponse

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.pick_tasks import Task
from magacin.contracts.tasks.shortages import (
    LIST_ALL_SHORTAGES,
    LIST_SHORTAGES,
    REPORT_SHORTAGE,
    SHORTAGES_AS_CSV,
    SHORTAGES_AS_XLSX,
    ShortageFilter,
    ShortageIn,
    ShortageQuery,
    ShortageRecord,
    ShortageResult,
    Shortages,
    ShortagesQuery,
)
from magacin.core.endpoint import Id
from magacin.core.exports import as_csv, as_xlsx
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks.service import get_task, read_task
from magacin.tasks.refusals.recording import ScannerRoute
from magacin.tasks.scans.ledger import result
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.shortages import listing
from magacin.tasks.shortages.repository import ShortageRepository

router = Router(route=ScannerRoute)
lists = Router(aside=True)


@router.handles(REPORT_SHORTAGE)
async def report(state: State, identity: CurrentIdentity, task_id: Id, shortage: ShortageIn) -> Task:
    """Report what cannot be picked; return the task as it is then, also when it is sent again."""
    with timed("shortages"):
        (answer,) = await state.record([Shortage(task_id, shortage, identity)])
        result(answer, ShortageResult)
        async with state.database.begin() as connection:
            return await _task_then(connection, task_id, shortage.operation_id)


async def _task_then(connection: AsyncConnection, task_id: int, operation_id: UUID) -> Task:
    """Return the task that a shortage was first answered with; else the present one."""
    repository = ShortageRepository(connection)
    kept = await repository.answer(operation_id)
    if kept is None:
        now = (await get_task(connection, task_id)).model_dump_json()
        await repository.keep_answer(operation_id, now)
        # Of two at once the one that came first has kept its own.
        kept = await repository.answer(operation_id) or now
    return Task.model_validate_json(kept)


@router.handles(LIST_SHORTAGES)
async def list_shortages(
    connection: Transaction,
    identity: CurrentIdentity,
    task_id: Id,
    wanted: Annotated[ShortageQuery, Query()],
) -> Page[ShortageRecord]:
    """Return the last shortages of a task that the caller may see, the newest first."""
    with timed("shortages"):
        await read_task(connection, task_id, identity)
        rows = await ShortageRepository(connection).of_task(task_id, wanted.limit)
        return Page(items=[ShortageRecord.model_validate(dict(row)) for row in rows], next_after=None)


@lists.handles(LIST_ALL_SHORTAGES)
async def list_all_shortages(
    request: Request, connection: Transaction, state: State, wanted: Annotated[ShortagesQuery, Query()]
) -> Json[Shortages]:
    """Return the shortages of all tasks, those that were not taken back; 304 where nothing has changed."""
    with timed("shortages"):
        found = await listing.list_all(connection, wanted, state.reports.time_zone)
    return Json[Shortages].tagged(found, request)


@lists.handles(SHORTAGES_AS_CSV)
async def shortages_as_csv(
    connection: Transaction, state: State, asked: Annotated[ShortageFilter, Query()]
) -> StreamingResponse:
    """Return all of them as CSV."""
    wanted = await listing.want(connection, asked, state.reports.time_zone)
    return as_csv(listing.rows_of(state.database, wanted), listing.file_name(wanted, "csv"))


@lists.handles(SHORTAGES_AS_XLSX)
async def shortages_as_xlsx(
    connection: Transaction, state: State, asked: Annotated[ShortageFilter, Query()]
) -> Response:
    """Return all of them as a workbook."""
    wanted = await listing.want(connection, asked, state.reports.time_zone)
    return await as_xlsx(
        listing.rows_of(state.database, wanted), "shortages", listing.file_name(wanted, "xlsx")
    )
