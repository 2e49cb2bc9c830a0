"""A machine has too little of something for a while: room on the stack's file system, inodes, descriptors.

Or the file system can only be read.

What people were told was done is there afterwards, everything else was refused as errors are, and all is well
again by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psutil
import pytest

from magacin.stack.parts import services
from magacin.stack.paths import DataDir
from magacin.stack.supervise import Supervisor
from tests.e2e.conftest import eventually
from tests.e2e.small_machine import SmallMachine, small_machine
from tests.e2e.traffic import IMPORT, READ, SCAN, Answer, Traffic, traffic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SIZE = "size=300m,nr_inodes=6000,mode=0755"


@pytest.fixture(scope="module")
def machine() -> Iterator[SmallMachine]:
    with small_machine(["mount", "-t", "tmpfs", "-o", SIZE, "magacin-test"]) as machine:
        yield machine


def refused(to: str) -> Callable[[Answer], bool]:
    return lambda answer: answer.to == to and answer.status == 503 and answer.is_refusal


def done(to: str) -> Callable[[Answer], bool]:
    return lambda answer: answer.to == to and answer.status in (200, 202)


@asynccontextmanager
async def kept_on(machine: SmallMachine, again: Callable[[], None]) -> AsyncIterator[None]:
    """Use up what becomes free meanwhile as well."""

    async def keep() -> None:
        while True:
            await asyncio.to_thread(again)
            await asyncio.sleep(0.05)

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        machine.free()


async def started_twice(machine: SmallMachine, part: str) -> None:
    """Return when a part has been started twice more."""
    seen: set[int] = set()
    supervisor = Supervisor(DataDir(machine.stack.data_dir))

    async def often() -> bool:
        seen.add((await asyncio.to_thread(supervisor.processes))[part].pid)
        return len(seen - {0}) > 2

    await eventually(often, seconds=120)


async def all_is_well(machine: SmallMachine, people: Traffic) -> None:
    """Return when it is: all healthy with all their loops, people at work, Prometheus with fresh samples."""
    since = time.time()

    async def healthy() -> bool:
        statuses = await asyncio.to_thread(machine.stack.status)
        return all(part["health"] == "healthy" for part in statuses.values())

    async def alive() -> list[dict[str, Any]]:
        reports = []
        for part in services():
            async with people.session.get(machine.stack.url(part.name) + "/health") as answer:
                reports.append(await answer.json())
        return reports if all(report["status"] == "ok" for report in reports) else []

    async def fresh() -> bool:
        query = urllib.parse.urlencode({"query": f"min(timestamp(up)) > {since}"})
        url = f"{machine.stack.url('prometheus')}/api/v1/query?{query}"
        async with people.session.get(url) as answer:
            return bool((await answer.json())["data"]["result"])

    await eventually(healthy, seconds=120)
    reports = await eventually(alive, seconds=120)
    loops = {name for report in reports for name in report["checks"]}
    assert {"scan_batcher", "outbox_relay", "event_stream", "presence", "user_state", "folder"} <= loops
    for to in (SCAN, IMPORT):
        await people.seen(done(to))
    await eventually(fresh, seconds=120)


def supervisors_pid(machine: SmallMachine) -> int | None:
    return Supervisor(DataDir(machine.stack.data_dir)).pid()


async def test_there_is_no_room_left(machine: SmallMachine) -> None:
    pid = supervisors_pid(machine)
    async with traffic(machine.stack) as people:
        async with kept_on(machine, machine.fill):
            await asyncio.gather(
                people.seen(refused(SCAN)),
                people.seen(refused(IMPORT)),
                # It would rather end than go on with what it cannot keep.
                started_twice(machine, "redis"),
            )
        await all_is_well(machine, people)
    assert not people.broken()
    assert supervisors_pid(machine) == pid
    logs = "".join(file.read_text() for file in machine.stack.data_dir.glob("logs/*.log"))
    assert any(json.loads(line)["writes"] for line in logs.splitlines() if '"log_lines_lost"' in line)


async def test_there_is_no_inode_left(machine: SmallMachine) -> None:
    """What ends meanwhile comes back by itself, at the latest when there are inodes again."""
    pid = supervisors_pid(machine)
    before = machine.stack.status()
    async with traffic(machine.stack) as people:
        async with kept_on(machine, machine.use_inodes):
            await people.seen(refused(IMPORT))
            for part in ("postgres", "redis", "prometheus", "realtime-worker"):
                os.kill(before[part]["pid"], signal.SIGKILL)
            await asyncio.gather(people.seen(refused(SCAN)), started_twice(machine, "postgres"))
        await all_is_well(machine, people)
    assert not people.broken()
    assert supervisors_pid(machine) == pid


@pytest.mark.long
async def test_nothing_can_be_written(machine: SmallMachine) -> None:
    """What is killed meanwhile cannot be started, and comes back when the file system takes writes again."""
    pid = supervisors_pid(machine)
    before = machine.stack.status()
    async with traffic(machine.stack) as people:
        machine.protect()
        try:
            await people.seen(refused(IMPORT))
            for part in ("postgres", "redis", "prometheus", "realtime-worker", "task-service"):
                os.kill(before[part]["pid"], signal.SIGKILL)
            await asyncio.gather(people.seen(refused(SCAN)), started_twice(machine, "postgres"))
        finally:
            machine.free()
        await all_is_well(machine, people)
    assert not people.broken()
    assert supervisors_pid(machine) == pid


async def test_the_gateway_has_no_descriptor_left(machine: SmallMachine) -> None:
    """Who is there works on; who comes is told to try again."""
    gateway = psutil.Process(machine.stack.status()["api-gateway"]["pid"])
    before = gateway.rlimit(psutil.RLIMIT_NOFILE)
    host, port = machine.stack.url("api-gateway").removeprefix("http://").split(":")
    async with traffic(machine.stack) as people, AsyncExitStack() as crowd:
        gateway.rlimit(psutil.RLIMIT_NOFILE, (gateway.num_fds() + 40, before[1]))
        try:
            head = b""
            while not head.startswith(b"HTTP/1.1 503"):
                reader, writer = await asyncio.open_connection(host, int(port))
                crowd.callback(writer.close)
                writer.write(b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
            assert json.loads(await reader.read())["error"]["code"] == "no_descriptors"
            for to in (SCAN, READ, IMPORT):
                await people.seen(done(to))
        finally:
            gateway.rlimit(psutil.RLIMIT_NOFILE, before)
        await all_is_well(machine, people)
    assert not people.broken()
    assert gateway.is_running()
    log = (machine.stack.data_dir / "logs" / "api-gateway.log").read_text()
    assert any('"no_descriptors"' in line and "connection_refused" in line for line in log.splitlines())
