"""Workers who send at once, answers that are lost, connections that are cut, a service that is killed.

Afterwards the database says in which order all of it happened, and every answer that was given is explained
by that order.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.app import create_app
from magacin.tasks.models import metadata
from magacin.tasks.settings import TaskSettings
from tests.conftest import SERVICE_TOKEN, free_port
from tests.support import Caller, empty_tables, serving
from tests.tasks.conftest import Warehouse

WORKERS = ("ana", "marko", "petar")
LINES = {"A": 7, "B": 4}
_ENOUGH = 5.0  # seconds after which a client sends again


@dataclass(frozen=True)
class Step:
    """What a worker does next, and how the network treats it.

    `about` chooses the task, or what is taken back, among those that there are.
    """

    kind: str
    about: int
    sku: str
    quantity: int
    lost: int
    """So many answers to it are lost: the worker sends it again."""


steps = st.builds(
    Step,
    kind=st.sampled_from(["scan", "scan", "scan", "shortage", "undo", "undo", "batch"]),
    about=st.integers(0, 5),
    sku=st.sampled_from(["A", "A", "B", "?"]),
    quantity=st.integers(1, 3),
    lost=st.sampled_from([0, 0, 1, 2]),
)
plans = st.lists(st.tuples(st.sampled_from(["split", "replan"]), st.integers(0, 5)), max_size=4)


@dataclass
class Fight:
    """Several workers and a supervisor on two tasks of one requisition each."""

    callers: list[Caller]
    tasks: list[int]
    lines: dict[tuple[int, str], int]
    chance: random.Random
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=lambda: defaultdict(list))
    """By operation id: each answer that arrived."""

    async def send(self, path: str, body: dict[str, Any], user: str, lost: int, **more: Any) -> Any:
        """Send until an answer arrives; throw the first ones away, or do not wait for them."""
        while True:
            caller = self.chance.choice(self.callers)
            request = asyncio.ensure_future(caller("POST", path, body, user=user, **more))
            if lost and self.chance.random() < 0.5:
                await asyncio.sleep(self.chance.uniform(0, 0.01))
                request.cancel()
            try:
                async with asyncio.timeout(_ENOUGH):
                    status, answer = await request
            except (asyncio.CancelledError, aiohttp.ClientError, TimeoutError):
                lost = max(0, lost - 1)
                await asyncio.sleep(0.01)
                continue
            if status >= 500:
                continue
            if "operation_id" in body:
                self.answers[body["operation_id"]].append((status, answer))
            if not lost:
                return status, answer
            lost -= 1

    async def work(self, user: str, todo: list[Step]) -> None:
        mine: list[str] = []
        for step in todo:
            bodies = [self._operation(step, mine)]
            if step.kind == "batch":
                bodies = [self._operation(one, mine) for one in (step, Step("undo", 0, "", 1, 0), step)]
                body = {"operations": bodies}
                _, answer = await self.send("/api/scans", body, user, step.lost)
                for one in answer["results"]:
                    told = one["result"] or one["error"]
                    self.answers[one["operation_id"]].append((one["status"], told))
                continue
            body = {name: value for name, value in bodies[0].items() if name != "kind"}
            match bodies[0]["kind"]:
                case "scan":
                    await self.send("/api/scan", body, user, step.lost)
                case "undo":
                    await self.send("/api/undo", body, user, step.lost)
                case _:
                    path = f"/api/tasks/{body.pop('task_id')}/shortages"
                    await self.send(path, body, user, step.lost)

    def _operation(self, step: Step, mine: list[str]) -> dict[str, Any]:
        operation_id = str(uuid4())
        task_id = self.tasks[step.about % len(self.tasks)]
        if step.kind == "undo" and mine:
            undoes = mine[-1 - step.about % len(mine)]
            return {"kind": "undo", "undoes": undoes, "operation_id": operation_id}
        mine.append(operation_id)
        if step.kind == "shortage":
            line_id = self.lines[task_id, step.sku.replace("?", "A")]
            report = {"line_id": line_id, "quantity": step.quantity, "reason": "damaged"}
            return {"kind": "shortage", "task_id": task_id, **report, "operation_id": operation_id}
        scan = {"task_id": task_id, "code": step.sku, "quantity": step.quantity}
        return {"kind": "scan", **scan, "operation_id": operation_id}

    async def plan(self, wanted: list[tuple[str, int]]) -> None:
        for action, about in wanted:
            task_id, target = self.tasks[about % 2], self.tasks[(about // 2) % 2]
            body = {
                "lines": [{"line_id": self.lines[task_id, "AB"[about % 2]], "quantity": 1}],
                "to_task_id": target,
                "operation_id": str(uuid4()),
            }
            await asyncio.sleep(self.chance.uniform(0, 0.02))
            path = f"/api/tasks/{task_id}/{action}"
            await self.send(path, body, "vera", about % 2, role=Role.SUPERVISOR)


async def _begin(callers: list[Caller], seed: int) -> Fight:
    warehouse = Warehouse(callers[0])
    tasks = [await warehouse.task(*WORKERS, **LINES) for _ in range(2)]
    found = [await warehouse.get(task_id) for task_id in tasks]
    lines = {(task["task_id"], line["sku"]): line["line_id"] for task in found for line in task["lines"]}
    return Fight(callers, tasks, lines, random.Random(seed))


_BROKEN = """
    SELECT 'requisition line ' || r.id FROM tasks.requisition_lines r
     WHERE required <> (SELECT sum(required) FROM tasks.task_lines WHERE requisition_line_id = r.id)
        OR required <> (SELECT sum(picked + short + greatest(0, required - picked - short))
                          FROM tasks.task_lines WHERE requisition_line_id = r.id)
     UNION ALL
    SELECT 'scans of line ' || l.id FROM tasks.task_lines l
     WHERE picked <> (SELECT coalesce(sum(s.quantity), 0) FROM tasks.scans s
                       WHERE s.line_id = l.id AND s.outcome IN ('picked', 'line_complete', 'task_complete')
                         AND NOT EXISTS (SELECT FROM tasks.undos u
                                          WHERE u.undoes = s.operation_id AND u.outcome = 'undone'))
     UNION ALL
    SELECT 'shortages of line ' || l.id FROM tasks.task_lines l
     WHERE short <> (SELECT coalesce(sum(s.quantity), 0) FROM tasks.shortages s
                      WHERE s.line_id = l.id AND s.outcome = 'reported'
                        AND NOT EXISTS (SELECT FROM tasks.undos u
                                         WHERE u.undoes = s.operation_id AND u.outcome = 'undone'))
                  - (SELECT count(*) FROM tasks.plan_changes p
                      WHERE p.sent ->> 'source' = 'short' AND p.target_task_id IS NOT NULL
                        AND (p.sent -> 'lines' -> 0 ->> 'line_id')::bigint = l.id)
     UNION ALL
    SELECT 'task ' || t.id FROM tasks.pick_tasks t,
           LATERAL (SELECT count(*) FILTER (WHERE picked + short < required) AS open
                      FROM tasks.task_lines WHERE task_id = t.id) l
     WHERE lines_open <> l.open OR (status <> 'cancelled' AND (status = 'completed') <> (l.open = 0))
