"""HTTP: orders that were held back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.held_orders import (
    DISCARD_HELD_ORDER,
    GET_HELD_ORDER,
    LIST_HELD_ORDERS,
    RELEASE_HELD_ORDER,
    HeldAsSeen,
    HeldOrder,
    HeldOrderDetails,
    HeldQuery,
)
from magacin.contracts.payloads import Page
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.imports.dependencies import CurrentIdentity, State
from magacin.imports.held import service

router = Router()


@router.handles(LIST_HELD_ORDERS)
async def list_held_orders(connection: Transaction, wanted: Annotated[HeldQuery, Query()]) -> Page[HeldOrder]:
    """Return orders that were held back, of one import or of all."""
    return await service.page(connection, wanted)


@router.handles(GET_HELD_ORDER)
async def get_held_order(connection: Transaction, held_id: Id) -> HeldOrderDetails:
    """Return one with what is in it."""
    return await service.get(connection, held_id)


@router.handles(RELEASE_HELD_ORDER)
async def release_held_order(
    state: State, identity: CurrentIdentity, held_id: Id, seen: Annotated[HeldAsSeen, Query()]
) -> HeldOrder:
    """Import it after all, if it and what is there are as they were seen. Safe to ask for again."""
    return await state.releaser.release(held_id, seen.revision, identity)


@router.handles(DISCARD_HELD_ORDER)
async def discard_held_order(
    state: State, identity: CurrentIdentity, held_id: Id, seen: Annotated[HeldAsSeen, Query()]
) -> HeldOrder:
    """Leave everything as it is."""
    return await state.releaser.discard(held_id, seen.revision, identity)
