"""The person who tries the demo: a badge, a device to read it on, and tasks of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog

from magacin.contracts.devices import DemoBadge
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.core.files import write_private
from magacin.demo.client import Person, Refused
from magacin.demo.users import VISITOR

log = structlog.get_logger(__name__)

_DEVICE = "The demo's device"
_TASKS = 3


async def welcome(supervisor: Person, file: Path) -> None:
    """Leave a new badge and a new device for the visitor, and give them tasks; what was left before ends."""
    for device in await supervisor.get("/api/devices"):
        if device["active"] and device["name"] == _DEVICE:
            await _done(supervisor, "DELETE", f"/api/devices/{device['device_id']}")
    device = await _done(supervisor, "POST", "/api/devices", json={"name": _DEVICE})
    badge = await _done(supervisor, "POST", f"/api/users/{VISITOR}/badge")
    await _give_tasks(supervisor)
    left = DemoBadge(
        username=VISITOR, device_id=device["device_id"], device_secret=device["secret"], badge=badge["code"]
    )
    write_private(file, left.model_dump_json() + "\n")
    log.info("demo_badge_ready", username=VISITOR)


async def _give_tasks(supervisor: Person) -> None:
    assigned = await supervisor.get("/api/tasks", status=TaskStatus.ASSIGNED.value, limit=500)
    has = sum(VISITOR in task["workers"] for task in assigned["items"])
    free = await supervisor.get("/api/tasks", status=TaskStatus.OPEN.value, limit=_TASKS)
    for task in free["items"][: max(0, _TASKS - has)]:
        await _done(supervisor, "POST", f"/api/tasks/{task['task_id']}/assign", json={"workers": [VISITOR]})


async def _done(person: Person, method: str, path: str, **options: Any) -> Any:
    answer = await person.send(method, path, **options)
    if not answer.ok:
        raise Refused(f"{method} {path} was answered {answer.status} {answer.code}")
    return answer.body
