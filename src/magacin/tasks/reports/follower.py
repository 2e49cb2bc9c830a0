"""Follows the ledger: what was recorded is added to the sums of its day, once, however often this is killed.

Operations are numbered as they are written and seen as they are committed, in another order. A number may be
followed once nobody who could have drawn a lower one still writes. Why so: docs/decisions/0135.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import structlog
from prometheus_client import Gauge

from magacin.core.db import Database, Direct
from magacin.core.metrics import from_store
from magacin.tasks.reports.following import (
    AT_ONCE,
    BEGIN,
    DRAWN,
    EMPTY,
    EMPTY_FROM,
    FOLLOW,
    FOLLOW_TASKS,
    FORGET,
    HAS_REMOVED,
    LAG,
    LEAD,
    NOTE_TASKS,
    STATE,
    WRITERS,
)

log = structlog.get_logger(__name__)

# Operations in a step: what is so many takes PostgreSQL under a second, also on a busy machine.
_MOST = 2_000


class _Horizon(NamedTuple):
    """The last number that was drawn at one moment, and who was writing then."""

    drawn: int
    writers: frozenset[str]


class Follower:
    """Keeps the sums of reports up; `step` is for a `BackgroundLoop`.

    `zone` is the time zone of the site's days. `turn` says how much may be done now. With several processes
    one follows at a time: the lock is taken for one step and given back with its transaction, so that one
    that dies cannot keep it.
    """

    def __init__(
        self,
        database: Database,
        *,
        zone: str,
        turn: Callable[[], AbstractAsyncContextManager[int]],
        lag: Gauge,
    ) -> None:
        self._database = database
        self._zone = zone
        self._turn = turn
        self._horizon: _Horizon | None = None
        self._safe = 0
        self.gauges = from_store([lag], self.lag)
        """Sets the gauge, before a scrape."""

    async def step(self) -> bool:
        """Follow a piece of what was recorded; return whether there is more that can be followed now.

        All of it is one transaction: the sums, and how far they follow.
        """
        async with self._turn() as turn, self._database.begin_direct() as direct:
            most = min(turn, _MOST)
            ((leads,),) = await direct.fetch(LEAD, {})
            if not leads:
                return False
            place = await self._place(direct)
            if place is None:
                await self._begin(direct)
                return True
            horizon = await self._find_horizon(direct)
            values = {"place": place, "horizon": horizon, "most": most, "zone": self._zone}
            ((followed,),) = await direct.fetch(FOLLOW, values)
            ((turned,),) = await direct.fetch(FOLLOW_TASKS, values)
        return bool(followed == most or turned == most)

    async def lag(self) -> tuple[float]:
        """Return how long ago the first that is not followed was recorded, in seconds; 0 where all is."""
        async with self._database.begin_direct() as direct:
            ((seconds,),) = await direct.fetch(LAG, {})
        return (seconds or 0.0,)

    async def _place(self, direct: Direct) -> int | None:
        """Return how far the sums follow; None where there are none of this time zone."""
        for row in await direct.fetch(STATE, {}):
            if row["time_zone"] == self._zone:
                return int(row["place"])
        return None

    async def _begin(self, direct: Direct) -> None:
        """Have all that is recorded followed from the beginning. Where sums are many, a step empties some."""
        await direct.fetch(FORGET, {})
        if await self._emptied(direct):
            log.info("reports_begun", time_zone=self._zone)
            await direct.fetch(NOTE_TASKS, {})
            await direct.fetch(BEGIN, {"zone": self._zone})

    async def _emptied(self, direct: Direct) -> bool:
        """Empty the sums, but for those of days whose scans were removed; tell whether that is done."""
        ((has_removed,),) = await direct.fetch(HAS_REMOVED, {})
        if not has_removed:
            await direct.fetch(EMPTY, {})
            return True
        for statement in EMPTY_FROM:
            ((gone,),) = await direct.fetch(statement, {})
            if gone == AT_ONCE:
                return False
        return True

    async def _find_horizon(self, direct: Direct) -> int:
        """Return the last number up to which all that there will ever be is committed.

        Waits for nobody: who wrote when the last number was looked at is looked for again at the next step.
        """
        candidate = self._horizon
        if candidate is None:
            # The number first: who has drawn a lower one writes by then, or is committed.
            ((drawn,),) = await direct.fetch(DRAWN, {})
            candidate = _Horizon(drawn, await self._writers(direct))
            still = candidate.writers
        else:
            still = candidate.writers & await self._writers(direct)
        if still:
            self._horizon = candidate
            return self._safe
        self._horizon, self._safe = None, candidate.drawn
        return self._safe

    async def _writers(self, direct: Direct) -> frozenset[str]:
        return frozenset(row["virtualtransaction"] for row in await direct.fetch(WRITERS, {}))
