"""The real stack, started by the command that users type, on ports and in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from playwright.async_api import Browser, Page, StorageState

from magacin.cli._common import Progress
from magacin.cli.status import as_dict
from magacin.drills.faults import seconds
from magacin.drills.files import MonitoringFiles
from magacin.stack import clients, parts
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from magacin.stack.secrets import Secrets
from magacin.stack.site import Site
from tests.e2e.browser import chromium, log_in, opened
from tests.support import free_offset

T = TypeVar("T")

# By which number ports are given to gw0 of these tests: none is that of a worker of the others.
FIRST_WORKER = 7

ROOT = Path(__file__).parents[2]
# Begun in this order, before all others: no worker is to have a long one left when the rest are done.
LONGEST = (
    "test_backup.py",
    "test_accessibility.py",
    "test_console.py",
    "test_worker_app.py",
    "test_worker_app_at_random.py",
    "test_dashboards.py",
    "test_live_drill.py",
    "test_wall.py",
    "test_demo.py",
)
# Leaves five thousand orders without a task. In pages of a hundred others would look for theirs for minutes.
LAST = "test_stack.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    places = {Path(__file__).with_name(name): place for place, name in enumerate(LONGEST)}
    places[Path(__file__).with_name(LAST)] = len(places) + 1
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


def magacin(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does; show what it said when it fails."""
    run = subprocess.run([ROOT / "magacin", *arguments], capture_output=True, text=True, check=False)
    if check and run.returncode:
        pytest.fail(f"magacin {' '.join(arguments)} exited {run.returncode}:\n{run.stdout}\n{run.stderr}")
    return run


@dataclass(frozen=True)
class RunningStack:
    data_dir: Path
    offset: int

    def url(self, part: str) -> str:
        return f"http://{parts.address(part, self.offset)}"

    @property
    def site(self) -> Site:
        """Where it is, for who asks its parts with the logins that they want."""
        data = DataDir(self.data_dir)
        return Site(data, Secrets(data.secrets), self.offset)

    def secret(self, name: str) -> str:
        return (self.data_dir / "secrets" / name).read_text().strip()

    def status(self) -> dict[str, dict[str, Any]]:
        # What `status --json` prints, without a process for each question.
        statuses = Stack(DataDir(self.data_dir), Progress()).status()
        return {status.part.name: as_dict(status) for status in statuses}

    def kill(self, part: str) -> None:
        """SIGKILL the process of a part, and nothing else."""
        os.kill(self.status()[part]["pid"], signal.SIGKILL)


