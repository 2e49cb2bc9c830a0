"""HTTP: the audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import StreamingResponse

from magacin.contracts.audit import AUDIT_AS_CSV, LIST_AUDIT, AuditEntry, AuditFilter, AuditQuery
from magacin.contracts.payloads import Page
from magacin.core.exports import as_csv
from magacin.gateway.people.dependencies import Router
from magacin.gateway.state import State

router = Router()


@router.handles(LIST_AUDIT)
async def list_audit(wanted: Annotated[AuditQuery, Query()], state: State) -> Page[AuditEntry]:
    """Return entries, the newest first; `after` is the oldest one that the caller has, 0 for none."""
    return await state.audit_log.page(wanted, wanted.after, wanted.limit)


@router.handles(AUDIT_AS_CSV)
async def audit_as_csv(wanted: Annotated[AuditFilter, Query()], state: State) -> StreamingResponse:
    """Return all of them as CSV."""
    return as_csv(state.audit_log.rows(wanted), "audit.csv")
