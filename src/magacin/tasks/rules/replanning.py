"""Has what was short picked at another location of its article: off unless the site wants it.

What has no other location that was not tried stays short, for a supervisor to decide.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from enum import StrEnum
from uuid import uuid4

import structlog
from sqlalchemy import text

from magacin.contracts.tasks.pick_tasks import Pieces, PlanIn
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import AppError, DependencyUnavailable
from magacin.tasks.planning import service
from magacin.tasks.planning.moves import Source

log = structlog.get_logger(__name__)


class ReplanShortages(StrEnum):
    """What becomes of what was short, without a supervisor."""

    NEVER = "never"
    ELSEWHERE = "elsewhere"


_LEAD = text("SELECT pg_try_advisory_xact_lock(hashtextextended('tasks.replanning', 0))")
# Shortages of the last day, once whoever reported them had time to take them back.
_SHORT = text("""
    SELECT DISTINCT found.task_id, found.line_id, found.short, found.location
      FROM (SELECT l.task_id, l.id AS line_id, l.short,
                   (SELECT o.code
                      FROM tasks.article_locations p JOIN tasks.locations o ON o.id = p.location_id
                     WHERE p.article_id = l.article_id
                       AND NOT EXISTS (SELECT FROM tasks.task_lines k
                                        WHERE k.requisition_line_id = l.requisition_line_id
                                          AND k.location_id = o.id)
                     ORDER BY o.sequence, o.code
                     LIMIT 1) AS location
              FROM tasks.shortages s
              JOIN tasks.task_lines l ON l.id = s.line_id
              JOIN tasks.pick_tasks t ON t.id = l.task_id
             WHERE s.outcome = 'reported' AND l.short > 0 AND t.status <> 'cancelled'
               AND coalesce(s.picked_at, s.created_at) > now() - interval '1 day'
               AND s.created_at < now() - CAST(:after AS interval)) AS found
     WHERE found.location IS NOT NULL
     ORDER BY found.task_id, found.line_id
     LIMIT 200
""")


class Replanning:
    """Plans anew what can be. `step` is for a `BackgroundLoop`."""

    def __init__(self, database: Database, after: timedelta) -> None:
        self._database = database
        self._after = after

    async def step(self) -> bool:
        """Plan what was short long enough; return False, the rest waits."""
        async with self._database.begin() as connection:
            if not await connection.scalar(_LEAD):
                return False
            rows = (await connection.execute(_SHORT, {"after": self._after})).all()
            plans: dict[tuple[int, str], list[Pieces]] = defaultdict(list)
            for row in rows:
                plans[row.task_id, row.location].append(Pieces(line_id=row.line_id, quantity=row.short))
            for (task_id, location), lines in plans.items():
                await self._plan(task_id, location, lines)
        return False

    async def _plan(self, task_id: int, location: str, lines: list[Pieces]) -> None:
        plan = PlanIn(lines=lines, location=location, operation_id=uuid4())
        try:
            made = await service.move(self._database, task_id, plan, Source.SHORT, None, audit.SYSTEM)
        except DependencyUnavailable:
            raise
        except AppError as error:  # somebody planned it, or took it back, since it was looked for
            log.info("not_replanned", task_id=task_id, location=location, reason=error.code)
        else:
            log.info("replanned", task_id=task_id, location=location, to_task=made.target.task_id)
