"""HTTP: what a device picks from."""

from __future__ import annotations

from fastapi import Request

from magacin.contracts.tasks.picking import GET_PICKING, Picking
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.picking import service

router = Router(aside=True)


@router.handles(GET_PICKING)
async def picking(
    request: Request, state: State, connection: Transaction, identity: CurrentIdentity
) -> Json[Picking]:
    """Return the caller's tasks and all that is needed to pick them; 304 where the device has it already."""
    with timed("picking"):
        found = await service.collect(connection, identity, state.picking, state.code_rules)
    return Json.tagged(found, request, besides="taken_at")
