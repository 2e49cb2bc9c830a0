"""The whole API: the endpoints of each service, of which those that are asked for most come first."""

from __future__ import annotations

from magacin.contracts import auth, devices, import_profiles, imports, live_drills
from magacin.contracts.endpoint import declared_in
from magacin.contracts.tasks import (
    articles,
    board,
    locations,
    operations,
    pick_tasks,
    picking,
    refusals,
    reports,
    requisitions,
    scans,
    shortages,
)

TASKS = declared_in(
    scans,
    operations,
    refusals,
    picking,
    pick_tasks,
    shortages,
    locations,
    board,
    reports,
    articles,
    requisitions,
)
IMPORTS = declared_in(imports, import_profiles)
GATEWAY = declared_in(auth, devices, live_drills)
