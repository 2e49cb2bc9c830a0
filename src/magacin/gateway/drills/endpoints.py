"""The page behind the link of a live drill: whoever got the message says so here, without logging in."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import Form, Query
from starlette.responses import Response

from magacin.contracts.live_drills import ACKNOWLEDGE_DRILL, SHOW_DRILL, AcknowledgeIn, LinkQuery
from magacin.core.errors import DependencyUnavailable
from magacin.core.router import Router
from magacin.gateway.drills.live_drills import LiveDrills
from magacin.gateway.front.pages import page
from magacin.gateway.people.dependencies import Unproved
from magacin.gateway.state import State

log = structlog.get_logger(__name__)
router = Router()

_LONGEST_NAME = 64


@router.handles(SHOW_DRILL)
async def show(state: State, link: Annotated[LinkQuery, Query()]) -> Response:
    """Show the drill and a button. Programs that look through mail follow links; they press no buttons."""
    return await _show(state.live_drills, link.token)


@router.handles(ACKNOWLEDGE_DRILL)
async def acknowledge(
    by: Unproved,
    state: State,
    link: Annotated[LinkQuery, Query()],
    form: Annotated[AcknowledgeIn, Form()],
) -> Response:
    """Keep who got it. A link counts once."""
    name = " ".join(form.name.split())[:_LONGEST_NAME]
    if not name.isprintable() or not name:
        return await _show(state.live_drills, link.token, problem="Please give your name.")
    try:
        first = await state.live_drills.acknowledge(by, link.token, name)
    except DependencyUnavailable:
        return _page("unavailable", 503)
    if first:
        log.info("live_drill_acknowledged")
    return await _show(state.live_drills, link.token, just_now=first)


async def _show(drills: LiveDrills, token: str, **content: Any) -> Response:
    try:
        found = await drills.find(token)
    except DependencyUnavailable:
        return _page("unavailable", 503)
    if found is None:
        return _page("unknown", 404)
    drill, open_ = found
    if drill.acknowledged_at is not None:
        return _page("answered", 200, drill=drill, just_now=content.get("just_now", False))
    return _page("open", 200, drill=drill, problem=content.get("problem")) if open_ else _page("expired", 410)


def _page(state: str, status: int, **content: Any) -> Response:
    values = {"drill": None, "problem": None, "just_now": False} | content
    return page("drill.html.j2", status=status, form=True, state=state, longest=_LONGEST_NAME, **values)
