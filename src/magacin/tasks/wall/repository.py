"""Queries for the wall: open work, and the sums of today. None of them reads scans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.reports.following import ACTIVE_MINUTES

_RECENT_SLOTS = 60 // ACTIVE_MINUTES

# What a task has to wait for: what is begun, and what is offered before it.
_WORK = text("""
    WITH unfinished AS (
        SELECT t.id, t.status, t.held, t.priority, coalesce(t.due_at, due.at) AS due, work.pieces
          FROM tasks.pick_tasks t
          CROSS JOIN LATERAL (
                SELECT coalesce(sum(l.required - l.picked - l.short), 0) AS pieces
                  FROM tasks.task_lines l WHERE l.task_id = t.id) AS work
          LEFT JOIN LATERAL (
                SELECT min(r.due_at) AS at
                  FROM tasks.task_requisitions s JOIN tasks.requisitions r ON r.id = s.requisition_id
                 WHERE s.task_id = t.id) AS due ON true
         WHERE t.status IN ('open', 'assigned', 'in_progress')
    ), ordered AS (
        SELECT *, status = 'in_progress' AS begun, status <> 'in_progress' AND NOT held AS waits,
               sum(pieces) FILTER (WHERE NOT held OR status = 'in_progress') OVER (
                   ORDER BY status = 'in_progress' DESC, priority DESC, due NULLS LAST, id) AS ahead
          FROM unfinished
    )
    SELECT count(*) FILTER (WHERE waits) AS queue_tasks,
           coalesce(sum(pieces) FILTER (WHERE waits), 0)::bigint AS queue_pieces,
           count(*) FILTER (WHERE begun) AS begun_tasks,
           coalesce(sum(pieces) FILTER (WHERE begun), 0)::bigint AS begun_pieces,
           count(*) FILTER (WHERE due < now()) AS late,
           count(*) FILTER (WHERE due >= now() AND (begun OR waits)
                              AND ahead * 3600.0 / CAST(:pace AS float8)
                                  > extract(epoch FROM due - now())) AS will_be_late
      FROM ordered
""")
_DAY = text(f"""
    SELECT coalesce(sum(pieces), 0)::bigint AS pieces, coalesce(sum(lines), 0)::bigint AS lines,
           coalesce(sum(tasks), 0)::bigint AS tasks,
           coalesce({ACTIVE_MINUTES} * bit_count(bit_or(active)), 0)::integer AS minutes
      FROM tasks.report_workers WHERE day = :day
""")  # noqa: S608  a number
# `slot` is the one that it is now, from 1.
_PEOPLE = text(f"""
    SELECT worker, pieces, {ACTIVE_MINUTES} * bit_count(active)::integer AS minutes
      FROM tasks.report_workers
     WHERE day = :day
       AND bit_count(substring(active FROM greatest(1, CAST(:slot AS integer) - {_RECENT_SLOTS})
                                      FOR {_RECENT_SLOTS + 1})) > 0
     ORDER BY worker LIMIT 200
""")  # noqa: S608  the same
_NOW = text(f"""
    SELECT now() AS at, day,
           floor(extract(epoch FROM now() - day::timestamp AT TIME ZONE CAST(:zone AS text))
                 / {60 * ACTIVE_MINUTES})::integer + 1 AS slot
      FROM (SELECT (now() AT TIME ZONE CAST(:zone AS text))::date AS day) AS today
""")  # noqa: S608  the same


class WallRepository:
    """The wall's figures in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def now(self, zone: str) -> RowMapping:
        """Return the moment, the day that it is in a time zone, and which five minutes of that day."""
        return (await self._connection.execute(_NOW, {"zone": zone})).mappings().one()

    async def work(self, pace: float | None) -> RowMapping:
        """Return what is open, and what will be late at a pace in pieces an hour."""
        return (await self._connection.execute(_WORK, {"pace": pace})).mappings().one()

    async def day(self, day: date) -> RowMapping:
        """Return what was done on a day, and the minutes in which anybody worked."""
        return (await self._connection.execute(_DAY, {"day": day})).mappings().one()

    async def people(self, day: date, slot: int) -> Sequence[RowMapping]:
        """Return who was at work in the last hour by name, with what they did on the day."""
        return (await self._connection.execute(_PEOPLE, {"day": day, "slot": slot})).mappings().all()
