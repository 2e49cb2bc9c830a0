"""Gives tasks that nobody has to people who are in: off unless the site sets by what.

It is careful. A task about whose workers a supervisor decided once is theirs to decide on, and so is one that
is held. Only who is in gets one, and not more than so many at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core import audit
from magacin.core.db import Database
from magacin.tasks.pick_tasks.service import give
from magacin.tasks.rules.choosing import AssignBy, Candidate, choose

log = structlog.get_logger(__name__)

# Of several processes one does it at a time: otherwise each would give the same person a task.
_LEAD = text("SELECT pg_try_advisory_xact_lock(hashtextextended('tasks.assigning', 0))")
# Whoever claims one meanwhile has it: it is left out, and nobody is waited for.
_FREE = text("""
    SELECT t.id,
           (SELECT sum(l.required - l.picked - l.short)
              FROM tasks.task_lines l WHERE l.task_id = t.id) AS pieces,
           (SELECT o.zone FROM tasks.task_lines l JOIN tasks.locations o ON o.id = l.location_id
             WHERE l.task_id = t.id AND l.required > l.picked + l.short
             ORDER BY o.sequence, o.code LIMIT 1) AS zone
      FROM tasks.pick_tasks t
     WHERE t.status = 'open' AND NOT t.held AND NOT t.by_hand
     ORDER BY t.priority DESC, t.id
     LIMIT :most
       FOR UPDATE OF t SKIP LOCKED
""")
# Who scanned for a task that is in work, or was until lately: by the index of its scans.
_PRESENT = text("""
    SELECT DISTINCT w.worker
      FROM tasks.pick_tasks t JOIN tasks.pick_task_workers w ON w.task_id = t.id
     WHERE (t.status = 'in_progress'
            OR t.status = 'completed' AND t.completed_at > now() - CAST(:within AS interval))
       AND EXISTS (SELECT FROM tasks.scans s
                    WHERE s.task_id = t.id AND s.worker = w.worker
                      AND s.scanned_at > now() - CAST(:within AS interval))
""")
_LOADS = text("""
    SELECT w.worker,
           count(DISTINCT t.id) FILTER (WHERE t.status <> 'completed') AS tasks,
           sum(l.required - l.picked - l.short) FILTER (WHERE t.status <> 'completed') AS pieces,
           coalesce(array_agg(DISTINCT o.zone) FILTER (WHERE o.zone IS NOT NULL), '{}') AS zones
      FROM tasks.pick_tasks t
      JOIN tasks.pick_task_workers w ON w.task_id = t.id
      JOIN tasks.task_lines l ON l.task_id = t.id
      LEFT JOIN tasks.locations o ON o.id = l.location_id
     WHERE w.worker = ANY(:workers)
       AND (t.status IN ('assigned', 'in_progress')
            OR t.status = 'completed' AND t.completed_at > now() - CAST(:within AS interval))
     GROUP BY w.worker
""")
# More come with the next step.
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class AssignSettings:
    """By what tasks are given out, among whom, and how many each may have by that."""

    by: AssignBy = AssignBy.NOBODY
    among: frozenset[str] = field(default_factory=frozenset)
    """Who is in; where nobody is named, whoever scanned within that time."""
    within: timedelta = timedelta(minutes=30)
    most: int = 1


class Assigning:
    """Gives out what is free. `step` is for a `BackgroundLoop`."""

    def __init__(self, database: Database, settings: AssignSettings) -> None:
        self._database = database
        self._settings = settings

    async def step(self) -> bool:
        """Give out what can be given; return False, the rest waits."""
        async with self._database.begin() as connection:
            if not await connection.scalar(_LEAD):
                return False
            free = (await connection.execute(_FREE, {"most": _AT_ONCE})).all()
            candidates = await self._candidates(connection) if free else []
            for task in free:
                chosen = choose(self._settings.by, task.zone, candidates, self._settings.most)
                if chosen is None:
                    continue
                await give(connection, task.id, [chosen.worker], audit.SYSTEM)
                chosen.take(task.zone, task.pieces or 0)
                log.info("task_given", task_id=task.id, worker=chosen.worker, by=self._settings.by)
        return False

    async def _candidates(self, connection: AsyncConnection) -> Sequence[Candidate]:
        within = {"within": self._settings.within}
        workers = sorted(self._settings.among) or list(await connection.scalars(_PRESENT, within))
        rows = await connection.execute(_LOADS, {"workers": workers, **within})
        busy = {row.worker: Candidate(row.worker, row.tasks, row.pieces or 0, set(row.zones)) for row in rows}
        return [busy.get(worker) or Candidate(worker) for worker in workers]
