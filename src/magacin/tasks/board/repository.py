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
_OUTCOMES = text("""
    SELECT outcome, count(*) AS scans FROM tasks.scans
     WHERE scanned_at >= date_trunc('day', now()) GROUP BY outcome
""")
_WORKERS = text("""
    SELECT worker,
           coalesce(sum(quantity) FILTER (WHERE outcome IN ('picked', 'line_complete', 'task_complete')), 0)
               AS picked,
           count(*) FILTER (WHERE outcome NOT IN ('picked', 'line_complete', 'task_complete')) AS refused,
           max(scanned_at) AS last_scan_at
      FROM tasks.scans
     WHERE scanned_at >= date_trunc('day', now())
     GROUP BY worker ORDER BY picked DESC, worker LIMIT 50
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
