"""The whole API: the endpoints of each service, of which those that are asked for most come first."""

from __future__ import annotations

from magacin.contracts import (
    api_keys,
    audit,
    auth,
    devices,
    erasures,
    held_orders,
    import_profiles,
    imports,
    live_drills,
    screens,
)
from magacin.contracts.endpoint import declared_in
from magacin.contracts.tasks import (
    articles,
    board,
    locations,
    master_data,
    operations,
    people,
    pick_tasks,
    picking,
    prints,
    refusals,
    reports,
    requisitions,
    scans,
    shortages,
    teams,
    wall,
    webhooks,
)

TASKS = declared_in(
    scans,
    operations,
    refusals,
    picking,
    pick_tasks,
    shortages,
    locations,
    master_data,
    board,
    wall,
    teams,
    reports,
    prints,
    articles,
    requisitions,
    webhooks,
    people,
)
IMPORTS = declared_in(imports, held_orders, import_profiles)
GATEWAY = declared_in(auth, erasures, api_keys, devices, screens, live_drills, audit)
