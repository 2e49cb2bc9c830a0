"""Screens lose their connection."""

from __future__ import annotations

from magacin.drills.drill import REGISTRY, Delay, Drill, Proof
from magacin.drills.people import Screens

SCREENS = 14
SIGNAL = "sum(increase(websocket_disconnections_total[5m])) > 10"


@REGISTRY.add
class SocketsCut(Drill):
    """The connections of fourteen screens break at once, as when an access point fails."""

    name = "sockets-cut"
    proves = (
        Proof(
            alert="WebSocketDisconnectSpike",
            severity="warning",
            service="realtime-worker",
            signal=SIGNAL,
            # A second for the gateway to tell the worker, one for the worker to count.
            moves=Delay(fixed=2),
            clears=Delay(real=300),
        ),
    )
    uses = frozenset({"api-gateway", "realtime-worker", "redis", "postgres"})
    holds = frozenset({"sockets"})

    async def prepare(self) -> None:
        """Connect them."""
        self.screens = Screens(self.bench.person, SCREENS)
        self.scope.screens.append(self.screens)
        await self.screens.open()

    async def cause(self) -> None:
        """Break the connections without a goodbye."""
        await self.screens.cut()
