"""Scans as scanners send them: each with an id of its own, again and again until it is answered."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from magacin.drills.people import TRY_AGAIN, Person
from magacin.drills.rig import Rig
from magacin.drills.waiting import eventually

# More than any drill scans, and what a line of a requisition may hold at most.
_PLENTY = 1_000_000
_PAUSE = 0.2


class Scanner:
    """Scans at one pick task, which is its own: what was acknowledged is what the task must have."""

    def __init__(self, rig: Rig, task: dict[str, Any]) -> None:
        self.task_id = int(task["task_id"])
        self.line_id = int(task["lines"][0]["line_id"])
        self.sku = str(task["lines"][0]["sku"])
        self.acknowledged: set[str] = set()
        self.failures = 0
        self._rig = rig
        self._person = rig.person
        self._stopping = asyncio.Event()
        self._may_scan = asyncio.Event()
        self._may_scan.set()
        self._under_way = 0

    async def scan(self) -> bool:
        """Scan one piece, until it is acknowledged or refused; return whether it was acknowledged."""
        # Whoever is cancelled meanwhile leaves it under way: a scanner does not forget what it has sent.
        return await asyncio.shield(asyncio.create_task(self._scan()))

    async def _scan(self) -> bool:
        key = str(uuid.uuid4())
        body = {"task_id": self.task_id, "code": self.sku, "operation_id": key}
        self._under_way += 1
        try:
            while True:
                await self._may_scan.wait()
                status, _ = await self._person.ask("POST", "/api/scan", body)
                if status == 200:
                    self.acknowledged.add(key)
                    return True
                self.failures += status >= 500
                if status not in TRY_AGAIN:
                    return False
                await asyncio.sleep(_PAUSE)
        finally:
            self._under_way -= 1

    async def scan_logged_out(self) -> None:
        """Scan as a device does whose login is over. It is refused before anybody asks the database."""
        body = {"task_id": self.task_id, "code": self.sku, "operation_id": str(uuid.uuid4())}
        await self._person.ask_as_nobody("POST", "/api/scan", body)

    async def scan_on(self, per_second: float, *, logged_out: int = 0, scanners: int = 4) -> None:
        """Scan at about this pace until cancelled; to each scan that many have no login."""

        async def one() -> None:
            while not self._stopping.is_set():
                started = asyncio.get_running_loop().time()
                await self.scan()
                for _ in range(logged_out):
                    await self.scan_logged_out()
                took = asyncio.get_running_loop().time() - started
                await asyncio.sleep(max(0.0, scanners / per_second * (1 + logged_out) - took))

        await asyncio.gather(*(one() for _ in range(scanners)))

    async def scan_on_logged_out(self, per_second: float, *, scanners: int = 4) -> None:
        """Scan without a login at about this pace until cancelled: answers to the gateway, and no scans."""

        async def one() -> None:
            while not self._stopping.is_set():
                await self.scan_logged_out()
                await asyncio.sleep(scanners / per_second)

        await asyncio.gather(*(one() for _ in range(scanners)))

    def pause(self) -> None:
        """Send nothing more for now; a scan under way is sent again later."""
        self._may_scan.clear()

    def go_on(self) -> None:
        """Scan again."""
        self._may_scan.set()

    async def stop(self) -> None:
        """Begin no more scans, and wait until those under way are answered."""
        self._stopping.set()
        self._may_scan.set()

        async def none_is_under_way() -> bool:
            return not self._under_way

        await eventually(none_is_under_way, every=0.05, seconds=30)

    async def problems(self) -> list[str]:
        """Return what is wrong with the scans: one that was acknowledged is there, and counted once."""
        await self.stop()
        if self._under_way:
            return [f"{self._under_way} scans were not answered within 30 s, however often they were sent"]
        rows = await self._recorded()
        lost = self.acknowledged - set(rows)
        found = [f"{len(lost)} acknowledged scans are not in the database"] if lost else []
        counted = sum(rows.values())
        if len(rows) > len(self.acknowledged):
            found.append(f"{len(rows) - len(self.acknowledged)} scans were recorded that nobody was told of")
        task = await self._person.must("GET", f"/api/tasks/{self.task_id}")
        if task["picked"] != counted:
            found.append(f"the task counts {task['picked']} pieces, its scans come to {counted}")
        return found

    async def _recorded(self) -> dict[str, int]:
        async with self._rig.database() as connection:
            rows = await connection.fetch(
                "SELECT operation_id, quantity FROM tasks.scans WHERE task_id = $1 AND outcome = ANY($2)",
                self.task_id,
                ["picked", "line_complete", "task_complete"],
            )
        return {str(row["operation_id"]): int(row["quantity"]) for row in rows}


async def new_scanner(rig: Rig, number: str) -> Scanner:
    """Make a requisition and a task for the drills' person, started, and return a scanner at it."""
    task = await new_task(rig.person, number)
    started = await rig.person.must("POST", f"/api/tasks/{task['task_id']}/start")
    return Scanner(rig, started)


async def new_task(person: Person, number: str, due_at: str | None = None) -> dict[str, Any]:
    """Make a requisition of one plentiful line, and its task, assigned to the person."""
    line = {"sku": "DRILL", "quantity": _PLENTY, "description": "Made by a drill; not a real article"}
    body: dict[str, Any] = {"number": number, "destination": "drill", "lines": [line]}
    if due_at is not None:
        body["due_at"] = due_at
    made = await person.must("POST", "/api/requisitions", body)
    [task] = await person.must("POST", "/api/tasks", {"requisition_ids": [made["requisition_id"]]})
    assigned: dict[str, Any] = await person.must(
        "POST", f"/api/tasks/{task['task_id']}/assign", {"workers": [person.name]}
    )
    return assigned
