"""Removes scans that are older than the site wants to keep, some at a time. Off unless the site says how old.

Whole months go, and only scans of tasks that were closed before the month that is the first to be kept. What
reports are made of stays: sums of days that were counted, and the id of every operation, so that what is sent
again is known and not counted again. Why so: docs/decisions/0148.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.metrics import from_store
from magacin.tasks.metrics import OLDEST_SCAN, SCANS_REMOVED
from magacin.tasks.reports.following import LEAD as LEAD_OF_REPORTS

log = structlog.get_logger(__name__)

LEAST_MONTHS = 13
"""Whoever looks at a month can look at the same month of the year before."""

# So many take some hundredths of a second.
_PORTION = 500

# What stays is looked at again after this, and no more often.
_REST_SECONDS = 3_600.0

_LEAD = text("SELECT pg_try_advisory_xact_lock(hashtextextended('tasks.scan_retention', 0))")
_FIRST_DAY = "date_trunc('month', now() AT TIME ZONE CAST(:zone AS text)) - make_interval(months => :months)"
_CUT = f"({_FIRST_DAY}) AT TIME ZONE CAST(:zone AS text)"
_IS_DUE = text(f"""
    SELECT EXISTS (SELECT FROM tasks.scans WHERE scanned_at < {_CUT})
       AND NOT EXISTS (SELECT FROM tasks.scan_retention WHERE removed_before >= {_CUT})
""")  # noqa: S608  made of what stands above
# Only where the sums follow as far as they ever did, and have every task that was closed before it.
_ADVANCE = text(f"""
    INSERT INTO tasks.scan_retention AS kept (removed_before, first_day, place)
    SELECT cut.at, ({_FIRST_DAY})::date, s.place
      FROM tasks.report_state s CROSS JOIN LATERAL (SELECT {_CUT} AS at) cut
     WHERE s.time_zone = CAST(:zone AS text)
       AND s.place >= coalesce((SELECT place FROM tasks.scan_retention), 0)
       AND NOT EXISTS (SELECT FROM tasks.task_turns n JOIN tasks.pick_tasks t ON t.id = n.task_id
                        WHERE t.completed_at < cut.at)
       AND NOT EXISTS (SELECT FROM tasks.requisition_turns n JOIN tasks.pick_tasks t ON t.id = n.task_id
                        WHERE t.completed_at < cut.at)
    ON CONFLICT (one) DO UPDATE
       SET removed_before = excluded.removed_before, first_day = excluded.first_day, place = excluded.place
    RETURNING removed_before
""")  # noqa: S608  the same
# Of a site that keeps more by now, what it keeps by now stays.
_BEFORE = text(f"SELECT least(removed_before, {_CUT}) FROM tasks.scan_retention")  # noqa: S608  the same

_NEXT = text("""
    SELECT operation_id, task_id, scanned_at FROM tasks.scans
     WHERE scanned_at < :before
       AND (scanned_at, operation_id) > (coalesce(CAST(:after_at AS timestamptz), '-infinity'),
                                         coalesce(CAST(:after_id AS uuid), CAST(:none AS uuid)))
     ORDER BY scanned_at, operation_id
     LIMIT :most
""")
# By arrays, of which PostgreSQL takes it that they are short: of a limit that it does not know it expects a
# tenth of all, and reads all ids that there ever were.
#
# A task goes whole, and with all that belongs to its requisitions: what came of them is told of all of it.
_REMOVE = text("""
    WITH closed AS MATERIALIZED (
        SELECT t.id FROM tasks.pick_tasks t
         WHERE t.id = ANY (:tasks) AND t.status IN ('completed', 'cancelled') AND t.completed_at < :before
           AND (t.status = 'cancelled'
                OR EXISTS (SELECT FROM tasks.report_tasks k, tasks.scan_retention r
                            WHERE k.task_id = t.id AND k.day < r.first_day))
           AND NOT EXISTS (SELECT FROM tasks.task_requisitions own
                             JOIN tasks.task_requisitions other USING (requisition_id)
                             JOIN tasks.pick_tasks o ON o.id = other.task_id
                            WHERE own.task_id = t.id
                              AND NOT (o.status IN ('completed', 'cancelled')
                                       AND coalesce(o.completed_at < :before, false)))
    )
    DELETE FROM tasks.scans s
     WHERE s.operation_id = ANY (:ids) AND s.task_id IN (SELECT id FROM closed)
       AND (SELECT place FROM tasks.operations WHERE operation_id = s.operation_id)
           <= (SELECT place FROM tasks.scan_retention)
       AND coalesce((SELECT o.place FROM tasks.undos u JOIN tasks.operations o USING (operation_id)
                      WHERE u.undoes = s.operation_id AND u.outcome = 'undone'), 0)
           <= (SELECT place FROM tasks.scan_retention)
    RETURNING operation_id
