"""Queries for the board: today's work, and what is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_NEWER = 50_000
"""So many operations are looked up one by one; of more, all of the day are counted anew."""

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
# The day is the database's, in its time zone.
_MOMENT = text("""
    SELECT date_trunc('day', now()) AS since, coalesce(s.place, 0) AS followed,
           (SELECT operation_id FROM tasks.operations o WHERE o.place = s.place) AS last,
           (SELECT operation_id FROM tasks.operations o WHERE o.place = :place) AS known,
           (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM tasks.operations_place_seq) AS drawn
      FROM (VALUES (true)) AS one (always) LEFT JOIN tasks.report_state s ON true
""")
# By their time, all of the day; or by their places, each looked up by its key. The limit is never reached:
# it has PostgreSQL take them in the order of their places.
_ALL = """
    tasks.{table} AS one CROSS JOIN LATERAL (
        SELECT place FROM tasks.operations p WHERE p.operation_id = one.operation_id LIMIT 1) AS o
"""
_NEWER = f"""
    (SELECT operation_id, place FROM tasks.operations
      WHERE place > :place ORDER BY place LIMIT {2 * MOST_NEWER}) AS o
    CROSS JOIN LATERAL (SELECT * FROM tasks.{{table}} t WHERE t.operation_id = o.operation_id LIMIT 1) AS one
"""  # noqa: S608  a number
# A scan is of the day on which it was made, however late it arrived: never before it was made.
_SCANS = """
    SELECT o.place <= :followed AS followed, one.worker, one.outcome, count(*) AS scans,
           sum(one.quantity)::bigint AS pieces, max(coalesce(one.picked_at, one.scanned_at)) AS last_at
      FROM {source}
     WHERE one.scanned_at >= :since AND coalesce(one.picked_at, one.scanned_at) >= :since
     GROUP BY 1, 2, 3
"""
# What was taken back is not picked, though its scan is one.
_UNDOS = """
    SELECT o.place <= :followed AS followed, one.undone_worker AS worker, sum(one.quantity)::bigint AS pieces
      FROM {source}
     WHERE one.outcome = 'undone' AND one.undone_kind = 'scan'
       AND one.undone_at >= :since AND one.undone_done_at >= :since
     GROUP BY 1, 2
"""
_OF_THE_DAY = {
    (table, newer): text(statement.format(source=(_NEWER if newer else _ALL).format(table=table)))
    for table, statement in (("scans", _SCANS), ("undos", _UNDOS))
    for newer in (False, True)
}


class BoardRepository:
    """The board's numbers in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def units(self) -> RowMapping:
        """Return lines and pieces of the open tasks and of those completed today."""
        return (await self._connection.execute(_UNITS)).mappings().one()

    async def moment(self, place: int) -> RowMapping:
        """Return when the day began, how far the reports follow, and the last place that was drawn.

        `last` is the operation to which they follow, and `known` the one that has this place.
        """
        return (await self._connection.execute(_MOMENT, {"place": place})).mappings().one()

    async def scans(self, since: datetime, followed: int, place: int | None) -> Sequence[RowMapping]:
        """Return the day's scans by worker and outcome, those that are `followed` apart from the others.

        All of them where `place` is None, else those that were recorded after that place.
        """
        return await self._of_the_day("scans", since, followed, place)

    async def undos(self, since: datetime, followed: int, place: int | None) -> Sequence[RowMapping]:
        """Return the pieces of the day that were taken back, by the worker who had picked them, likewise."""
        return await self._of_the_day("undos", since, followed, place)

    async def _of_the_day(
        self, table: str, since: datetime, followed: int, place: int | None
    ) -> Sequence[RowMapping]:
        values = {"since": since, "followed": followed} | ({} if place is None else {"place": place})
        statement = _OF_THE_DAY[table, place is not None]
        return (await self._connection.execute(statement, values)).mappings().all()
