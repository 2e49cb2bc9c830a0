"""HTTP: planning."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.tasks.pick_tasks import (
    REPLAN_TASK,
    SHARE_TASK,
    SPLIT_TASK,
    IfUnchanged,
    PlanIn,
    PlanResult,
    ShareIn,
    ShareResult,
)
from magacin.core.endpoint import Id
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.planning import service
from magacin.tasks.planning.moves import Source

router = Router(aside=True)


@router.handles(SPLIT_TASK)
async def split(
    state: State, identity: CurrentIdentity, task_id: Id, plan: PlanIn, seen: Annotated[IfUnchanged, Query()]
) -> PlanResult:
    """Have what is left of lines picked by another task, or at another place. Safe to send again."""
    with timed("planning"):
        return await service.move(state.database, task_id, plan, Source.LEFT, seen.revision, identity)


@router.handles(SHARE_TASK)
async def share(
    state: State,
    identity: CurrentIdentity,
    task_id: Id,
    wanted: ShareIn,
    seen: Annotated[IfUnchanged, Query()],
) -> ShareResult:
    """Give each of several workers a part of what is left: all of it or nothing. Safe to send again."""
    with timed("planning"):
        return await service.share(state.database, task_id, wanted, seen.revision, identity)


@router.handles(REPLAN_TASK)
async def replan(
    state: State, identity: CurrentIdentity, task_id: Id, plan: PlanIn, seen: Annotated[IfUnchanged, Query()]
) -> PlanResult:
    """Have what was short of lines picked after all, there or elsewhere. Safe to send again."""
    with timed("planning"):
        return await service.move(state.database, task_id, plan, Source.SHORT, seen.revision, identity)
