"""HTTP: the board for screens on walls."""

from __future__ import annotations

from fastapi import Request

from magacin.contracts.tasks.wall import GET_WALL, Wall
from magacin.core.router import Json, Router
from magacin.tasks.dependencies import State

router = Router()


@router.handles(GET_WALL)
async def wall(request: Request, state: State) -> Json[Wall]:
    """Return what is open, late and done today, and how fast; people as it is set that they are named."""
    return Json[Wall].tagged(await state.wall.read(), request, besides="at")
