"""A worker: takes a task, walks along its lines, scans, sometimes wrongly, and finishes it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import structlog

from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.shortages import ShortageReason
from magacin.demo.barcodes import as_scanned, in_house_gtin13
from magacin.demo.client import Person
from magacin.demo.pace import Pace
from magacin.demo.screen import Screen

log = structlog.get_logger(__name__)

_UNKNOWN_CODE = "0000-NO-SUCH-CODE"
_MISTAKES = 0.06
_REPLAYS = 0.03
_SHORTAGES = 0.03
_FAILED_LOGINS = 0.05
_IDLE_SECONDS = 3.0


class Worker:
    """Works until cancelled. `barcoded` are the SKUs whose made-up barcode is known to the system."""

    def __init__(
        self,
        person: Person,
        screen: Screen,
        pace: Pace,
        random: Random,
        *,
        barcoded: set[str],
        ask_for_orders: Callable[[], None],
    ) -> None:
        self.done: Counter[str] = Counter()
        self._person = person
        self._screen = screen
        self._pace = pace
        self._random = random
        self._barcoded = barcoded
        self._ask_for_orders = ask_for_orders
        self._other_sku = ""
        self._version = 1

    async def run(self) -> None:
        """Do one task after the other."""
        while True:
            task = await self._find_task()
            if task is None:
                self._ask_for_orders()
                await asyncio.sleep(_IDLE_SECONDS)
                continue
            await self._work_on(task)
            if self._random.random() < _FAILED_LOGINS:
                await self._person.fail_to_log_in()

    async def _find_task(self) -> dict[str, Any] | None:
        for status in (TaskStatus.IN_PROGRESS, TaskStatus.ASSIGNED):
            mine = await self._person.get("/api/tasks", mine="true", status=status.value, limit=1)
            if mine["items"]:
                return await self._task(mine["items"][0]["task_id"])
        page = await self._person.get("/api/tasks", status=TaskStatus.OPEN.value, limit=20)
        if not page["items"]:
            return None
        chosen = self._random.choice(page["items"])["task_id"]
        # Another worker may have been quicker; then there is another task, too.
        claimed = await self._person.send("POST", f"/api/tasks/{chosen}/claim")
        return claimed.body if claimed.ok else await self._after_a_moment()

    async def _after_a_moment(self) -> dict[str, Any] | None:
        await asyncio.sleep(0.2)
        return await self._find_task()

    async def _task(self, task_id: int) -> dict[str, Any] | None:
        task: dict[str, Any] | None = await self._person.get(f"/api/tasks/{task_id}")
        return task

    async def _work_on(self, task: dict[str, Any]) -> None:
        task_id, self._version = task["task_id"], task["version"]
        if task["status"] == TaskStatus.ASSIGNED:
            await self._person.send("POST", f"/api/tasks/{task_id}/start")
        await self._screen.watch(task_id)
        lines = [line for line in task["lines"] if line["remaining"] > 0]
        self._random.shuffle(lines)
        for line in lines:
            await self._pick(task_id, line)
            self._other_sku = line["sku"]
        await self._finish(task_id)

    async def _pick(self, task_id: int, line: dict[str, Any]) -> None:
        remaining = line["remaining"]
        while remaining > 0:
            if self._random.random() < _SHORTAGES and await self._report_shortage(task_id, line, remaining):
                return
            if self._random.random() < _MISTAKES:
                await self._make_a_mistake(task_id, line, remaining)
            quantity = remaining if remaining > 6 else self._random.randint(1, remaining)
            if not await self._scan(task_id, *self._code(line["sku"], quantity)):
                return  # somebody was quicker, or the task was changed or taken away: look again later
            remaining -= quantity

    async def _finish(self, task_id: int) -> None:
        answer = await self._person.send("POST", f"/api/tasks/{task_id}/complete")
        if answer.ok or answer.code == "wrong_task_status":
            self.done["tasks"] += 1
            if self._random.random() < 0.1:
                await self._scan(task_id, self._other_sku or _UNKNOWN_CODE, 1)  # one too many, after the end
        else:
            log.info(
                "task_left_unfinished", username=self._person.username, task_id=task_id, error=answer.code
            )

    def _code(self, sku: str, quantity: int) -> tuple[str, int]:
        if sku in self._barcoded and self._random.random() < 0.7:
            return as_scanned(in_house_gtin13(sku), quantity, self._random)
        return sku, quantity

    async def _make_a_mistake(self, task_id: int, line: dict[str, Any], remaining: int) -> None:
        mistakes = [(_UNKNOWN_CODE, 1), (line["sku"], remaining + 1)]
        if self._other_sku:
            mistakes.append((self._other_sku, 1))
        await self._scan(task_id, *self._random.choice(mistakes))

    async def _scan(self, task_id: int, code: str, quantity: int) -> bool:
        """Scan at the common pace; return whether it counted."""
        await self._pace.turn()
        scan = {
            "task_id": task_id,
            "code": code,
            "quantity": quantity,
            "operation_id": self._operation_id(),
            "version": self._version,
            "picked_at": datetime.now(UTC).isoformat(),
        }
        answer = await self._person.send("POST", "/api/scan", json=scan)
        if self._random.random() < _REPLAYS:
            # A scanner that did not hear the answer sends the same again; it must not count twice.
            await self._person.send("POST", "/api/scan", json=scan)
            self.done["replays"] += 1
        self.done["scans" if answer.ok else "refused"] += 1
        return answer.ok

    async def _report_shortage(self, task_id: int, line: dict[str, Any], remaining: int) -> bool:
        reason = self._random.choice(list(ShortageReason))
        shortage = {
            "line_id": line["line_id"],
            "quantity": remaining,
            "reason": reason.value,
            "operation_id": self._operation_id(),
        }
        answer = await self._person.send("POST", f"/api/tasks/{task_id}/shortages", json=shortage)
        self.done["shortages"] += answer.ok
        return answer.ok

    def _operation_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))