"""
# What counted of a line, in the order in which it was decided.
_ORDER = """
    SELECT line_id, operation_id::text, scanned_at AS at, quantity AS picked_by, 0 AS short_by, picked, short,
           required, task_status, remaining_lines
      FROM tasks.scans WHERE outcome IN ('picked', 'line_complete', 'task_complete')
     UNION ALL
    SELECT line_id, operation_id::text, created_at, 0, quantity, picked, short, required, task_status,
           remaining_lines
      FROM tasks.shortages WHERE outcome = 'reported'
     UNION ALL
    SELECT line_id, operation_id::text, undone_at, CASE undone_kind WHEN 'scan' THEN -quantity ELSE 0 END,
           CASE undone_kind WHEN 'shortage' THEN -quantity ELSE 0 END, picked, short, required, task_status,
           remaining_lines
      FROM tasks.undos WHERE outcome = 'undone'
     ORDER BY line_id, at
"""


async def check(database: Database, fight: Fight) -> None:
    """Hold the database, and every answer, against what has been recorded."""
    async with database.begin() as connection:
        assert (await connection.scalars(text(_BROKEN))).all() == []
        recorded = (await connection.execute(text(_ORDER))).mappings().all()
        replanned = (
            await connection.execute(
                text(
                    "SELECT (sent -> 'lines' -> 0 ->> 'line_id')::bigint AS line_id, count(*) AS pieces "
                    "FROM tasks.plan_changes "
                    "WHERE sent ->> 'source' = 'short' AND target_task_id IS NOT NULL GROUP BY 1"
                )
            )
        ).all()
    may_go = {row.line_id: row.pieces for row in replanned}
    totals: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in recorded:
        picked, short = totals[row["line_id"]]
        picked, short = picked + row["picked_by"], short + row["short_by"]
        assert row["picked"] == picked, "each counts on what was before it"
        # Plans take from what is short in between, all in all as much as they say.
        gone = short - row["short"]
        assert 0 <= gone <= may_go.get(row["line_id"], 0)
        may_go[row["line_id"]] = may_go.get(row["line_id"], 0) - gone
        totals[row["line_id"]] = (picked, row["short"])
    counted = {row["operation_id"]: row for row in recorded}
    for operation_id, answers in fight.answers.items():
        statuses = {status for status, _ in answers}
        assert len(statuses) == 1, answers
        is_plan = any("target" in answer for _, answer in answers)
        is_task = any("lines" in answer for _, answer in answers)
        if not is_task:  # a shortage alone answers with the task as it is by then
            bodies = [answer.get("error", answer) for _, answer in answers]
            assert all(body == bodies[0] for body in bodies), "what is sent again gets the same answer"
        if statuses <= {200, 201} and not is_task and not is_plan:
            row = counted[operation_id]
            answer = answers[0][1]
            told = {name: answer[name] for name in ("picked", "required", "task_status", "remaining_lines")}
            assert told == {name: row[name] for name in told}
        elif statuses.isdisjoint({200, 201}):
            assert operation_id not in counted


async def _cut(database: Database, chance: random.Random, times: int) -> None:
    """Cut the service's connections to the database that are in use, wherever a transaction stands."""
    for _ in range(times):
        await asyncio.sleep(chance.uniform(0.005, 0.05))
        async with database.begin() as connection:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'task-service' AND state <> 'idle'"
                )
            )


