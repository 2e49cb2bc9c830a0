"""A gateway dies and takes its sockets with it."""

from __future__ import annotations

import asyncio

from magacin.drills.drill import Drill
from magacin.drills.faults import _scanning
from magacin.drills.faults.sockets_cut import SCREENS, spike
from magacin.drills.people import Screens


class GatewayKilled(Drill):
    """The API Gateway is killed with fourteen screens connected, and starts again by itself."""

    # What it last said of its sockets is good for five seconds, and the worker counts once a second.
    proves = (spike(7),)
    holds = frozenset({"api-gateway", "sockets"})
    uses = _scanning.USES - holds
    keeps = _scanning.USES - holds | {"sockets"}

    async def prepare(self) -> None:
        """Connect them, and scan."""
        self.screens = Screens(self.rig.person, SCREENS)
        self.scope.screens.append(self.screens)
        await self.screens.open()
        scanner = await _scanning.scanner(self.rig, self.scope)
        self.scope.spawn(scanner.scan_on(5, scanners=2))
        # The worker counts what a gateway held by what it last said of itself, once a second.
        await asyncio.sleep(2.5)

    async def cause(self) -> None:
        """Kill it once."""
        await asyncio.to_thread(self.scope.kill, "api-gateway")
