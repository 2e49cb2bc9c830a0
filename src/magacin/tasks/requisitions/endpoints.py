"""HTTP: requisitions, for people and for the Import Service."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.requisitions import (
    COMPARE_BATCH,
    CREATE_REQUISITION,
    GET_REQUISITION,
    LIST_REQUISITIONS,
    TAKE_BATCH,
    CreatedRequisition,
    Requisition,
    RequisitionBatch,
    RequisitionBatchResult,
    RequisitionComparison,
    RequisitionComparisonResult,
    RequisitionIn,
    RequisitionQuery,
    RequisitionSummary,
)
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.requisitions import service

router = Router(aside=True)


@router.handles(LIST_REQUISITIONS)
async def list_requisitions(
    connection: Transaction, wanted: Annotated[RequisitionQuery, Query()]
) -> Page[RequisitionSummary]:
    """Return requisitions; `released` asks for those with, or without, a pick task."""
    with timed("requisitions"):
        return await service.list_requisitions(connection, wanted.after, wanted.limit, wanted.released)


@router.handles(CREATE_REQUISITION)
async def create_requisition(
    connection: Transaction, identity: CurrentIdentity, requisition: RequisitionIn
) -> CreatedRequisition:
    """Create a requisition by hand."""
    with timed("requisitions"):
        return await service.create_requisition(connection, requisition, identity)


@router.handles(GET_REQUISITION)
async def get_requisition(connection: Transaction, requisition_id: Id) -> Requisition:
    """Return a requisition with its lines."""
    with timed("requisitions"):
        return await service.get_requisition(connection, requisition_id)


@router.handles(TAKE_BATCH)
async def take_batch(state: State, batch: RequisitionBatch) -> RequisitionBatchResult:
    """Take requisitions of an import job. Safe to send again."""
    return await service.take_batch(state.database, state.bulk, batch)


@router.handles(COMPARE_BATCH)
async def compare_batch(
    connection: Transaction, comparison: RequisitionComparison
) -> RequisitionComparisonResult:
    """Say what would become of requisitions, and change nothing."""
    with timed("requisition_batch"):
        return await service.compare(connection, comparison)
