"""A day on which everything happens at once: scans, undos, batches, files, screens, dashboards and reports.

Whoever works here does as devices do: what was not answered is sent again under the same id until it is. So
the books can be balanced at the end, whatever broke meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import socketio  # type: ignore[import-untyped]  # it comes without types

from magacin.contracts.events import SOCKET_EVENT
from magacin.stack import clients
from magacin.stack.paths import ROOT
from magacin.stack.site import Site

WORKERS, SCREENS, VISITORS = 20, 20, 5
# Of one line: more than are scanned in a night.
_PIECES = 1_000_000
_BETWEEN_SCANS, _BETWEEN_BATCHES, _BETWEEN_FILES, _BETWEEN_LOOKS = 0.5, 5.0, 15.0, 5.0
_UNDONE_EACH, _TOGETHER, _ORDERS = 20, 100, 500
_ORDER_LINES = 3
_TRY_AGAIN_SECONDS = 0.3
# So often is looked whether all is told.
_TELLINGS = 400
# Much less than a login lasts.
_LOGIN_SECONDS = 300.0
_HISTORY_SECONDS, _POINTS = 3600, 240
_DASHBOARDS = ROOT / "monitoring" / "grafana" / "dashboards"
_READ = (
    "/api/board", "/api/tasks?limit=100", "/api/requisitions?limit=100", "/api/picking", "/api/reports/day",
    "/api/reports/worker", "/api/shortages", "/api/refusals", "/api/imports", "/api/audit",
)  # fmt: skip
# It reports a connection that breaks, which is what drills are for.
logging.getLogger("engineio.client").setLevel(logging.CRITICAL)
_UNANSWERED = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass
class Mixed:
    """What was done, and what was answered."""

    site: Site
    session: aiohttp.ClientSession
    picked: Counter[int] = field(default_factory=Counter)
    """Pieces of each task that were acknowledged and not taken back."""
    orders: int = 0
    """Orders in files whose import succeeded."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Answers by status; 0 where none came."""
    wrong: list[str] = field(default_factory=list)
    """What does not balance in the end."""
    events: int = 0
    queries: int = 0
    doors: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when visitors may come: that many sockets are closed is an alert, which drills are about."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _token: str = ""
    _logged_in_at: float = 0.0
    _login: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def gateway(self) -> str:
        """The gateway's base URL."""
        return self.site.url("api-gateway")

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Ask the gateway once, as the administrator. The status is 0 where no answer came."""
        try:
            headers = {"Authorization": f"Bearer {await self.token()}"}
            async with self.session.request(
                method, self.gateway + path, headers=headers, **options
            ) as response:
                body = await response.read()
                is_json = response.content_type == "application/json"
                status, answer = response.status, json.loads(body) if is_json else body
        except _UNANSWERED:
            status, answer = 0, None
        self.statuses[status] += 1
        return status, answer

    async def must(
        self, method: str, path: str, form: Callable[[], aiohttp.FormData] | None = None, **options: Any
    ) -> Any:
        """Ask until it is answered, however long that takes; exit where the answer is a refusal.

        A form is made anew each time.
        """
        while True:
            sent = {"data": form()} if form else options
            status, answer = await self.ask(method, path, **sent)
            if status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
                return answer
            if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS):
                self._logged_in_at = 0.0
            elif 0 < status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise SystemExit(f"{method} {path} was answered {status}: {answer}")
            await asyncio.sleep(_TRY_AGAIN_SECONDS)

    async def token(self) -> str:
        """Return an access token that lasts."""
        async with self._login:
            if not self._logged_in_at or time.monotonic() - self._logged_in_at > _LOGIN_SECONDS:
                password = self.site.secrets.value("admin-password")
                body = {"username": "admin", "password": password}
                async with self.session.post(f"{self.gateway}/api/auth/login", json=body) as response:
                    response.raise_for_status()
                    self._token = (await response.json())["access_token"]
                self._logged_in_at = time.monotonic()
        return self._token

    async def each(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        """Do something again and again, so many seconds apart, until all stop."""
        while not self.stopping.is_set():
            await do()
            try:
                await asyncio.wait_for(self.stopping.wait(), seconds)
            except TimeoutError:
                continue

    async def stored(self, query: str) -> int:
        """Return a number that PostgreSQL answers with."""
        async with clients.postgres(self.site) as connection:
            return int(await connection.fetchval(query))


@asynccontextmanager
async def at_work(site: Site) -> AsyncIterator[Mixed]:
    """Have everybody at work meanwhile, and balance the books when all that was begun is answered."""
    async with clients.http_session(total=30, site=site) as session:
        mixed = Mixed(site, session)
        tasks = [await _make_task(mixed) for _ in range(WORKERS)]
        async with asyncio.TaskGroup() as group:
            try:
                for task_id, sku in tasks:
                    group.create_task(_scan(mixed, task_id, sku))
                group.create_task(_hand_in(mixed, *await _make_task(mixed)))
                group.create_task(mixed.each(_BETWEEN_FILES, lambda: _import(mixed)))
                group.create_task(mixed.each(_BETWEEN_LOOKS, lambda: _read(mixed)))
                group.create_task(mixed.each(_BETWEEN_LOOKS, lambda: _look_at_dashboard(mixed)))
                for _ in range(SCREENS):
                    group.create_task(_watch(mixed))
                for _ in range(VISITORS):
                    group.create_task(_come_and_go(mixed))
                yield mixed
            finally:
                mixed.stopping.set()
                mixed.doors.set()
        mixed.wrong = await _unbalanced(mixed)


async def _unbalanced(mixed: Mixed) -> list[str]:
    """Return what does not balance, pieces or orders, when all of it is told to whom it concerns."""
    found = []
    for task_id, pieces in mixed.picked.items():
        task = await mixed.must("GET", f"/api/tasks/{task_id}")
        if task["picked"] != pieces:
            found.append(f"task {task_id} has {task['picked']} pieces, {pieces} were acknowledged")
    stored = await mixed.stored("SELECT count(*) FROM tasks.requisitions WHERE number LIKE 'SOAK-FILE-%'")
    if stored != mixed.orders:
        found.append(f"{stored} orders are stored, {mixed.orders} were in files that were imported")
    waiting = "SELECT (SELECT count(*) FROM tasks.outbox) + (SELECT count(*) FROM imports.outbox)"
    for _ in range(_TELLINGS):
        if not await mixed.stored(waiting):
            return found
        await asyncio.sleep(_TRY_AGAIN_SECONDS)
    return [*found, f"{await mixed.stored(waiting)} events wait to be told"]


_numbers = itertools.count(1)


async def _make_task(mixed: Mixed) -> tuple[int, str]:
    sku = f"SOAK-{uuid.uuid4().hex[:8]}-{next(_numbers)}"
    order = {"number": f"SOAK-{sku}", "lines": [{"sku": sku, "quantity": _PIECES}]}
    requisition = await mixed.must("POST", "/api/requisitions", json=order)
    wanted = {"requisition_ids": [requisition["requisition_id"]]}
    [task] = await mixed.must("POST", "/api/tasks", json=wanted)
    await mixed.must("POST", f"/api/tasks/{task['task_id']}/claim")
    return task["task_id"], sku


async def _scan(mixed: Mixed, task_id: int, sku: str) -> None:
    numbers = itertools.count(1)

    async def once() -> None:
        key = str(uuid.uuid4())
        scan = {"task_id": task_id, "code": sku, "operation_id": key}
        answer = await mixed.must("POST", "/api/scan", json=scan)
        mixed.picked[task_id] += answer["quantity"]
        if next(numbers) % _UNDONE_EACH == 0:
            await _undo(mixed, task_id, key)

    await mixed.each(_BETWEEN_SCANS, once)


async def _undo(mixed: Mixed, task_id: int, key: str) -> None:
    operation = {"kind": "undo", "undoes": key, "operation_id": str(uuid.uuid4())}
    answer = await mixed.must("POST", "/api/scans", json={"operations": [operation]})
    [result] = answer["results"]
    # It is too late where something was broken for long between the scan and this.
    if result["status"] == HTTPStatus.OK:
        mixed.picked[task_id] -= result["result"]["quantity"]


async def _hand_in(mixed: Mixed, task_id: int, sku: str) -> None:
    """Be a device that comes into reach again and again, with what it gathered."""

    async def once() -> None:
        scan = {"kind": "scan", "task_id": task_id, "code": sku}
        operations = [scan | {"operation_id": str(uuid.uuid4())} for _ in range(_TOGETHER)]
        answer = await mixed.must("POST", "/api/scans", json={"operations": operations})
        mixed.picked[task_id] += sum(one["result"]["quantity"] for one in answer["results"])

    await mixed.each(_BETWEEN_BATCHES, once)


async def _import(mixed: Mixed) -> None:
    """Upload a file of new orders under one name until it is taken, and wait for what becomes of it."""
    file = uuid.uuid4().hex
    rows = [
        f"SOAK-FILE-{file}-{order},SOAK-{line},1" for order in range(_ORDERS) for line in range(_ORDER_LINES)
    ]
    content = "\n".join(["requisition,sku,quantity", *rows]).encode()

    def form() -> aiohttp.FormData:
        made = aiohttp.FormData({"release": "true"})
        made.add_field("file", content, filename=f"{file}.csv")
        return made

    job = await mixed.must("POST", "/api/imports", form)
    while job["status"] not in ("succeeded", "failed"):
        await asyncio.sleep(_TRY_AGAIN_SECONDS)
        job = await mixed.must("GET", f"/api/imports/{job['job_id']}")
    if job["status"] == "failed":
        raise SystemExit(f"An import failed: {job['error']}")
    mixed.orders += _ORDERS


async def _read(mixed: Mixed) -> None:
    """Look at every list, as a supervisor does; where something is broken, at nothing."""
    for path in _READ:
        await mixed.ask("GET", path)


async def _look_at_dashboard(mixed: Mixed) -> None:
    """Ask for all that a dashboard shows of the last hour, by way of the console."""
    files = sorted(_DASHBOARDS.glob("*.json"))
    end = int(time.time())
    span = {"start": end - _HISTORY_SECONDS, "end": end, "step": _HISTORY_SECONDS // _POINTS}
    for query in _queries(files[mixed.queries % len(files)]):
        try:
            async with mixed.session.post(
                f"{mixed.site.url('console')}/api/prometheus/api/v1/query_range", data=span | {"query": query}
            ) as response:
                await response.read()
        except _UNANSWERED:
            continue
    mixed.queries += 1


def _queries(file: Path) -> list[str]:
    """Return the expressions of a dashboard that name no variable."""
    panels = json.loads(file.read_text())["panels"]
    targets = [target for panel in panels for target in panel.get("targets", [])]
    return [target["expr"] for target in targets if "$" not in target.get("expr", "$")]


async def _watch(mixed: Mixed) -> None:
    """Be a screen that stays, and comes back by itself."""
    client = socketio.AsyncClient(reconnection=False)

    async def on_event(_: object) -> None:
        mixed.events += 1

    client.on(SOCKET_EVENT, on_event)
    while not mixed.stopping.is_set():
        if not client.connected:
            await _connect(mixed, client)
        await asyncio.sleep(1)
    await client.disconnect()


async def _come_and_go(mixed: Mixed) -> None:
    """Be a screen that is opened, looked at and closed."""

    async def once() -> None:
        client = socketio.AsyncClient(reconnection=False)
        await _connect(mixed, client)
        await asyncio.sleep(1)
        await client.disconnect()

    await mixed.doors.wait()
    await mixed.each(1, once)


async def _connect(mixed: Mixed, client: socketio.AsyncClient) -> None:
    try:
        await client.connect(mixed.gateway, auth={"token": await mixed.token()}, transports=["websocket"])
    except (*_UNANSWERED, socketio.exceptions.ConnectionError):
        await asyncio.sleep(_TRY_AGAIN_SECONDS)
