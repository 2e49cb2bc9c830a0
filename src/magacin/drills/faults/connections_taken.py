"""PostgreSQL runs out of connections."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

import asyncpg

from magacin.drills.drill import Delay, Drill, Proof

_SHARE = 0.86


class ConnectionsTaken(Drill):
    """Somebody opens connections and does not close them, until 86% of them are taken."""

    proves = (
        Proof(
            alert="PostgresConnectionsHigh",
            severity="warning",
            service="postgres",
            signal="sum(pg_stat_activity_count) / max(pg_settings_max_connections) > 0.8",
            moves=Delay(fixed=1),
        ),
    )
    uses = frozenset({"postgres", "postgres-exporter"})

    async def prepare(self) -> None:
        """None are open yet."""
        self.connections = AsyncExitStack()

    async def cause(self) -> None:
        """Open them, and more when others close theirs, as a service does that ends."""
        await self._open()
        self.scope.spawn(self._go_on())

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self.timing.scrape)
            # Where none is left to ask with, there is nothing to be added either.
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._open()

    async def _open(self) -> None:
        async with self.rig.database() as connection:
            most = int(await connection.fetchval("SHOW max_connections"))
            taken = int(
                await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")
            )
        for _ in range(max(0, round(most * _SHARE) - taken)):
            await self.connections.enter_async_context(self.rig.database())

    async def end(self) -> None:
        """Close them. Should this process be killed, the server does it."""
        try:
            await self.scope.stop_background()
        finally:
            await self.connections.aclose()
