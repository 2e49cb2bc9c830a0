"""A task is past its due time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from magacin.drills.drill import Drill, Proof
from magacin.drills.traffic import new_task


class TaskOverdue(Drill):
    """A task was due a minute ago, and nobody has finished it."""

    proves = (
        Proof(
            alert="PickTaskOverdue",
            severity="warning",
            service="task-service",
            signal="max(pick_tasks_overdue) > 0",
        ),
    )
    uses = frozenset({"postgres", "task-service", "api-gateway"})

    async def cause(self) -> None:
        """Make it."""
        number = self.rig.number(self.name)
        self.scope.remember("cancel", "cancel the task that is overdue", numbers=[number])
        due = datetime.now(UTC) - timedelta(minutes=1)
        await new_task(self.rig.person, number, due.isoformat())
