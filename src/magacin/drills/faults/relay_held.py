"""Events do not leave an outbox."""

from __future__ import annotations

import asyncio
from typing import Any

from magacin.drills.drill import EVENTS, RELAY, Delay, Drill, Proof
from magacin.drills.faults._locking import lock
from magacin.drills.rig import Rig
from magacin.drills.traffic import new_task

LOCK = "SELECT pg_advisory_lock(hashtextextended('tasks.outbox', 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('tasks.outbox', 0))"


class RelayHeld(Drill):
    """Another relay holds the outbox's lock and does nothing, as one does that hangs."""

    proves = (
        Proof(
            alert="OutboxLag",
            severity="warning",
            service="task-service",
            signal='outbox_oldest_age_seconds{service="task-service"} > 60',
            seconds=frozenset({"60"}),  # an age, which grows while the fault lasts
            moves=Delay(real=60),
        ),
    )
    holds = frozenset({RELAY, EVENTS})
    keeps = frozenset({"postgres", "task-service"})
    first = 54
    uses = frozenset({"postgres", "task-service", "api-gateway", "redis"})

    async def prepare(self) -> None:
        """Make a task whose events there are going to be."""
        self.task = await new_task(self.rig.person, self.rig.number(self.name))

    async def cause(self) -> None:
        """Take the lock, and have something happen."""
        await lock(self.rig, self.scope, LOCK)
        await happen(self.rig, self.task)

    async def end(self) -> None:
        """Let go of the lock."""
        await self.scope.stop_background()

    async def whole(self) -> list[str]:
        """Everything that waited was relayed."""
        for _ in range(60):
            async with self.rig.database() as connection:
                waiting = await connection.fetchval("SELECT count(*) FROM tasks.outbox")
            if not waiting:
                return []
            await asyncio.sleep(0.5)
        return [f"{waiting} events still wait in the outbox"]


async def happen(rig: Rig, task: dict[str, Any]) -> None:
    """Have one event happen that is no scan: a task is taken from its worker, or given back."""
    workers = [] if task["workers"] else [rig.person.name]
    body = {"workers": workers}
    task |= await rig.person.must("POST", f"/api/tasks/{task['task_id']}/assign", body)