async def _fight(fight: Fight, todos: list[list[Step]], planned: list[tuple[str, int]]) -> None:
    async with asyncio.TaskGroup() as group:
        for user, todo in zip(WORKERS, todos, strict=True):
            group.create_task(fight.work(user, todo))
        group.create_task(fight.plan(planned))


@pytest.mark.usefixtures("redis")
@given(
    todos=st.tuples(*[st.lists(steps, min_size=2, max_size=7)] * 3).map(list),
    planned=plans,
    seed=st.integers(0, 2**32),
    cuts=st.integers(0, 4),
)
@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_two_of_the_service_whose_connections_are_cut(
    empty: Database,
    two_services: list[Caller],
    todos: list[list[Step]],
    planned: list[tuple[str, int]],
    seed: int,
    cuts: int,
) -> None:
    await empty_tables(empty, metadata)
    fight = await _begin(two_services, seed)
    async with asyncio.TaskGroup() as group:
        group.create_task(_cut(empty, random.Random(seed), cuts))
        group.create_task(_fight(fight, todos, planned))
    await check(empty, fight)


@pytest.fixture
async def two_services(
    empty: Database, settings: TaskSettings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[Caller]]:
    # One may be cut just when it was put back: who takes it next, for another example, is not to notice.
    monkeypatch.setattr("magacin.core.db._ASK_AFTER_SECONDS", 0.0)
    async with (
        serving(create_app(settings)) as one,
        serving(create_app(settings)) as other,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        yield [Caller(session, one), Caller(session, other)]


@dataclass
class Process:
    """The Task Service as `magacin serve` runs it."""

    database_url: SecretStr
    redis_url: SecretStr
    port: int
    log: Path
    running: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        environment = os.environ | {
            "MAGACIN_DATABASE_URL": self.database_url.get_secret_value(),
            "MAGACIN_REDIS_URL": self.redis_url.get_secret_value(),
            "MAGACIN_SERVICE_TOKEN": SERVICE_TOKEN,
        }
        command = [sys.executable, "-m", "magacin.cli", "serve", "task-service", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: ASYNC220  killed by hand
        while True:
            assert self.running.poll() is None, self.log.read_text()[-3000:]
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return

    def kill(self) -> None:
        if self.running is not None:
            self.running.kill()
            self.running.wait()
            self.running = None


@pytest.mark.parametrize("kills", [2, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(3_600)])])
async def test_a_service_that_is_killed_between_send_and_answer(
    empty: Database, settings: TaskSettings, redis: Redis, tmp_path: Path, kills: int
) -> None:
    chance = random.Random(11)
    process = Process(settings.database_url, settings.redis_url, free_port(), tmp_path / "service.log")
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        caller = Caller(session, f"http://127.0.0.1:{process.port}")
        try:
            await process.start()
            for _ in range(kills):
                fight = await _begin([caller], chance.randrange(2**32))
                todos = [[_step(chance) for _ in range(25)] for _ in WORKERS]
                fighting = asyncio.create_task(_fight(fight, todos, [("split", 0), ("replan", 3)]))
                await asyncio.sleep(chance.uniform(0.02, 0.2))
                process.kill()
                await process.start()
                await fighting
                await check(empty, fight)
                await empty_tables(empty, metadata)
        finally:
            process.kill()


def _step(chance: random.Random) -> Step:
    kind = chance.choice(["scan", "scan", "scan", "shortage", "undo", "undo", "batch"])
    lost = chance.choice([0, 0, 1])
    return Step(kind, chance.randrange(6), chance.choice("AAB?"), chance.randint(1, 2), lost)
