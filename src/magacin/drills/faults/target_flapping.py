"""A target comes and goes."""

from __future__ import annotations

from magacin.drills.drill import Delay, Drill, Proof
from magacin.drills.faults._outages import outage


class TargetFlapping(Drill):
    """The node exporter hangs and comes back, four times: never away for long, never there for long."""

    proves = (
        Proof(
            alert="ServiceDown",
            severity="critical",
            service="node-exporter",
            signal='changes(up{job="node-exporter"}[10m]) > 5',
            clears=Delay(real=600),
        ),
    )
    holds = frozenset({"node-exporter"})

    async def cause(self) -> None:
        """Suspend it again and again."""
        for _ in range(4):
            await outage(self.rig, self.scope, "node-exporter")