""")
_REMOVE_UNDONE = text("DELETE FROM tasks.undos WHERE undoes = ANY (:ids) AND outcome = 'undone'")
# What never counted: nothing is made of it.
_REMOVE_REFUSED = (
    text("""
        WITH gone AS (
            DELETE FROM tasks.undos WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM tasks.undos WHERE outcome <> 'undone' AND undone_at < :before
                 ORDER BY undone_at LIMIT :most))
            RETURNING 1
        )
        SELECT count(*) FROM gone
    """),
    text("""
        WITH gone AS (
            DELETE FROM tasks.refusals WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM tasks.refusals WHERE refused_at < :before ORDER BY refused_at LIMIT :most))
            RETURNING 1
        )
        SELECT count(*) FROM gone
    """),
)
_OLDEST = text("SELECT coalesce(extract(epoch FROM min(scanned_at)), 0)::float8 FROM tasks.scans")


class Retention:
    """Keeps scans for so many whole months; `step` is for a `BackgroundLoop`, of several processes as well.

    `zone` is the time zone of the site's days. `turn` says how many may be looked at now. All of a step is
    one transaction: killed at any point, it is done or not done, and the next one goes on.
    """

    def __init__(
        self,
        database: Database,
        *,
        months: int | None,
        zone: str,
        turn: Callable[[], AbstractAsyncContextManager[int]],
    ) -> None:
        self._database = database
        self._months = months
        self._zone = zone
        self._turn = turn
        self._last: Row[Any] | None = None
        """The scan that was looked at last; those after it come next."""
        self._rests_until = -math.inf
        self.gauges = from_store([OLDEST_SCAN], self._oldest)
        """Sets the gauge, before a scrape."""

    async def step(self) -> bool:
        """Remove a portion of what is too old; return whether there may be more."""
        if self._months is None:
            return False
        async with self._turn() as turn, self._database.begin() as connection:
            if not await connection.scalar(_LEAD):
                return False
            before = await self._before(connection)
            if before is None or time.monotonic() < self._rests_until:
                return False
            most = min(turn, _PORTION)
            seen = await self._next(connection, before, most)
            removed = await _remove(connection, before, seen) if seen else 0
            refused = 0 if seen else await _remove_refused(connection, before, most)
        SCANS_REMOVED.inc(removed)
        if seen or refused == most:
            self._last = seen[-1] if seen else self._last
            return True
        # What is left is of tasks that were not closed by then, or not in the reports yet.
        self._last, self._rests_until = None, time.monotonic() + _REST_SECONDS
        return False

    async def _before(self, connection: AsyncConnection) -> datetime | None:
        """Return before which time scans may be removed; None for none."""
        wanted = {"zone": self._zone, "months": self._months}
        if await connection.scalar(_IS_DUE, wanted) and await connection.scalar(text(LEAD_OF_REPORTS.sql)):
            before = await connection.scalar(_ADVANCE, wanted)
            if before is not None:
                what = {"before": before.isoformat(), "months": self._months}
                entry = audit.Entry(Action.SCANS_REMOVED, "scans", "old", after=what)
                await audit.record(connection, audit.SYSTEM, entry)
                log.info("scan_retention_advanced", **what)
        found: datetime | None = await connection.scalar(_BEFORE, wanted)
        return found

    async def _next(self, connection: AsyncConnection, before: datetime, most: int) -> Sequence[Row[Any]]:
        last = self._last
        values = {
            "before": before,
            "after_at": last.scanned_at if last else None,
            "after_id": last.operation_id if last else None,
            "none": UUID(int=0),
            "most": most,
        }
        return (await connection.execute(_NEXT, values)).all()

    async def _oldest(self) -> tuple[float]:
        async with self._database.begin() as connection:
            return (await connection.scalar(_OLDEST) or 0.0,)


async def _remove(connection: AsyncConnection, before: datetime, seen: Sequence[Row[Any]]) -> int:
    """Remove what may go of some scans, and what took it back; return how many scans that were."""
    values = {
        "before": before,
        "ids": [one.operation_id for one in seen],
        "tasks": list({one.task_id for one in seen}),
    }
    gone = list(await connection.scalars(_REMOVE, values))
    if gone:
        await connection.execute(_REMOVE_UNDONE, {"ids": gone})
    return len(gone)


async def _remove_refused(connection: AsyncConnection, before: datetime, most: int) -> int:
    values = {"before": before, "most": most}
    return max([await connection.scalar(one, values) or 0 for one in _REMOVE_REFUSED])
