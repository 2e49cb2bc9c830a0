"""Removes entries of the audit log that are older than the site wants, some at a time.

The database does it, by a function of the log's owner: it removes nothing that is younger than a year, and
writes down that it removed something. Why so: docs/decisions/0147.
"""

from __future__ import annotations

from sqlalchemy import text

from magacin.core.db import Database
from magacin.core.metrics import from_store
from magacin.gateway.metrics import AUDIT_OLDEST, AUDIT_REMOVED

LEAST_DAYS = 365
"""What `audit.forget` insists on."""

# That many take a tenth of a second, and nobody waits for them.
_PORTION = 500
_FORGET = text("SELECT audit.forget(make_interval(days => :days), :most)")
_OLDEST = text("SELECT coalesce(extract(epoch FROM min(at)), 0)::float8 FROM audit.entries")


class Forgetting:
    """Keeps the log to so many days; `step` is for a `BackgroundLoop`, of several processes as well."""

    def __init__(self, database: Database, days: int | None) -> None:
        self._database = database
        self._days = days
        self.gauges = from_store([AUDIT_OLDEST], self._oldest)
        """Sets the gauge, before a scrape."""

    async def step(self) -> bool:
        """Remove a portion; return whether there may be more."""
        if self._days is None:
            return False
        async with self._database.begin() as connection:
            removed = await connection.scalar(_FORGET, {"days": self._days, "most": _PORTION}) or 0
        AUDIT_REMOVED.inc(removed)
        return bool(removed == _PORTION)

    async def _oldest(self) -> tuple[float]:
        async with self._database.begin() as connection:
            return (await connection.scalar(_OLDEST) or 0.0,)
