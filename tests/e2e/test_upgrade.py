"""A warehouse that worked with an earlier build goes on with this one: on its data, and from its backup.

The earlier build is a commit of this repository, with an environment of its own that is made beside this one.
"""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from benchmarks.build import Build, of_commit

from magacin.contracts.events import SOCKET_EVENT
from tests.e2e.conftest import ROOT, Api, Crew, RunningStack, eventually, magacin, running
from tests.support import SocketClient

# The first build that people were given. It has neither undo nor task lines of their own.
EARLIER = "d534ad2"
SAMPLE = ROOT / "src" / "magacin" / "demo" / "sample_orders.csv"

# A request's own name, and what people are told, which is said in better words by now.
_OF_THE_MOMENT = {"request_id", "message"}

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1_800)]


@pytest.fixture(scope="module")
def earlier() -> Build:
    known = subprocess.run(["git", "cat-file", "-e", f"{EARLIER}^{{commit}}"], cwd=ROOT, check=False)
    if known.returncode:
        pytest.skip(f"this checkout has no commit {EARLIER}")
    return of_commit(EARLIER)


@pytest.fixture
def stack(earlier: Build) -> Iterator[RunningStack]:
    with running("--only", "app", up=earlier.magacin) as stack:
        yield stack


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    # A connection kept from before would lead to a gateway that is no more.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), connector=connector) as session:
        yield session


@dataclass(frozen=True)
class Sent:
    """An operation of a person, and what they were answered."""

    who: str
    path: str
    body: dict[str, Any]
    status: int
    answer: Any


@dataclass
class House:
    """People at work, who know what was acknowledged."""

    stack: RunningStack
    session: aiohttp.ClientSession
    passwords: dict[str, str] = field(default_factory=dict)
    people: dict[str, Api] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    tasks: dict[str, int] = field(default_factory=dict)

    async def log_in(self) -> None:
        anonymous = Api(self.session, self.stack.url("api-gateway"))
        for name, password in self.passwords.items():
            self.people[name] = await anonymous.as_user(name, password)

    async def open(self) -> None:
        self.passwords["admin"] = self.stack.secret("admin-password")
        await self.log_in()
        for name, role in (("ana", "worker"), ("ivo", "worker"), ("mira", "supervisor")):
            self.passwords[name] = uuid.uuid4().hex
            body = {"username": name, "role": role, "password": self.passwords[name]}
            assert (await self.people["admin"]("POST", "/api/users", body))[0] == 201
        await self.log_in()

    async def work(self) -> None:
        """Make tasks in each state, with scans that count, scans that do not, and shortages."""
        crew = Crew(self.people["admin"])
        for name, workers in (("begun", ["ana", "ivo"]), ("done", ["ana"]), ("untouched", ["ivo"])):
            self.tasks[name] = await crew.task(workers, A=10, B=6)
        for who, code, quantity in (
            ("ana", "A", 3), ("ivo", "A", 1), ("ana", "B", 6), ("ivo", "B", 1), ("ana", "none", 1)
        ):  # fmt: skip
            await self.scan(who, "begun", code, quantity)
        await self.short("ivo", "begun", "A", 2)
        await self.scan("ana", "done", "A", 8)
        await self.short("ana", "done", "A", 2)
        await self.scan("ana", "done", "B", 6)
        await self.scan("ana", "done", "B", 1)
        assert (await self.task("done"))["status"] == "completed"

    async def scan(self, who: str, task: str, code: str, quantity: int) -> Sent:
        body = {"task_id": self.tasks[task], "code": code, "quantity": quantity}
        return await self.send(who, "/api/scan", body)

    async def short(self, who: str, task: str, sku: str, quantity: int) -> Sent:
        [line] = [line["line_id"] for line in (await self.task(task))["lines"] if line["sku"] == sku]
        body = {"line_id": line, "quantity": quantity, "reason": "damaged"}
        return await self.send(who, f"/api/tasks/{self.tasks[task]}/shortages", body)

    async def send(self, who: str, path: str, body: dict[str, Any]) -> Sent:
        body = body | {"operation_id": str(uuid.uuid4())}
        sent = Sent(who, path, body, *await self.people[who]("POST", path, body))
        self.sent.append(sent)
        return sent

    async def task(self, name: str) -> dict[str, Any]:
        status, task = await self.people["admin"]("GET", f"/api/tasks/{self.tasks[name]}")
        assert status == 200, task
        return dict(task)

    async def seen(self) -> dict[str, Any]:
        """Return all that people can read of what there is."""
        admin = self.people["admin"]
        found: dict[str, Any] = {}
        for path in ("/api/users", "/api/imports"):
            _, found[path] = await admin("GET", path)
        for path in ("/api/requisitions", "/api/tasks"):
            after: int | None = 0
            found[path] = []
            while after is not None:
                _, page = await admin("GET", f"{path}?limit=500&after={after}")
                found[path] += page["items"]
                after = page["next_after"]
        for name, task_id in self.tasks.items():
            found[name] = await self.task(name)
            _, page = await admin("GET", f"/api/tasks/{task_id}/scans?limit=500")
            found[f"scans of {name}"] = page["items"]
        return found

    async def replay(self) -> None:
        """Send all of it once more, as a scanner does that had no network: it is answered as before."""
        for sent in self.sent:
            status, answer = await self.people[sent.who]("POST", sent.path, sent.body)
            assert status == sent.status, (sent, answer)
            if sent.path.endswith("/shortages"):
                # The earlier build keeps no answer to one, and says how the task is now.
                assert answer["task_id"] == sent.answer["task_id"], (sent, answer)
            else:
                require_within(sent.answer, answer, sent.path)


