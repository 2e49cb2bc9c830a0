"""Screens lose their connection."""

from __future__ import annotations

from typing import ClassVar

from magacin.contracts.presence import ClientKind
from magacin.drills.drill import Delay, Drill, Proof
from magacin.drills.people import Screens

SCREENS = 14


def spike(seen_after: float) -> Proof:
    """Return what must come of many sockets lost, which are counted after so many seconds."""
    return Proof(
        alert="WebSocketDisconnectSpike",
        severity="warning",
        service="realtime-worker",
        signal='sum(increase(websocket_disconnections_total{client!="app"}[5m])) > 10',
        moves=Delay(fixed=seen_after),
        clears=Delay(real=300),
    )


class SocketsCut(Drill):
    """The connections of fourteen screens break at once, as when an access point fails."""

    # A second for the gateway to tell the worker, one for the worker to count.
    proves = (spike(2),)
    uses = frozenset({"api-gateway", "realtime-worker", "redis", "postgres"})
    holds = frozenset({"sockets"})
    client: ClassVar = ClientKind.OTHER

    async def prepare(self) -> None:
        """Connect them."""
        self.screens = Screens(self.rig.person, SCREENS, self.client)
        self.scope.screens.append(self.screens)
        await self.screens.open()

    async def cause(self) -> None:
        """Break the connections without a goodbye."""
        await self.screens.cut()
