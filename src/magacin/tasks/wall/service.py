"""The wall's figures, worked out once for all screens that ask at about the same time."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.wall import Wall, WallDay, WallNames, WallPerson, WallTasks
from magacin.core.db import Database
from magacin.tasks.metrics import timed
from magacin.tasks.reports.repository import ReportRepository
from magacin.tasks.wall.repository import WallRepository

REUSED_SECONDS = 1.0
# Before that, one quick scan is a pace of hundreds an hour.
_LEAST_MINUTES = 15
_LONGEST_LAG = 60.0
_PARTS = re.compile(r"[._-]+")


class WallBoard:
    """What walls are shown. Twenty of them cost the database what one does."""

    def __init__(self, database: Database, zone: str, names: WallNames) -> None:
        self._database = database
        self._zone = zone
        self._names = names
        self._lock = asyncio.Lock()
        self._known: Wall | None = None
        self._known_at = 0.0

    async def read(self) -> Wall:
        """Return the figures of this second."""
        async with self._lock:
            if self._known is None or time.monotonic() - self._known_at >= REUSED_SECONDS:
                asked_at = time.monotonic()
                with timed("wall"):
                    async with self._database.begin() as connection:
                        self._known = await self._read(connection)
                self._known_at = asked_at
            return self._known

    async def _read(self, connection: AsyncConnection) -> Wall:
        repository = WallRepository(connection)
        now = await repository.now(self._zone)
        day = await repository.day(now["day"])
        pace = _pace(day)
        work = await repository.work(pace or None)
        people = await repository.people(now["day"], now["slot"])
        lag = await ReportRepository(connection).lag()
        return Wall(
            at=now["at"],
            time_zone=self._zone,
            **_open(work, pace),
            today=WallDay(**{name: day[name] for name in ("pieces", "lines", "tasks")}, pieces_per_hour=pace),
            at_work=len(people),
            names=self._names,
            people=named(people, self._names),
            missing_since=(now["at"] - timedelta(seconds=lag)).replace(microsecond=0)
            if lag > _LONGEST_LAG
            else None,
        )


def named(rows: Any, names: WallNames) -> list[WallPerson]:
    """Return people as they are to be called: in the order of their names, which is no ranking."""
    if names is WallNames.NONE:
        return []
    return [
        WallPerson(
            name=row["worker"] if names is WallNames.NAMES else initials(row["worker"]),
            pieces=row["pieces"],
            pieces_per_hour=_pace(row),
        )
        for row in rows
    ]


def initials(username: str) -> str:
    """Return the first letter of each part of a name, of three at most: `AP` for `ana.petrovic`."""
    return "".join(part[0] for part in _PARTS.split(username) if part)[:3].upper()


def _open(work: RowMapping, pace: int | None) -> dict[str, Any]:
    return {
        "queue": WallTasks(tasks=work["queue_tasks"], pieces=work["queue_pieces"]),
        "in_work": WallTasks(tasks=work["begun_tasks"], pieces=work["begun_pieces"]),
        "late": work["late"],
        "will_be_late": work["will_be_late"] if pace else None,
    }


def _pace(row: RowMapping) -> int | None:
    minutes = row["minutes"]
    return round(row["pieces"] * 60 / minutes) if minutes >= _LEAST_MINUTES else None