def require_within(old: Any, new: Any, where: str) -> None:
    """Fail unless all that was said is said still, with whatever is said besides."""
    if isinstance(old, dict):
        for key, value in old.items():
            if key not in _OF_THE_MOMENT:
                assert key in new, f"{where}: {key} is missing in {new}"
                require_within(value, new[key], f"{where}.{key}")
    elif isinstance(old, list):
        assert len(old) == len(new), f"{where}: {len(new)} in place of {len(old)}"
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            require_within(one, other, f"{where}[{place}]")
    else:
        assert old == new, f"{where}: {new!r} in place of {old!r}"


async def picks_on(house: House) -> None:
    """Go on with what was begun, take back what the earlier build had recorded, and be told of it live."""
    events: list[dict[str, Any]] = []
    client = SocketClient(reconnection=False)
    client.on(SOCKET_EVENT, events.append)
    ana = house.people["ana"]
    await client.connect(ana.url, auth={"token": ana.token}, transports=["websocket"])
    await client.call("watch", {"task_id": house.tasks["begun"]})
    [first, *_] = house.sent
    undone = await house.send("ana", "/api/undo", {"undoes": first.body["operation_id"]})
    assert undone.status == 200, undone
    assert (await house.scan("ivo", "begun", "A", 6)).answer["outcome"] == "picked"
    last = await house.scan("ana", "begun", "A", 1)
    assert last.answer["outcome"] == "task_complete", last
    lines = {line["sku"]: (line["picked"], line["short"]) for line in (await house.task("begun"))["lines"]}
    assert lines == {"A": (8, 2), "B": (6, 0)}

    def told() -> bool:
        return last.body["operation_id"] in {event["data"].get("operation_id") for event in events}

    await eventually(lambda: asyncio.sleep(0, told()))
    await client.disconnect()
    await house.replay()


async def reports_follow(house: House) -> None:
    """Return when the sums of this build have all that the earlier one had recorded."""
    recorded = [sent for sent in house.sent if sent.path == "/api/scan"]
    counted = sum(sent.body["quantity"] for sent in recorded if sent.status == 200)

    async def same() -> bool:
        status, report = await house.people["admin"]("GET", "/api/reports/worker")
        assert status == 200, report
        return bool(report["totals"]["pieces"] == counted)

    await eventually(same)


async def test_an_upgrade_keeps_all_that_was_acknowledged(
    earlier: Build, stack: RunningStack, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    house, file = House(stack, session), tmp_path / "earlier.tar"
    folder = ["--data-dir", str(stack.data_dir)]
    await house.open()
    earlier.magacin("import", str(SAMPLE), "--release", *folder, check=False)
    await house.work()
    await house.replay()
    seen = await house.seen()
    assert len(seen["/api/tasks"]) > 100
    before = list(house.sent)
    assert [sent.status for sent in before] == [200, 200, 200, 409, 409, 201, 200, 201, 200, 409]
    earlier.magacin("backup", str(file), *folder)

    earlier.magacin("down", *folder)
    magacin("up", "--only", "app", "--detach", *folder)
    # Who was logged in still is: nobody has to stop for it.
    assert (await house.people["ana"]("GET", "/api/tasks"))[0] == 200
    await house.log_in()
    require_within(seen, await house.seen(), "after the upgrade")
    await house.replay()
    require_within(seen, await house.seen(), "after all was sent again")
    await reports_follow(house)
    await picks_on(house)

    # The day goes wrong, and the night before comes back, which the earlier build has backed up.
    magacin("restore", str(file), "--yes", *folder)
    house.sent = before
    await house.log_in()
    require_within(seen, await house.seen(), "after the restore")
    await house.replay()
    await picks_on(house)
