"""A machine dies with its disk while people scan, and a standby has every scan that was acknowledged.

What is run is what docs/standby.md says, block by block, with both machines on this one.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from magacin.stack import postgres
from magacin.stack.parts import PORTS
from tests.e2e.conftest import ROOT, Api, Crew, RunningStack, eventually, magacin, running
from tests.e2e.test_history import Worker
from tests.history import Ledger, explained
from tests.support import free_offset

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]

PAGE = (ROOT / "docs" / "standby.md").read_text()
# The tunnel is the one that is not run: both machines are this one.
NAMES, LOGIN, _TUNNEL, COPY, WAIT, GO_ON_ALONE, TAKE_OVER = re.findall(r"^```\n(.*?)^```$", PAGE, re.M | re.S)
REQUIRED = {"HIST-A": 14, "HIST-B": 9}


@dataclass
class Machines:
    """The first machine, with a stack, and what the page's commands are told of both."""

    first: RunningStack
    folder: Path
    offset: int

    @property
    def second(self) -> RunningStack:
        """The stack on the second machine, once it has taken over."""
        return RunningStack(self.folder / "data", self.offset)

    @property
    def copy(self) -> Path:
        return self.folder / "copy"

    def run(self, commands: str, on: RunningStack) -> str:
        """Run a block of the page on one of the machines; return what it printed."""
        server = postgres.server_for(self.first.data_dir / "postgres")
        assert server is not None
        values = {
            "MAGACIN": ROOT / "magacin",
            "DATA": on.data_dir,
            "BIN": server.parent,
            "PORT": PORTS["postgres"] + on.offset,
            "COPY": self.copy,
            "TUNNEL": PORTS["postgres"] + self.first.offset,
            "COPY_PORT": PORTS["postgres"] + self.offset,
        }
        assert re.findall(r"^([A-Z_]+)=", NAMES, re.M) == list(values), "the page has other names than these"
        names = "".join(f"{name}={value}\n" for name, value in values.items())
        names += "".join(line for line in NAMES.splitlines(keepends=True) if line.startswith(("as(", "sql(")))
        if os.geteuid() != 0:
            names += 'as() { "$@"; }\n'
        # pg_ctl's server keeps what it was given as output.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                ["bash", "-euc", names + commands], stdout=said, stderr=said, check=False, cwd="/"
            )
            said.seek(0)
            output = said.read()
        assert done.returncode == 0, f"{commands}\n{output}"
        return output

    @contextmanager
    def copy_frozen(self) -> Iterator[None]:
        """Have the copy stand still, as behind a cut cable."""
        pid = int((self.copy / "data" / "postmaster.pid").read_text().splitlines()[0])
        server = psutil.Process(pid)
        stopped = [server, *server.children(recursive=True)]
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                process.resume()

    def lose_the_first(self) -> None:
        """Kill PostgreSQL and have its disk die."""
        pid = self.first.status()["postgres"]["pid"]
        server = psutil.Process(pid)
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        shutil.rmtree((self.first.data_dir / "postgres").resolve())


@pytest.fixture
def machines() -> Iterator[Machines]:
    folder = Path(tempfile.mkdtemp(prefix="magacin-standby-", dir="/var/tmp"))
    folder.chmod(0o755)
    with running("--only", "app") as first:
        machines = Machines(first, folder, free_offset())
        try:
            yield machines
        finally:
            if (folder / "data").exists():
                magacin("down", "--data-dir", str(folder / "data"), check=False)
            if (folder / "copy" / "data" / "postmaster.pid").exists():
                stop = 'as "$BIN/pg_ctl" stop --mode=immediate --pgdata="$COPY/data"'
                machines.run(stop, machines.second)
            shutil.rmtree(folder)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), connector=connector) as session:
        yield session


@dataclass
class Scanner:
    """Scans one piece after the other, each until it is answered, and knows the answers."""

    api: Api
    task_id: int
    answers: dict[str, Any] = field(default_factory=dict)

    def body(self, operation_id: str) -> dict[str, Any]:
        return {"task_id": self.task_id, "code": "A", "operation_id": operation_id}

    async def scan(self, operation_id: str) -> Any:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                status, answer = await self.api("POST", "/api/scan", self.body(operation_id))
                if status == 200:
                    return answer
                assert status in (502, 503, 504), answer
            await asyncio.sleep(0.1)

    async def work(self) -> None:
        while True:
            operation_id = str(uuid.uuid4())
            self.answers[operation_id] = await self.scan(operation_id)

    async def recorded(self) -> int:
        """Return how many of its pieces are picked, as far as anybody can tell: 0 while nobody can."""
        status, task = await self.api("GET", f"/api/tasks/{self.task_id}")
        if status != 200:
            return 0
        [line] = task["lines"]
        return int(line["picked"])


