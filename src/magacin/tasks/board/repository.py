"""Queries for the board: today's work, and what is open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

# Tasks that are closed and not of today are history: the board stays as fast as the day is long.
_UNITS = text("""
    SELECT count(*) AS lines_required,
           count(*) FILTER (WHERE l.picked + l.short = l.required) AS lines_complete,
           coalesce(sum(l.required), 0) AS units_required,
           coalesce(sum(l.picked), 0) AS units_picked,
           coalesce(sum(l.short), 0) AS units_short
      FROM tasks.pick_tasks t
      JOIN tasks.task_lines l ON l.task_id = t.id
     WHERE t.status IN ('open', 'assigned', 'in_progress')
        OR (t.status = 'completed' AND t.completed_at >= date_trunc('day', now()))
""")
# A scan is of the day on which it was made, however late it arrived: never before it was made.
_OUTCOMES = text("""
    SELECT outcome, count(*) AS scans FROM tasks.scans
     WHERE scanned_at >= date_trunc('day', now())
       AND coalesce(picked_at, scanned_at) >= date_trunc('day', now())
     GROUP BY outcome
""")
# What was taken back is not picked, though its scan is one.
_WORKERS = text("""
    SELECT s.worker,
           coalesce(sum(s.quantity)
                        FILTER (WHERE s.outcome IN ('picked', 'line_complete', 'task_complete')), 0)
               - coalesce(max(undone.quantity), 0) AS picked,
           count(*) FILTER (WHERE s.outcome NOT IN ('picked', 'line_complete', 'task_complete')) AS refused,
           max(coalesce(s.picked_at, s.scanned_at)) AS last_scan_at
      FROM tasks.scans s
      LEFT JOIN (SELECT undone_worker AS worker, sum(quantity) AS quantity
                   FROM tasks.undos
                  WHERE outcome = 'undone' AND undone_kind = 'scan'
                    AND undone_at >= date_trunc('day', now()) AND undone_done_at >= date_trunc('day', now())
                  GROUP BY undone_worker) undone ON undone.worker = s.worker
     WHERE s.scanned_at >= date_trunc('day', now())
       AND coalesce(s.picked_at, s.scanned_at) >= date_trunc('day', now())
     GROUP BY s.worker ORDER BY picked DESC, s.worker LIMIT 50
""")


class BoardRepository:
    """The board's numbers in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def units(self) -> RowMapping:
        """Return lines and pieces of the open tasks and of those completed today."""
        return (await self._connection.execute(_UNITS)).mappings().one()

    async def outcomes(self) -> dict[str, int]:
        """Return today's scans by outcome. The day is the database's, in its time zone."""
        return {row.outcome: row.scans for row in await self._connection.execute(_OUTCOMES)}

    async def workers(self) -> Sequence[RowMapping]:
        """Return what each worker did today, the busiest first."""
        return (await self._connection.execute(_WORKERS)).mappings().all()
