"""One of the gateway's processes dies, and another takes its place."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import UTC, datetime

import psutil

from magacin.drills.drill import Delay, Drill, Proof
from magacin.drills.observer import View
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.processes import variables

_PROCESSES = 2
# In the command line of what multiprocessing starts with an interpreter of its own.
_WORKS = "--multiprocessing-fork"
_QUIET_SECONDS = 60


class GatewayProcessKilled(Drill):
    """The API Gateway runs as two processes, and one of them is killed, as for want of memory."""

    proves = (
        Proof(
            alert="ServiceProcessDied",
            severity="warning",
            service="api-gateway",
            signal='increase(service_process_deaths_total{service="api-gateway"}[15m]) > 0',
            # The parent looks twice a second.
            moves=Delay(fixed=1),
            clears=Delay(real=900),
        ),
    )
    holds = frozenset({"api-gateway", "sockets"})
    keeps = frozenset()

    async def prepare(self) -> None:
        """Start the gateway as several processes."""
        usual = launch_spec("api-gateway", self.rig.site)
        several = {**usual.environment, **variables({"WORKERS": _PROCESSES})}
        await self.scope.relaunch({"api-gateway": LaunchSpec(usual.argv, several, usual.user)})
        # At a speed, that it was down is a critical alert, which would keep the messages of this one back.
        started, deadline = datetime.now(UTC), time.monotonic() + _QUIET_SECONDS
        await self.rig.observer.until(lambda view: view.at > started and _is_quiet(view), deadline)

    async def cause(self) -> None:
        """Kill one of them."""
        parent = psutil.Process(self.rig.stack.supervisor.processes()["api-gateway"].pid)
        working = [child for child in parent.children() if _WORKS in child.cmdline()]
        await asyncio.to_thread(os.kill, working[0].pid, signal.SIGKILL)


def _is_quiet(view: View) -> bool:
    """Say whether nothing critical is known of the gateway."""
    known = [*(alert.labels for alert in view.rules), *(alert.labels for alert in view.sent)]
    return not any(
        labels.get("service") == "api-gateway" and labels.get("severity") == "critical" for labels in known
    )
