"""Prometheus dies."""

from __future__ import annotations

from magacin.drills.drill import PROMETHEUS, RULES, Delay, Drill, Proof


class PrometheusKilled(Drill):
    """Prometheus is killed: no alert can fire any more, and only the heartbeat's end can tell."""

    proves = (
        Proof(
            alert="Watchdog",
            severity="none",
            service="prometheus",
            signal="",
            # Starting, reading its log of samples, the first evaluation.
            clears=Delay(real=15, fixed=8),
        ),
    )
    holds = frozenset({PROMETHEUS, RULES})

    async def cause(self) -> None:
        """Kill it, and keep it down."""
        await self.scope.kill_part("prometheus")
