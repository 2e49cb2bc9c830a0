"""Workers' devices lose their connection."""

from __future__ import annotations

from magacin.contracts.presence import ClientKind
from magacin.drills.drill import Delay, Proof
from magacin.drills.faults.sockets_cut import SocketsCut


class AppsCut(SocketsCut):
    """The connections of fourteen devices that are picked with break at once: all that there are."""

    proves = (
        Proof(
            alert="AppDisconnectSpike",
            severity="warning",
            service="realtime-worker",
            signal='sum(increase(websocket_disconnections_total{client="app"}[5m])) > 10',
            # A second for the gateway to tell the worker, one for the worker to count.
            moves=Delay(fixed=2),
            clears=Delay(real=300),
        ),
    )
    client = ClientKind.APP
