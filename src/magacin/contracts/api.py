"""The whole API: the endpoints of each service, of which those that are asked for most come first."""

from __future__ import annotations

from magacin.contracts import auth, import_profiles, imports, live_drills
from magacin.contracts.endpoint import declared_in
from magacin.contracts.tasks import (
    articles,
    board,
    locations,
    operations,
    pick_tasks,
    requisitions,
    scans,
    shortages,
)

TASKS = declared_in(scans, operations, pick_tasks, shortages, locations, board, articles, requisitions)
IMPORTS = declared_in(imports, import_profiles)
GATEWAY = declared_in(auth, live_drills)
