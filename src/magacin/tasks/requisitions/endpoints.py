"""HTTP: requisitions, for people and for the Import Service."""

from __future__ import annotations

from fastapi import APIRouter

from magacin.contracts.tasks import (
    Page,
    Requisition,
    RequisitionBatch,
    RequisitionBatchResult,
    RequisitionIn,
    RequisitionSummary,
)
from magacin.core.requests import After, Id, Limit, Transaction
from magacin.tasks.metrics import timed
from magacin.tasks.requisitions import service

router = APIRouter(tags=["requisitions"])


@router.get("/api/requisitions")
async def list_requisitions(
    connection: Transaction, after: After = 0, limit: Limit = 100, released: bool | None = None
) -> Page[RequisitionSummary]:
    """Return requisitions; `released` asks for those with, or without, a pick task."""
    with timed("requisitions"):
        return await service.list_requisitions(connection, after, limit, released)


@router.post("/api/requisitions", status_code=201)
async def create_requisition(connection: Transaction, requisition: RequisitionIn) -> Requisition:
    """Create a requisition by hand."""
    with timed("requisitions"):
        return await service.create_requisition(connection, requisition)


@router.get("/api/requisitions/{requisition_id}")
async def get_requisition(connection: Transaction, requisition_id: Id) -> Requisition:
    """Return a requisition with its lines."""
    with timed("requisitions"):
        return await service.get_requisition(connection, requisition_id)


@router.post("/internal/requisitions")
async def take_batch(connection: Transaction, batch: RequisitionBatch) -> RequisitionBatchResult:
    """Take requisitions of an import job. Safe to send again."""
    with timed("requisition_batch"):
        return await service.take_batch(connection, batch)