async def test_no_acknowledged_scan_is_lost_with_a_disk(
    machines: Machines, session: aiohttp.ClientSession
) -> None:
    first, second = machines.first, machines.second
    machines.run(LOGIN, first)
    second.data_dir.mkdir()
    shutil.copytree(first.data_dir / "secrets", second.data_dir / "secrets")
    machines.run(COPY, second)
    await commits_wait(machines)

    crew = Crew(await Api(session, first.url("api-gateway")).as_user("admin", first.secret("admin-password")))
    names = await crew.hire(4)
    scanners = [Scanner(crew.workers[name], await crew.task([name], A=100_000)) for name in names]
    await is_acknowledged_on_both_disks_alone(machines, scanners[0])

    task_id = await crew.task(names, **REQUIRED)
    _, task = await crew.admin("GET", f"/api/tasks/{task_id}")
    workers = [Worker(api, task, random.Random(seed)) for seed, api in enumerate(crew.workers.values())]
    scanning = [asyncio.create_task(scanner.work()) for scanner in scanners]
    working = asyncio.gather(*(worker.work() for worker in workers))

    async def busy() -> bool:
        answers = sum(worker.answers for worker in workers)
        return answers > 12 and all(len(scanner.answers) > 50 for scanner in scanners)

    await eventually(busy)
    await asyncio.to_thread(machines.lose_the_first)
    acknowledged = [dict(scanner.answers) for scanner in scanners]
    await asyncio.to_thread(magacin, "down", "--data-dir", str(first.data_dir))
    options = f" --only app --port-offset {second.offset}\n"
    await asyncio.to_thread(machines.run, TAKE_OVER.rstrip("\n") + options, second)
    for api in crew.workers.values():
        api.url = second.url("api-gateway")

    await asyncio.wait_for(working, 120)
    await eventually(lambda: grown(scanners, acknowledged))
    for one in scanning:
        one.cancel()
    await asyncio.gather(*scanning, return_exceptions=True)
    calls = [call for worker in workers for call in worker.calls]
    assert explained(Ledger.of(**REQUIRED), calls) is not None, calls
    for scanner, before in zip(scanners, acknowledged, strict=True):
        total = await scanner.recorded()
        for operation_id, answer in before.items():
            assert await scanner.scan(operation_id) == answer
        # What was on its way when work ended is recorded or not.
        assert await scanner.recorded() == total
        assert len(scanner.answers) <= total <= len(scanner.answers) + 1
    print(f"{sum(map(len, acknowledged))} scans and {len(calls)} operations: none is lost")


async def commits_wait(machines: Machines) -> None:
    """Have commits wait for the standby, and return when they do: PostgreSQL reads its settings by and by."""

    async def in_force() -> bool:
        return "standby|streaming|sync\n" in await asyncio.to_thread(machines.run, WAIT, machines.first)

    await eventually(in_force)


async def grown(scanners: list[Scanner], before: list[dict[str, Any]]) -> bool:
    return all(len(now.answers) > len(then) for now, then in zip(scanners, before, strict=True))


async def is_acknowledged_on_both_disks_alone(machines: Machines, scanner: Scanner) -> None:
    """A scan that the standby does not have is not acknowledged, also when it is sent again and found.

    PostgreSQL keeps a commit that waited for the standby when it was killed: then it is there to be seen.
    """
    scan = scanner.body(str(uuid.uuid4()))
    with machines.copy_frozen():
        status, answer = await scanner.api("POST", "/api/scan", scan)
        assert status == 503, answer
        machines.first.kill("postgres")
        await eventually(scanner.recorded)
        status, answer = await scanner.api("POST", "/api/scan", scan)
        assert status == 503, answer
    scanner.answers[scan["operation_id"]] = await scanner.scan(scan["operation_id"])
    assert await scanner.recorded() == 1
    with machines.copy_frozen():
        machines.run(GO_ON_ALONE, machines.first)
        await scanner.scan(alone := str(uuid.uuid4()))
    await commits_wait(machines)
    scanner.answers[alone] = await scanner.scan(alone)
