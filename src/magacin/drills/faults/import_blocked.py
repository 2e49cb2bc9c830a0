"""An import waits and does not get done."""

from __future__ import annotations

import asyncio

from magacin.drills.drill import IMPORTS, Delay, Drill, Proof
from magacin.drills.faults import _importing

# Nobody may write there; reading is not kept from anybody.
_LOCK = "LOCK TABLE imports.staged_lines IN SHARE MODE"


class ImportBlocked(Drill):
    """Somebody has a table of the Import Service locked, and an import waits for it."""

    proves = (
        Proof(
            alert="ImportQueueStuck",
            severity="warning",
            service="import-service",
            signal="import_queue_depth > 0",
            # What was finished before has to leave the window of the rule first.
            moves=Delay(real=900),
            clears=Delay(fixed=3),
        ),
    )
    holds = frozenset({IMPORTS})
    uses = frozenset({"import-service", "postgres", "redis", "task-service", "api-gateway"})
    first = 70

    async def prepare(self) -> None:
        """Nothing is locked yet."""
        self.locked = asyncio.Event()
        self.over = asyncio.Event()

    async def cause(self) -> None:
        """Lock it, and send a file."""
        self.scope.spawn(self._lock())
        await asyncio.wait_for(self.locked.wait(), 30)
        self.job = await _importing.upload(self.rig, self.scope, requisitions=5)

    async def _lock(self) -> None:
        # Should this process be killed, the server ends the session, and the lock with it.
        async with self.rig.database() as connection, connection.transaction():
            await connection.execute(_LOCK)
            self.locked.set()
            await self.over.wait()

    async def end(self) -> None:
        """Let go of the table."""
        self.over.set()

    async def whole(self) -> list[str]:
        """The import went on where it waited."""
        return await _importing.not_complete(self.rig, self.job, requisitions=5)
