"""A machine runs out of memory."""

from __future__ import annotations

from magacin.drills.arrangements import DOCTORED_PROC
from magacin.drills.drill import Drill, Proof


class MemoryFull(Drill):
    """The node exporter reads of a machine with 96% of its memory in use. Nobody's memory is taken."""

    proves = (
        Proof(
            alert="HighMemoryUsage",
            severity="warning",
            service="node-exporter",
            signal="node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1",
        ),
    )
    uses = frozenset({"node-exporter"})
    needs = frozenset({DOCTORED_PROC})

    async def cause(self) -> None:
        """Say so in its /proc/meminfo."""
        self.rig.machine.memory_full = True

    async def end(self) -> None:
        """Say that there is enough."""
        self.rig.machine.memory_full = False
