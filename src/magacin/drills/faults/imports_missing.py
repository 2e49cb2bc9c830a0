"""No orders come in."""

from __future__ import annotations

import asyncio

from magacin.drills.arrangements import WORKING_TIME
from magacin.drills.drill import DELIVERIES, IMPORTS, RULES, Delay, Drill, Proof
from magacin.drills.faults import _importing
from magacin.drills.files import with_setting

# A working day is more than a drill can wait for, so that the limit is what changes.
_LIMIT_SECONDS = 300.0


class ImportsMissing(Drill):
    """Nothing is imported for longer than settings.yml allows, which for this drill is five minutes."""

    proves = (
        Proof(
            alert="ImportsStale",
            severity="warning",
            service="import-service",
            signal="site:import_age:working_seconds > 300",
            seconds=frozenset({"300"}),
            moves=Delay(real=_LIMIT_SECONDS + 30),
            clears=Delay(real=30),
        ),
    )
    holds = frozenset({IMPORTS})
    uses = frozenset(
        {DELIVERIES, RULES, "import-service", "postgres", "redis", "task-service", "api-gateway"}
    )
    needs = frozenset({WORKING_TIME})

    async def prepare(self) -> None:
        """Import a file: a warehouse that has never imported misses nothing."""
        await self._import()

    async def _import(self) -> None:
        job = await _importing.upload(self.rig, self.scope, requisitions=1)
        await _importing.finished(self.rig, job)

    async def cause(self) -> None:
        """Set the limit, and send nothing."""
        await self.scope.edit("orders are missed sooner", self._sooner, "prometheus")

    def _sooner(self, files: dict[str, str]) -> dict[str, str]:
        hours = format(self.timing.scaled(_LIMIT_SECONDS) / 3600, ".9f")
        return with_setting(files, "import_max_hours", hours)

    async def resolve(self) -> None:
        """Orders come in again."""
        await self._import()
        await asyncio.Event().wait()