@contextmanager
def running(
    *options: str, worker: int | None = None, up: Callable[..., object] = magacin
) -> Iterator[RunningStack]:
    """Start a stack in a new data directory, and stop and remove it at the end.

    `worker` is whose ports it gets, where that is not the worker of pytest. `up` starts it, where that is not
    the command of this checkout.
    """
    if worker is None and (name := os.environ.get("PYTEST_XDIST_WORKER")):
        worker = FIRST_WORKER + int(name.removeprefix("gw"))
    folder = Path(tempfile.mkdtemp(prefix="magacin-e2e-"))
    folder.chmod(0o755)
    data_dir, offset = folder / "data", free_offset(worker)
    try:
        up("up", "--detach", "--port-offset", str(offset), "--data-dir", str(data_dir), *options)
        yield RunningStack(data_dir, offset)
    finally:
        magacin("down", "--data-dir", str(data_dir), check=False)
        shutil.rmtree((data_dir / "postgres").resolve(), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


# At this speed a scrape has three seconds, which a busy machine keeps up with.
SPEED = 5


def hasten(stack: RunningStack) -> None:
    """Have a stack scrape, evaluate and tell at several times the usual speed, as drills do, until a reload.

    For tests that are about what comes of it, in the pages for example, and not about when.
    """
    usual = Stack(DataDir(stack.data_dir), Progress())
    MonitoringFiles(usual, usual.monitoring, SPEED, seconds()).put()


@contextmanager
def hastened(stack: RunningStack) -> Iterator[None]:
    """Do so for a while, to a stack on which others count."""
    try:
        hasten(stack)
        yield
    finally:
        magacin("reload", "--data-dir", str(stack.data_dir))


# By which phones reach the stack that tests share: a name that no DNS has, on loopback.
PHONES = "magacin.test"


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    with pytest.MonkeyPatch.context() as changed:
        # What webhooks are sent to in tests is on this machine.
        changed.setenv("MAGACIN_WEBHOOK_ALLOWED_NETWORKS", '["127.0.0.1/32"]')
        with running("--lan", PHONES, "--lan-bind", "127.0.0.1") as stack:
            yield stack


@dataclass
class Api:
    """The gateway, as one person sees it."""

    session: aiohttp.ClientSession
    url: str
    token: str = ""

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            options["json"] = body
        async with self.session.request(method, self.url + path, headers=headers, **options) as response:
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            return response.status, json.loads(text) if is_json else text

    async def as_user(self, username: str, password: str) -> Api:
        """Log in as somebody."""
        status, tokens = await self("POST", "/api/auth/login", {"username": username, "password": password})
        assert status == 200, tokens
        return Api(self.session, self.url, tokens["access_token"])


@pytest.fixture
async def admin(stack: RunningStack) -> AsyncIterator[Api]:
    async with clients.http_session(total=30, site=stack.site) as session:
        anonymous = Api(session, stack.url("api-gateway"))
        yield await anonymous.as_user("admin", stack.secret("admin-password"))


@dataclass
class Crew:
    """Makes workers and the tasks they scan."""

    admin: Api
    workers: dict[str, Api] = field(default_factory=dict)

    async def hire(self, count: int) -> list[str]:
        names = [f"w{uuid.uuid4().hex[:10]}" for _ in range(count)]
        for name in names:
            password = uuid.uuid4().hex
            body = {"username": name, "role": "worker", "password": password}
            status, answer = await self.admin("POST", "/api/users", body)
            assert status == 201, answer
            self.workers[name] = await self.admin.as_user(name, password)
        return names

    async def task(self, workers: list[str], **lines: int) -> int:
        number = f"E2E-{uuid.uuid4()}"
        wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
        status, made = await self.admin("POST", "/api/requisitions", {"number": number, "lines": wanted})
        assert status == 201, made
        status, tasks = await self.admin("POST", "/api/tasks", {"requisition_ids": [made["requisition_id"]]})
        assert status == 201, tasks
        task_id = int(tasks[0]["task_id"])
        status, task = await self.admin("POST", f"/api/tasks/{task_id}/assign", {"workers": workers})
        assert status == 200, task
        return task_id


@pytest.fixture
def crew(admin: Api) -> Crew:
    return Crew(admin)


async def eventually(check: Callable[[], Awaitable[T]], *, seconds: float = 60) -> T:
    """Return what `check` returns as soon as it is true; its last answer is in the failure."""
    answer: T | None = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                if answer := await check():
                    return answer
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(f"not so within {seconds} s; the last answer was {answer!r}")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def logged_in(browser: Browser, stack: RunningStack) -> StorageState:
    """Return the state of a browser that is logged in to a stack's console."""
    async with opened(browser, stack.url("console"), None) as page:
        await log_in(page, stack.url("console"), stack.secret("operator-password"))
        return await page.context.storage_state()


@pytest.fixture(scope="session")
async def operator(browser: Browser, stack: RunningStack) -> StorageState:
    """The state of a browser that is logged in."""
    return await logged_in(browser, stack)


@pytest.fixture
async def page(browser: Browser, stack: RunningStack, operator: StorageState) -> AsyncIterator[Page]:
    """A page of the console, logged in."""
    async with opened(browser, stack.url("console"), operator) as page:
        yield page
