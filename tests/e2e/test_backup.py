"""A warehouse loses its database, and then its machine, and goes on from a backup."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from magacin.cli._common import Progress
from magacin.contracts.events import SOCKET_EVENT
from magacin.ops.backup.server import Server
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from tests.e2e.conftest import ROOT, Api, Crew, RunningStack, eventually, magacin, running
from tests.support import SocketClient

pytestmark = pytest.mark.e2e

SAMPLE = ROOT / "src" / "magacin" / "demo" / "sample_orders.csv"
Scan = dict[str, Any]


@pytest.fixture
def stack() -> Iterator[RunningStack]:
    """One of its own: what is restored here would be missed elsewhere."""
    with running("--only", "app") as stack:
        yield stack


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    # A connection kept from before a restore would lead to a gateway that is no more.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), connector=connector) as session:
        yield session


class Scanner:
    """A worker with a scanner, who knows what was acknowledged, and with what words."""

    def __init__(self, api: Api, task_id: int) -> None:
        self.api, self.task_id = api, task_id
        self.acknowledged: list[tuple[Scan, Any]] = []

    async def scan(self, times: int) -> None:
        for _ in range(times):
            body = {"task_id": self.task_id, "code": "A", "operation_id": str(uuid.uuid4())}
            status, answer = await self.api("POST", "/api/scan", body)
            assert status == 200, answer
            self.acknowledged.append((body, answer))

    async def replay(self) -> None:
        """Send all of it once more, as a scanner does that had no network, and get the same answers."""
        for body, answer in self.acknowledged:
            assert await self.api("POST", "/api/scan", body) == (200, answer)

    async def picked(self) -> int:
        _, task = await self.api("GET", f"/api/tasks/{self.task_id}")
        [line] = task["lines"]
        return int(line["picked"])

    async def recorded(self) -> list[str]:
        _, page = await self.api("GET", f"/api/tasks/{self.task_id}/scans?limit=500")
        return sorted(scan["operation_id"] for scan in page["items"])


def restore(stack: RunningStack, file: Path) -> str:
    options = ["--yes", "--port-offset", str(stack.offset), "--data-dir", str(stack.data_dir)]
    return magacin("restore", str(file), *options).stdout


class Warehouse:
    """What people do in it, and what they know afterwards."""

    def __init__(self, stack: RunningStack, session: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.anonymous = Api(session, stack.url("api-gateway"))
        self.passwords = {"admin": stack.secret("admin-password"), "ana": uuid.uuid4().hex}

    async def open(self) -> None:
        """Bring in orders, a worker and her task."""
        magacin("import", str(SAMPLE), "--release", "--data-dir", str(self.stack.data_dir), check=False)
        await self.log_in("admin")
        ana = {"username": "ana", "role": "worker", "password": self.passwords["ana"]}
        await self.admin("POST", "/api/users", ana)
        self.ana = Scanner(Api(self.anonymous.session, self.anonymous.url), await self.task())
        await self.log_in("ana")
        self.totals = await self.count()

    async def log_in(self, *names: str) -> None:
        for name in names:
            api = await self.anonymous.as_user(name, self.passwords[name])
            if name == "admin":
                self.admin = api
            else:
                self.ana.api.token = api.token

    async def task(self) -> int:
        return await Crew(self.admin).task(["ana"], A=1_000)

    async def count(self) -> dict[str, Any]:
        """Return what a restore must bring back, but for scans, which are counted one by one."""
        paths = ("/api/imports", "/api/users", "/api/requisitions?limit=500")
        return {path: (await self.admin("GET", path))[1] for path in paths}

    async def watched(self, work: Scanner, times: int) -> list[dict[str, Any]]:
        """Have scans made while somebody watches the task; return the events that came, once all have."""
        events: list[dict[str, Any]] = []
        client = await connected(self.ana.api, events)
        await client.call("watch", {"task_id": work.task_id})
        await work.scan(times)
        await eventually(lambda: asyncio.sleep(0, len(events) >= times))
        await client.disconnect()
        return events


async def test_a_warehouse_goes_on_from_a_backup(
    stack: RunningStack, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    house, file = Warehouse(stack, session), tmp_path / "backup.tar"
    await house.open()
    ana = house.ana
    await ana.scan(40)
    # Somebody goes on scanning while the backup is made: those scans are in it, or they are not.
    meanwhile = Scanner(ana.api, ana.task_id)
    going_on = asyncio.create_task(meanwhile.scan(30))
    await asyncio.to_thread(magacin, "backup", str(file), "--data-dir", str(stack.data_dir))
    await going_on
    lost = Scanner(ana.api, ana.task_id)
    seen = await house.watched(lost, 5)
    lost_task = await house.task()

    await asyncio.to_thread(destroy, stack)
    assert "Restored: " in restore(stack, file)
    assert (await ana.api("GET", "/api/tasks"))[0] == 401, "everybody logs in anew"
    await house.log_in("admin", "ana")
    recorded = await ana.recorded()
    possible = {body["operation_id"] for body, _ in (*ana.acknowledged, *meanwhile.acknowledged)}
    assert {body["operation_id"] for body, _ in ana.acknowledged} <= set(recorded) <= possible
    assert len(recorded) == len(set(recorded)) == await ana.picked()
    await ana.replay()
    assert await ana.picked() == len(recorded)
    assert await house.count() == house.totals

    again = Scanner(ana.api, ana.task_id)
    heard = await house.watched(again, 3)
    # Nothing of before is sent again, and no screen takes what is new for something it has had.
    assert [e["data"]["operation_id"] for e in heard] == [b["operation_id"] for b, _ in again.acknowledged]
    assert min(event["id"] for event in heard) > max(event["id"] for event in seen)
    assert await house.task() > lost_task, "no scanner may hold the number of another task"
    # What a scanner still has of the time since the backup, it can send again.
    assert (await ana.api("POST", "/api/scan", lost.acknowledged[0][0]))[0] == 200
    assert await ana.picked() == len(recorded) + 4

    burn_down(stack)
    restore(stack, file)
    assert {part["health"] for part in stack.status().values()} == {"healthy"}
    assert not (stack.data_dir / "secrets" / "admin-password").exists(), "it would be a wrong one"
    await house.log_in("admin", "ana")
    await ana.replay()
    assert await ana.recorded() == recorded
    assert await house.count() == house.totals
    await ana.scan(1)
    assert await ana.picked() == len(recorded) + 1


def burn_down(stack: RunningStack) -> None:
    """Leave nothing of a machine; the backup was on another one."""
    magacin("down", "--data-dir", str(stack.data_dir))
    shutil.rmtree((stack.data_dir / "postgres").resolve())
    shutil.rmtree(stack.data_dir)


def destroy(stack: RunningStack) -> None:
    """Wreck the database, as somebody with psql can who was in the wrong window."""
    server = Server(Stack(DataDir(stack.data_dir), Progress()).site())
    with server.session() as session:
        session.execute(
            "TRUNCATE tasks.scans; DROP TABLE tasks.shortages CASCADE; DELETE FROM gateway.refresh_tokens"
        )


async def connected(api: Api, events: list[dict[str, Any]]) -> Any:
    client = SocketClient(reconnection=False)

    def note(event: dict[str, Any]) -> None:
        if event["type"] == "scan.recorded":
            events.append(event)

    client.on(SOCKET_EVENT, note)
    await client.connect(api.url, auth={"token": api.token}, transports=["websocket"])
    return client
