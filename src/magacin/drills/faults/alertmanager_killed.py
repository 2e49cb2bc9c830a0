"""Alertmanager dies."""

from __future__ import annotations

from magacin.drills.drill import ALERTMANAGER, ROUTES, Delay, Drill, Proof

# It is started again and reads its state; that takes no time that can be set.
_STARTS = Delay(fixed=5)


class AlertmanagerKilled(Drill):
    """Alertmanager is killed: alerts get lost, and heartbeats stop. What fired is told when it is back."""

    proves = (
        Proof(
            alert="AlertmanagerUnreachable",
            severity="critical",
            service="prometheus",
            signal="increase(prometheus_notifications_dropped_total[2m]) > 0",
            # The Watchdog is sent again at the first evaluation that comes more than a minute later, and is
            # then what gets lost.
            moves=Delay(real=75),
            # The rule's window.
            clears=Delay(real=120),
            returns=_STARTS,
        ),
        Proof(
            alert="Watchdog", severity="none", service="prometheus", signal="", clears=Delay(real=60, fixed=5)
        ),
    )
    holds = frozenset({ALERTMANAGER, ROUTES})
    keeps = frozenset({ROUTES})
    ends_when_firing = True

    async def cause(self) -> None:
        """Kill it, and keep it down."""
        await self.scope.kill_part("alertmanager")
