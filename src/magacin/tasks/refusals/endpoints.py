"""HTTP: refusals."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.tasks.refusals import LIST_REFUSALS, RefusalQuery, Refusals
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.metrics import timed
from magacin.tasks.refusals import service

router = Router()


@router.handles(LIST_REFUSALS)
async def list_refusals(connection: Transaction, wanted: Annotated[RefusalQuery, Query()]) -> Refusals:
    """Return the last operations that were refused, the newest first: those with a task, and the others."""
    with timed("refusals"):
        return await service.list_refusals(connection, wanted)
