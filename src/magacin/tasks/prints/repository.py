"""Queries of what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.pick_tasks import CLOSED
from magacin.tasks.models import locations, pick_task_workers, pick_tasks

_MINUTES = "YYYY-MM-DD HH24:MI"


class PrintRepository:
    """What is printed, in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def locations(
        self, codes: Sequence[str], zone: str | None, aisle: str | None, limit: int
    ) -> Sequence[RowMapping]:
        """Return locations in walking order."""
        statement = select(locations).order_by(locations.c.sequence, locations.c.code).limit(limit)
        if codes:
            statement = statement.where(locations.c.code.in_(codes))
        if zone is not None:
            statement = statement.where(locations.c.zone == zone)
        if aisle is not None:
            statement = statement.where(locations.c.aisle == aisle)
        return (await self._connection.execute(statement)).mappings().all()

    async def unclosed(self, among: Sequence[int], worker: str | None, limit: int) -> Sequence[int]:
        """Return the ids of tasks that are neither completed nor cancelled."""
        statement = select(pick_tasks.c.id).order_by(pick_tasks.c.id).limit(limit)
        statement = statement.where(pick_tasks.c.status.not_in([status.value for status in CLOSED]))
        if among:
            statement = statement.where(pick_tasks.c.id.in_(among))
        if worker is not None:
            theirs = select(pick_task_workers.c.task_id).where(pick_task_workers.c.worker == worker)
            statement = statement.where(pick_tasks.c.id.in_(theirs))
        return (await self._connection.scalars(statement)).all()

    async def on_site(self, moments: Sequence[datetime], zone: str) -> tuple[str, list[str]]:
        """Return the time now, and the moments, as clocks on the site show them: `2027-03-01 12:00`."""
        shown = [
            func.to_char(func.timezone(zone, one), _MINUTES) for one in (func.now(), *map(literal, moments))
        ]
        now, *others = (await self._connection.execute(select(*shown))).one()
        return now, others
