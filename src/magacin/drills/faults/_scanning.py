"""What drills share that need scans to be going on."""

from __future__ import annotations

from magacin.drills.drill import EVENTS, RELAY, SCANS
from magacin.drills.rig import Rig
from magacin.drills.scope import Scope
from magacin.drills.traffic import Scanner, new_scanner

# What a scan goes through, and what it leaves behind.
USES = frozenset(
    {SCANS, EVENTS, RELAY, "postgres", "redis", "task-service", "api-gateway", "realtime-worker"}
)


async def scanner(rig: Rig, scope: Scope) -> Scanner:
    """Return a scanner at a task of its own, whose scans are looked after at the end."""
    made = await new_scanner(rig, rig.number(scope.drill))
    scope.scanners.append(made)
    return made
