"""Reports by shift: quarters of an hour under the hours that shifts had on their day.

Of everybody and a year those are millions, so days that are over are added up once, and anew when something
of them changes (docs/decisions/0141).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES
from magacin.core.db import Database
from magacin.tasks.reports.following import ACTIVE_MINUTES, FOLLOWING, QUARTER_MINUTES

_SUMMED = (*MEASURES, *TASK_MEASURES)
_LISTED = ", ".join(_SUMMED)
SO_THEN = "{of}.since <= {day} AND ({of}.until IS NULL OR {day} < {of}.until)"
"""Of which day a row is, it is of in everything that is so by days."""


def _placed(which: str, whose: str) -> str:
    """Return the sums of quarters with their shift, of days and workers of which something is so.

    Hours begin and end at whole quarters. Where shifts overlap, a quarter is of the shift of the worker's
    team, if it works then, else of the one that began first. What went over midnight began the day before.
    """
    return f"""
    WITH began AS (
        SELECT h.shift_id, time_zone, day + make_interval(mins => h.starts) AS starts,
               day + make_interval(mins => h.ends, days => (h.ends <= h.starts)::integer) AS ends,
               CAST(day AS date) AS day
          FROM tasks.report_state,
               generate_series(CAST(:before AS date)::timestamp - interval '1 day',
                               CAST(:last AS date)::timestamp, interval '1 day') AS d (day)
          JOIN tasks.shift_hours h
            ON {SO_THEN.format(of="h", day="d.day")} AND extract(isodow FROM d.day) = ANY (h.weekdays)
    ), covered AS MATERIALIZED (
        SELECT d.day, quarter, shift_id, starts
          FROM began
          CROSS JOIN LATERAL (VALUES (began.day), (began.day + 1)) AS d (day)
          CROSS JOIN LATERAL (SELECT d.day::timestamp AT TIME ZONE time_zone AS midnight) AS m
          CROSS JOIN LATERAL generate_series(
              greatest(0, floor(extract(epoch FROM starts AT TIME ZONE time_zone - midnight)
                                / {60 * QUARTER_MINUTES})::integer),
              least(99, floor(extract(epoch FROM ends AT TIME ZONE time_zone - midnight)
                              / {60 * QUARTER_MINUTES})::integer - 1)) AS q (quarter)
         WHERE {which.format(of="d")}
    ), theirs AS MATERIALIZED (
        SELECT w.day, w.worker, ts.shift_id AS own
          FROM tasks.report_workers w
          LEFT JOIN tasks.team_members m ON m.worker = w.worker AND {SO_THEN.format(of="m", day="w.day")}
          LEFT JOIN tasks.team_shifts ts
            ON ts.team_id = m.team_id AND {SO_THEN.format(of="ts", day="w.day")}
         WHERE w.day BETWEEN :before AND :last AND {which.format(of="w")} AND {whose.format(of="w")}
    ), worked AS MATERIALIZED (
        SELECT q.day, q.quarter, own, {", ".join(f"sum({name}) AS {name}" for name in _SUMMED)},
               sum({ACTIVE_MINUTES} * bit_count(active)) AS minutes
          FROM tasks.report_quarters q JOIN theirs USING (day, worker)
         WHERE q.day BETWEEN :before AND :last AND NOT (q.day > :before_last AND q.day < :first)
           AND {which.format(of="q")} AND {whose.format(of="q")}
         GROUP BY q.day, q.quarter, own
    ), placed AS (
        SELECT DISTINCT ON (w.day, w.quarter, w.own) w.*, c.shift_id
          FROM worked w LEFT JOIN covered c ON c.day = w.day AND c.quarter = w.quarter
         ORDER BY w.day, w.quarter, w.own, (c.shift_id = w.own) DESC NULLS LAST, c.starts, c.shift_id
    )
    SELECT day, coalesce(shift_id, 0) AS shift_id, {_LISTED}, minutes FROM placed
    """  # noqa: S608  made of what stands here


def _named(sums: str) -> str:
    """Return sums with what their shift is called, and whether they are of the days that are asked for."""
    return f"""
    SELECT sums.*, coalesce(s.name, '') AS shift, sums.day >= :first AS now
      FROM ({sums}) AS sums LEFT JOIN tasks.shifts s ON s.id = sums.shift_id
    """  # noqa: S608  the same


_IS_CHANGED = "{of}.day IN (SELECT day FROM tasks.report_changed_days)"
OF_ONE = _named(_placed("true", "{of}.worker = :worker"))
"""What a report by shift of one worker is summed from."""
OF_EVERYBODY = _named(
    f"""
    SELECT day, shift_id, {_LISTED}, minutes
      FROM tasks.report_shifts r
     WHERE r.day BETWEEN :before AND :last AND NOT (r.day > :before_last AND r.day < :first)
       AND NOT {_IS_CHANGED.format(of="r")}
     UNION ALL
    ({_placed(_IS_CHANGED, "true")})
    """  # noqa: S608  the same
)
"""The same of all workers."""
NOT_ADDED_UP = "SELECT count(*) FROM tasks.report_changed_days WHERE day BETWEEN :first AND :last"

# Not yesterday: who changes the shifts of today may do so as the day ends.
_NEXT = text(
    """
    SELECT day FROM tasks.report_changed_days, tasks.report_state
     WHERE day < (now() AT TIME ZONE time_zone)::date - 1
     ORDER BY day DESC LIMIT 1
    """
)
_REMOVE = text("DELETE FROM tasks.report_shifts WHERE day = :day")
_ADD = text(
    f"""
    INSERT INTO tasks.report_shifts (day, shift_id, {_LISTED}, minutes)
    SELECT day, shift_id, {", ".join(f"sum({name})" for name in (*_SUMMED, "minutes"))}
      FROM ({_placed("true", "true")}) AS placed
     GROUP BY day, shift_id
    """  # noqa: S608  the same
)
_ADDED = text("DELETE FROM tasks.report_changed_days WHERE day = :day")


class ShiftDays:
    """Adds up days that are over; `step` is for a `BackgroundLoop`. `turn` says when it may.

    Nobody follows the ledger meanwhile: what changes a day afterwards finds it added up, and notes that.
    """

    def __init__(self, database: Database, *, turn: Callable[[], AbstractAsyncContextManager[int]]) -> None:
        self._database = database
        self._turn = turn

    async def step(self) -> bool:
        """Add up a day that has changed, the latest first; return whether there was one."""
        async with self._turn(), self._database.begin() as connection:
            await connection.execute(text(FOLLOWING))
            day: date | None = await connection.scalar(_NEXT)
            if day is not None:
                await _add_up(connection, day)
        return day is not None


async def _add_up(connection: AsyncConnection, day: date) -> None:
    await connection.execute(_REMOVE, {"day": day})
    await connection.execute(_ADD, dict.fromkeys(("before", "before_last", "first", "last"), day))
    await connection.execute(_ADDED, {"day": day})
