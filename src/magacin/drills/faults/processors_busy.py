"""A machine has no processor time left."""

from __future__ import annotations

from magacin.drills.arrangements import DOCTORED_PROC
from magacin.drills.drill import Delay, Drill, Proof


class ProcessorsBusy(Drill):
    """The node exporter reads of a machine whose processors are never idle. Nobody's time is taken."""

    proves = (
        Proof(
            alert="HighCPUUsage",
            severity="warning",
            service="node-exporter",
            signal="instance:node_cpu_utilisation:rate5m > 0.9",
            # Of five minutes, more than nine tenths have to be busy.
            moves=Delay(real=300),
            clears=Delay(real=60),
        ),
    )
    uses = frozenset({"node-exporter"})
    needs = frozenset({DOCTORED_PROC})
    first = 50

    async def cause(self) -> None:
        """Say so in its /proc/stat."""
        self.rig.machine.processors_busy = True

    async def end(self) -> None:
        """Say that they have little to do."""
        self.rig.machine.processors_busy = False
