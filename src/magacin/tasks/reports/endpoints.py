"""HTTP: reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response, StreamingResponse

from magacin.contracts.tasks.reports import (
    GET_REPORT,
    LIST_REPORT_MAILS,
    REPORT_AS_CSV,
    REPORT_AS_XLSX,
    MailedReports,
    Period,
    Report,
    ReportBy,
    ReportDays,
    ReportQuery,
)
from magacin.core.exports import as_csv, as_xlsx
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.reports import service
from magacin.tasks.reports.files import file_name, rows_of
from magacin.tasks.reports.mail.told import mailed

router = Router(aside=True)


@router.handles(GET_REPORT)
async def get_report(
    request: Request,
    connection: Transaction,
    state: State,
    identity: CurrentIdentity,
    by: ReportBy,
    wanted: Annotated[ReportQuery, Query()],
) -> Json[Report]:
    """Return one page of a report. Workers see their own figures, unless it is set otherwise."""
    with timed("reports"):
        found = await service.report(connection, by, wanted, identity, state.reports)
    return Json[Report].tagged(found, request, besides="read")


@router.handles(REPORT_AS_CSV)
async def report_as_csv(
    connection: Transaction,
    state: State,
    identity: CurrentIdentity,
    by: ReportBy,
    period: Annotated[Period, Query()],
) -> StreamingResponse:
    """Return all rows of a report as CSV."""
    wanted = await service.want(connection, by, period, identity, state.reports)
    return as_csv(rows_of(state.database, wanted), file_name(wanted, "csv"))


@router.handles(REPORT_AS_XLSX)
async def report_as_xlsx(
    connection: Transaction,
    state: State,
    identity: CurrentIdentity,
    by: ReportBy,
    period: Annotated[Period, Query()],
) -> Response:
    """Return all rows of a report as a workbook."""
    wanted = await service.want(connection, by, period, identity, state.reports)
    return await as_xlsx(rows_of(state.database, wanted), f"by {wanted.by}", file_name(wanted, "xlsx"))


@router.handles(LIST_REPORT_MAILS)
async def list_report_mails(
    connection: Transaction, state: State, wanted: Annotated[ReportDays, Query()]
) -> MailedReports:
    """Return the reports by mail of some days, and what their figures are now."""
    with timed("reports"):
        span = await service.days_of(connection, wanted, state.reports.time_zone)
        return MailedReports(items=await mailed(connection, span))
