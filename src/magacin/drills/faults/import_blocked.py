"""An import waits and does not get done."""

from __future__ import annotations

from magacin.drills.drill import IMPORTS, Delay, Drill, Proof
from magacin.drills.faults import _importing
from magacin.drills.faults._locking import lock

# Nobody may write there; reading is not kept from anybody.
_LOCK = "LOCK TABLE imports.staged_requisitions IN SHARE MODE"


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

    async def cause(self) -> None:
        """Lock it, and send a file."""
        await lock(self.rig, self.scope, _LOCK)
        self.job = await _importing.upload(self.rig, self.scope, requisitions=5)

    async def end(self) -> None:
        """Let go of the table."""
        await self.scope.stop_background()

    async def whole(self) -> list[str]:
        """The import went on where it waited."""
        return await _importing.not_complete(self.rig, self.job, requisitions=5)
