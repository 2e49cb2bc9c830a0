"""Workers on one task while parts of the stack are killed and frozen: what they were answered has one order.

Nothing is asked of the database. Each worker notes when an operation was first sent, when its first answer
came and what it said; `tests/history.py` then looks for an order that explains all of it.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import aiohttp
import psutil
import pytest

from tests.e2e.conftest import Api, Crew, RunningStack, eventually
from tests.history import Answer, Call, Ledger, explained, unexplained

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_REQUIRED = {"HIST-A": 14, "HIST-B": 9}
_KILLED = ("task-service", "api-gateway", "postgres", "redis")
_FROZEN = ("task-service", "api-gateway", "postgres", "redis")
_STEPS = 10
# After this a client takes an answer for lost, and sends again.
_PATIENCE = 8.0


@dataclass
class Worker:
    """Sends operations on a task, each until it is answered, and notes what it saw."""

    api: Api
    task: dict[str, Any]
    chance: random.Random
    calls: list[Call] = field(default_factory=list)
    answers: int = 0

    async def work(self) -> None:
        for _ in range(_STEPS):
            calls = [self._next() for _ in range(self.chance.choice([1, 1, 3]))]
            began = time.monotonic()
            results = await self._answers([self._body(call) for call in calls])
            ended = time.monotonic()
            for call, result in zip(calls, results, strict=True):
                self.calls.append(replace(call, began=began, ended=ended, answer=_said(call, result)))
            if self.chance.random() < 0.3:
                again = await self._answers([self._body(call) for call in calls])
                assert again == results, "what is sent again gets the same answer"

    def _next(self) -> Call:
        kind = self.chance.choice(["scan", "scan", "scan", "shortage", "undo"])
        mine = [call.id for call in self.calls if call.kind != "undo"]
        undoes = self.chance.choice(mine) if mine else str(uuid.uuid4())
        sku = self.chance.choice(sorted(_REQUIRED))
        return Call(str(uuid.uuid4()), kind, sku, self.chance.randint(1, 2), undoes)

    def _body(self, call: Call) -> dict[str, Any]:
        body: dict[str, Any] = {"kind": call.kind, "operation_id": call.id}
        if call.kind == "undo":
            return body | {"undoes": call.undoes}
        body |= {"task_id": self.task["task_id"], "quantity": call.quantity}
        if call.kind == "scan":
            return body | {"code": call.sku}
        [line] = [line["line_id"] for line in self.task["lines"] if line["sku"] == call.sku]
        return body | {"line_id": line, "reason": "damaged"}

    async def _answers(self, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send until an answer comes that is one."""
        while True:
            try:
                async with asyncio.timeout(_PATIENCE):
                    status, answer = await self.api("POST", "/api/scans", {"operations": bodies})
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.1)
                continue
            if status == 200 and all(one["status"] < 500 for one in answer["results"]):
                self.answers += 1
                return [one["result"] or one["error"] for one in answer["results"]]
            assert status in (200, 502, 503, 504), answer
            await asyncio.sleep(0.1)


def _said(call: Call, told: dict[str, Any]) -> Answer:
    """Return of an answer what depends on what else there was."""
    if "code" in told:
        is_full = told["code"] == "more_than_required"
        return (told["code"], told["details"]["left"]) if is_full else (told["code"],)
    short = () if call.kind == "scan" else (told["short"],)
    return (told["outcome"], told["picked"], *short, told["remaining_lines"])


@dataclass
class Chaos:
    """Kills and freezes parts of a stack, one at a time, until everybody is done."""

    stack: RunningStack
    chance: random.Random
    faults: list[str] = field(default_factory=list)

    async def rage(self, workers: list[Worker]) -> None:
        while True:
            answers = sum(worker.answers for worker in workers)
            await asyncio.sleep(self.chance.uniform(0, 0.3))
            await self._strike()
            # As long as nobody gets on, there is nothing that a further fault could spoil.
            await eventually(partial(_has_got_on, workers, answers), seconds=300)

    async def _strike(self) -> None:
        parts = await asyncio.to_thread(self.stack.status)
        kills = self.chance.random() < 0.5
        name = self.chance.choice(_KILLED if kills else _FROZEN)
        pid = parts[name]["pid"]
        if pid is None:
            return  # it is being started again
        self.faults.append(f"{'kill' if kills else 'freeze'} {name}")
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if kills:
                process.kill()
            else:
                await _frozen(process, self.chance.uniform(0.1, 7))


async def _frozen(process: psutil.Process, seconds: float) -> None:
    """Stop a part for so long, with those that it has started: PostgreSQL has one for each connection."""
    stopped = [process, *process.children(recursive=True)]
    try:
        for one in stopped:
            with suppress(psutil.NoSuchProcess):
                one.suspend()
        await asyncio.sleep(seconds)
    finally:
        for one in stopped:
            with suppress(psutil.NoSuchProcess):
                one.resume()


async def _round(stack: RunningStack, crew: Crew, names: list[str], chance: random.Random) -> tuple[int, int]:
    """Let workers empty a task between faults; return how many operations and faults there were."""
    task_id = await crew.task(names, **_REQUIRED)
    _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
    workers = [Worker(crew.workers[name], task, chance) for name in names]
    chaos = Chaos(stack, chance)
    raging = asyncio.create_task(chaos.rage(workers))
    try:
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.work())
    finally:
        raging.cancel()
        await asyncio.gather(raging, return_exceptions=True)
    calls = [call for worker in workers for call in worker.calls]
    ledger = Ledger.of(**_REQUIRED)
    if explained(ledger, calls) is None:
        story = "\n".join(map(repr, sorted(unexplained(ledger, calls), key=lambda call: call.ended)))
        pytest.fail(f"no order explains this, after {chaos.faults}:\n{story}")
    return len(calls), len(chaos.faults)


async def _has_got_on(workers: list[Worker], answers: int) -> bool:
    return sum(worker.answers for worker in workers) >= answers + 3


async def _is_healthy(stack: RunningStack) -> bool:
    parts = await asyncio.to_thread(stack.status)
    return all(part["health"] == "healthy" for part in parts.values())


@pytest.mark.parametrize(
    ("seed", "minutes"), [(1, 0), pytest.param(2, 20, marks=[pytest.mark.long, pytest.mark.timeout(2_400)])]
)
async def test_one_order_explains_what_everybody_was_answered(
    stack: RunningStack, crew: Crew, seed: int, minutes: int
) -> None:
    chance = random.Random(seed)
    ends = time.monotonic() + minutes * 60
    operations = faults = rounds = 0
    while rounds < 3 or time.monotonic() < ends:
        # A new shift: its tokens outlive the round.
        await eventually(partial(_is_healthy, stack), seconds=120)
        crew.admin = await crew.admin.as_user("admin", stack.secret("admin-password"))
        more = await _round(stack, crew, await crew.hire(4), chance)
        operations, faults, rounds = operations + more[0], faults + more[1], rounds + 1
    print(f"{rounds} rounds, {operations} operations, {faults} faults: each round has an order")
    assert faults >= rounds
    await eventually(partial(_is_healthy, stack), seconds=120)
