"""Two devices on one task, at random, while networks, browsers and servers fail: nothing is lost or doubled.

The heart of the application runs in Node.js against the real stack, behind a proxy that cuts between what is
sent and its answer; one run has real browsers. At the end the ledger in PostgreSQL is compared with what each
screen had answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Browser

from magacin.stack import parts, webapp
from tests.e2e.conftest import Crew, RunningStack, eventually
from tests.e2e.network import Network, answer_lost
from tests.e2e.phone import kept_phone, phone
from tests.e2e.test_worker_app import hire, kill_browser
from tests.stack.test_lifecycle import Recorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

OPERATIONS = 50
SHORT, LONG = 6, 500
AT_ONCE = 3
KILLED = ("api-gateway", "task-service", "postgres")
ACCEPTED = ("picked", "line_complete", "task_complete")
_REQUIRED = {"A": 40, "B": 25, "C": 60}


@asynccontextmanager
async def ledger(stack: RunningStack) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(
        host=parts.LOOPBACK,
        port=parts.PORTS["postgres"] + stack.offset,
        user="postgres",
        password=stack.secret("postgres-superuser-password"),
        database="magacin",
    )
    try:
        yield connection
    finally:
        await connection.close()


async def task_for(crew: Crew, workers: Sequence[str]) -> int:
    number = workers[0]
    return await crew.task(list(workers), **{f"{sku}-{number}": count for sku, count in _REQUIRED.items()})


@dataclass
class Kept:
    """What the ledger has of a task."""

    scans: dict[str, asyncpg.Record]
    undone: set[str]
    shortages: list[asyncpg.Record]
    lines: list[asyncpg.Record]


async def read_ledger(stack: RunningStack, task_id: int) -> Kept | None:
    """Read it; None while PostgreSQL is away, which another run may have killed."""
    try:
        async with ledger(stack) as there:
            undos = "SELECT undoes FROM tasks.undos WHERE task_id = $1 AND outcome = 'undone'"
            scans = await there.fetch("SELECT * FROM tasks.scans WHERE task_id = $1", task_id)
            return Kept(
                {str(row["operation_id"]): row for row in scans},
                {str(row["undoes"]) for row in await there.fetch(undos, task_id)},
                await there.fetch("SELECT * FROM tasks.shortages WHERE task_id = $1", task_id),
                await there.fetch("SELECT * FROM tasks.task_lines WHERE task_id = $1", task_id),
            )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return None


async def compare(stack: RunningStack, task_id: int, shown: Sequence[dict[str, Any]]) -> None:
    """Hold what screens had answered against the ledger."""
    kept = await eventually(lambda: read_ledger(stack, task_id))
    assert kept is not None
    for one in shown:
        assert one["waiting"] == 0
        conflicts = set(one["conflicts"])
        for scan in one["scans"]:
            row = kept.scans.get(scan["operation_id"])
            assert row is not None, f"lost: {scan}"
            told = scan["accepted"] and scan["operation_id"] not in conflicts
            assert (row["outcome"] in ACCEPTED) == told, f"{dict(row)} was shown as {scan}"
        mine = [row for row in kept.shortages if row["worker"] == one["worker"]]
        assert len(mine) == one["shortages"]
    # Each was recorded once, and nothing else was.
    assert sorted(kept.scans) == sorted(scan["operation_id"] for one in shown for scan in one["scans"])
    picked, short = Counter[int](), Counter[int]()
    for operation_id, row in kept.scans.items():
        if row["outcome"] in ACCEPTED and operation_id not in kept.undone:
            picked[row["line_id"]] += row["quantity"]
    for row in kept.shortages:
        if row["outcome"] == "reported" and str(row["operation_id"]) not in kept.undone:
            short[row["line_id"]] += row["quantity"]
    have = {row["id"]: (row["picked"], row["short"]) for row in kept.lines}
    assert have == {line_id: (picked[line_id], short[line_id]) for line_id in have}
    for one in shown:
        for line in one["lines"]:
            assert (line["picked"], line["short"]) == have[line["line_id"]]


Prepared = tuple[list[tuple[str, str]], int]


@dataclass
class Tally:
    """What befell the runs."""

    runs: int = 0
    struck: int = 0
    untouched: int = 0
    pages_killed: int = 0
    killed: int = 0
    scans: int = 0


class Runs:
    """Node.js, working at random by the application's own code."""

    def __init__(self, stack: RunningStack, crew: Crew) -> None:
        self._stack, self._crew = stack, crew
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.tally = Tally()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Runs]:
        node = await asyncio.to_thread(webapp.ready, Recorder())
        self._process = await asyncio.create_subprocess_exec(
            node.program,
            "scripts/work-at-random.mjs",
            cwd=webapp.WEB,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        hearing = asyncio.create_task(self._hear())
        try:
            yield self
            assert self._process.stdin is not None
            self._process.stdin.close()
            await hearing
        finally:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            await hearing

    async def _hear(self) -> None:
        assert self._process.stdout is not None
        try:
            async for line in self._process.stdout:
                said = json.loads(line)
                if "kill" in said:
                    self._kill(said["kill"])
                elif said["seed"] in self._waiting:
                    self._waiting.pop(said["seed"]).set_result(said)
        finally:
            for one in self._waiting.values():
                one.set_exception(RuntimeError("Node.js ended; what it said is above"))

    def _kill(self, part: str) -> None:
        """Kill a part, which may be on its way up from the last time, or gone in just this moment."""
        pid = self._stack.status()[part]["pid"]
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.tally.killed += 1

    def _ask(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def prepare(self) -> Prepared:
        """Make what a run needs, while nothing is killed."""
        workers = [await hire(self._crew) for _ in range(2)]
        return workers, await task_for(self._crew, [name for name, _ in workers])

    async def run(self, seed: int, prepared: Prepared, kills: list[tuple[int, str]]) -> None:
        workers, task_id = prepared
        asked = {
            "seed": seed,
            "gateway": self._stack.url("api-gateway"),
            "task_id": task_id,
            "workers": workers,
            "operations": OPERATIONS,
            "kills": kills,
        }
        self._waiting[seed] = asyncio.get_running_loop().create_future()
        self._ask(asked)
        try:
            told = await asyncio.wait_for(asyncio.shield(self._waiting[seed]), 180)
        except TimeoutError:
            self._ask({"where": seed})
            where = await asyncio.wait_for(self._waiting[seed], 30)
            health = {name: part["health"] for name, part in self._stack.status().items()}
            pytest.fail(f"run {seed} with {kills} does not end: {where}; before: {self.tally}; now: {health}")
        try:
            await compare(self._stack, task_id, told["shown"])
        except AssertionError as error:
            raise AssertionError(f"run {seed}: {error}") from error
        self.tally.runs += 1
        self.tally.struck += told["struck"]
        self.tally.untouched += told["struck"] == 0
        self.tally.pages_killed += told["pagesKilled"]
        self.tally.scans += sum(len(one["scans"]) for one in told["shown"])


async def work(stack: RunningStack, crew: Crew, count: int, killing: int, first: int) -> Tally:
    """Do so many runs, some at once; in every so many of them a server is killed."""
    async with Runs(stack, crew).running() as runs:
        ready = [(seed, await runs.prepare()) for seed in range(first, first + count)]

        async def some() -> None:
            while ready:
                seed, prepared = ready.pop()
                dice = random.Random(seed)
                kills = [(dice.randrange(5, OPERATIONS), dice.choice(KILLED))] if seed % killing == 0 else []
                await runs.run(seed, prepared, kills)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(some())
    return runs.tally


async def test_nothing_is_lost_and_nothing_counts_twice(stack: RunningStack, crew: Crew) -> None:
    tally = await work(stack, crew, SHORT, killing=3, first=1000)
    # In each something struck between what was sent and its answer.
    assert tally.untouched == 0
    assert tally.pages_killed > 0
    assert tally.killed > 0


async def test_browsers_that_are_killed(
    stack: RunningStack, crew: Crew, browser: Browser, tmp_path: Path
) -> None:
    # One of the two is killed again and again, in the midst of what it sends.
    dice = random.Random(7)
    people = [await hire(crew) for _ in range(2)]
    task_id = await task_for(crew, [name for name, _ in people])
    (killed, killed_password), (other, other_password) = people
    codes = [f"{sku}-{killed}" for sku in _REQUIRED]
    answered: dict[str, list[str]] = {killed: [], other: []}
    gateway = stack.url("api-gateway")
    async with Network(gateway).running() as network, phone(browser, network.url) as theirs:
        await theirs.open()
        await theirs.log_in(other, other_password)
        await theirs.start(task_id)
        for life in range(3):
            async with kept_phone(tmp_path, network.url) as mine:
                await mine.open("" if life == 0 else f"task/{task_id}")
                if life == 0:
                    await mine.log_in(killed, killed_password)
                    await mine.start(task_id)
                    await mine.installed()
                for _ in range(OPERATIONS // 6):
                    for name, one in ((killed, mine), (other, theirs)):
                        if dice.random() < 0.2:
                            network.once("/api/scan", answer_lost)
                        if dice.random() < 0.15:
                            network.once("/api/scans", answer_lost)
                        await meet(dice, network)
                        kind = await (await one.scan(dice.choice(codes))).get_attribute("data-kind")
                        answered[name].append(str(kind))
                kill_browser(tmp_path)
        network.come()
        async with kept_phone(tmp_path, network.url) as mine:
            await mine.open(f"task/{task_id}")
            await mine.sent()
            await theirs.sent()
    assert network.struck > 0
    kept = await eventually(lambda: read_ledger(stack, task_id))
    assert kept is not None
    for name, said in answered.items():
        outcomes = [row["outcome"] for row in kept.scans.values() if row["worker"] == name]
        # There is more of each article than they scan: neither is refused what was counted ahead.
        assert Counter(one in ACCEPTED for one in outcomes) == Counter(one in ACCEPTED for one in said)
    picked = sum(row["picked"] for row in kept.lines)
    assert picked == sum(one in ACCEPTED for said in answered.values() for one in said)


async def meet(dice: random.Random, network: Network) -> None:
    """Have the network come or go, at times."""
    if dice.random() < 0.15:
        if network.fault:
            network.come()
        else:
            network.go()


@pytest.mark.long
async def test_nothing_is_lost_in_many_runs(
    stack: RunningStack, crew: Crew, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    tally = await work(stack, crew, LONG, killing=5, first=2000)
    with capsys.disabled():
        print(f"\n{LONG} runs of {OPERATIONS} operations in {time.monotonic() - began:.0f} s: {tally}")
    # In each something struck between what was sent and its answer.
    assert tally.untouched == 0
    assert tally.killed > LONG / 10
