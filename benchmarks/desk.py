"""The board of the desk with two thousand open tasks, and what many desks and walls cost the gateway."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import aiohttp
import socketio  # type: ignore[import-untyped]  # it comes without types
from playwright.async_api import Page
from tests.e2e.browser import DESKTOP, chromium, opened

from benchmarks import cpu
from benchmarks.imports import run_import
from benchmarks.load import LoadResult, run_load
from benchmarks.report import Measurement
from benchmarks.scans import create_tasks, require_counted, scanner
from benchmarks.stack import BenchStack

_OPEN_TASKS = 2_000
_OPENINGS, _CHANGES = 5, 40
RATE = 200
_CLIENTS = 50
_SECONDS = 15
DESKS, WALLS = 50, 20
_ROW = "() => document.querySelector('[data-task]')?.dataset.task"
_SCRIPTS = """() => performance.getEntriesByType('resource')
  .filter(({name}) => name.endsWith('.js')).reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"""
# Counts frames, and notes the longest task of the page: the browser tells of those over 50 ms.
_WATCH = """() => {
  window.frames_ = 0, window.longest = 0;
  const count = () => { window.frames_ += 1; requestAnimationFrame(count) };
  requestAnimationFrame(count);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
  }).observe({ type: 'longtask' });
}"""
# When, by the clock that all processes of a machine have, the frame was painted that shows a text in a row.
_SHOWN = """([task, text]) => new Promise((resolve) => {
  const look = () => {
    const row = document.querySelector(`[data-task="${task}"]`);
    if (!row?.textContent.includes(text)) return requestAnimationFrame(look);
    setTimeout(() => resolve(Date.now()));
  };
  look();
})"""


def measure(stack: BenchStack) -> list[Measurement]:
    """Look at the board in a browser, then at the gateway with few and with many who look on."""
    return asyncio.run(_measure(stack))


async def _measure(stack: BenchStack) -> list[Measurement]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "orders.csv"
        rows = (f"D{number},A{number % 500},3" for number in range(_OPEN_TASKS))
        file.write_text("\n".join(["requisition,sku,quantity", *rows]))
        await run_import(stack, file, release="true")
    one = await _cost(stack, desks=1, walls=0)
    many = await _cost(stack, desks=DESKS, walls=WALLS)
    async with chromium() as browser, opened(browser, stack.gateway, None, DESKTOP) as page:
        found = await _at_the_desk(stack, page)
    return [
        *found,
        Measurement(f"gateway, {RATE} scans/s and one desk", 100 * one, "% of a core"),
        Measurement(f"gateway, the same, {DESKS} desks and {WALLS} walls", 100 * many, "% of a core"),
        Measurement("the latter, times the former", many / one, "", at_most=3),
    ]


async def _at_the_desk(stack: BenchStack, page: Page) -> list[Measurement]:
    await page.goto("/desk/")
    await page.get_by_label("Name", exact=True).fill("admin")
    await page.get_by_label("Password", exact=True).fill(stack.secret("admin-password"))
    await page.keyboard.press("Enter")
    await page.wait_for_function(_ROW)
    openings = [await _open(page) for _ in range(_OPENINGS)]
    scripts = float(await page.evaluate(_SCRIPTS))
    shown = sorted(await _changes(stack, page))
    before, longest, frames = await _busy(stack, page)
    return [
        Measurement("JavaScript of the first load, compressed", scripts / 1000, "kB", at_most=250),
        Measurement(
            f"board with {_OPEN_TASKS} open tasks, first paint with data", sorted(openings)[_OPENINGS // 2],
            "s", at_most=1,
        ),
        Measurement("a change on the screen, median", shown[len(shown) // 2], "ms"),
        Measurement("a change on the screen, p95", shown[int(len(shown) * 0.95)], "ms", at_most=200),
        Measurement(f"scripting and layout of a frame, {RATE} events/s", before / frames, "ms", at_most=8),
        Measurement(f"longest task of the page, {RATE} events/s", longest, "ms", at_most=50),
    ]  # fmt: skip


async def _open(page: Page) -> float:
    await page.goto("/desk/", wait_until="commit")
    await page.wait_for_function(_ROW, polling="raf")
    return float(await page.evaluate("performance.now()")) / 1000


async def _changes(stack: BenchStack, page: Page) -> list[float]:
    """Change what is said of the task on top, and return after how many milliseconds the board shows it."""
    task = int(await page.evaluate(_ROW))
    found = []
    async with aiohttp.ClientSession(stack.gateway) as session:
        headers = await stack.login(session)
        for number in range(_CHANGES):
            # It stays on top, and shows its priority.
            priority = 900 + number % 90
            shown = asyncio.create_task(page.evaluate(_SHOWN, [task, str(priority)]))
            await asyncio.sleep(0.3)
            began = time.time()
            change = {"priority": priority}
            async with session.patch(f"/api/tasks/{task}", json=change, headers=headers) as response:
                response.raise_for_status()
            found.append(float(await shown) - 1000 * began)
    return found


async def _busy(stack: BenchStack, page: Page) -> tuple[float, float, int]:
    """Scan beside the board; return milliseconds of scripting and layout, the longest task, and frames."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await page.evaluate(_WATCH)
    began = await _worked(session)
    await _scan(stack)
    milliseconds = 1000 * (await _worked(session) - began)
    return milliseconds, float(await page.evaluate("longest")), int(await page.evaluate("frames_"))


async def _worked(session: Any) -> float:
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    spent = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    return float(sum(one["value"] for one in metrics if one["name"] in spent))


async def _scan(stack: BenchStack) -> LoadResult:
    async with aiohttp.ClientSession() as session:
        headers = await stack.login(session)
        tasks = await create_tasks(stack, session, headers, _CLIENTS)
        token = headers["Authorization"].removeprefix("Bearer ")
        url = f"{stack.gateway}/api/scan"
        clients = [scanner(url, token, task_id, sku) for task_id, sku in tasks]
        result = await run_load(url, clients, warm_up=1, seconds=_SECONDS, rate=RATE)
        await require_counted(stack, session, headers, [task_id for task_id, _ in tasks], result)
    return result


async def _cost(stack: BenchStack, *, desks: int, walls: int) -> float:
    """Return how many processors the gateway takes while people scan and so many look on."""
    async with _looking_on(stack, desks, walls):
        with cpu.spent(stack) as spent:
            began = time.perf_counter()
            await _scan(stack)
            seconds = time.perf_counter() - began
    return spent["api-gateway"] / seconds


@asynccontextmanager
async def _looking_on(stack: BenchStack, desks: int, walls: int) -> AsyncIterator[None]:
    """Have desks and walls follow, which read what an event names as their pages do."""
    async with aiohttp.ClientSession(stack.gateway, raise_for_status=True) as session:
        headers = await stack.login(session)
        tokens = [await _supervisor(session, headers) for _ in range(desks)]
        screens = [await _screen(session, headers, number) for number in range(walls)]
        lookers: list[_Looker] = [_Desk(session, token) for token in tokens]
        lookers += [_Wall(session, token) for token in screens]
        await asyncio.gather(*(looker.connect(stack.gateway) for looker in lookers))
        try:
            yield
        finally:
            await asyncio.gather(*(looker.close() for looker in lookers))
        if not all(looker.told for looker in lookers):
            raise SystemExit("Somebody who looked on was told of nothing.")


async def _supervisor(session: aiohttp.ClientSession, headers: dict[str, str]) -> str:
    name, password = f"desk-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    person = {"username": name, "password": password, "role": "supervisor"}
    async with session.post("/api/users", json=person, headers=headers):
        pass
    async with session.post("/api/auth/login", json={"username": name, "password": password}) as response:
        return str((await response.json())["access_token"])


async def _screen(session: aiohttp.ClientSession, headers: dict[str, str], number: int) -> str:
    async with session.post("/api/screens/code") as response:
        shown = await response.json()
    body = {"code": shown["code"], "name": f"Wall {number}"}
    async with session.post("/api/screens", json=body, headers=headers):
        pass
    asked = {"secret": shown["secret"], "app_version": "bench"}
    async with session.post("/api/screens/session", json=asked) as response:
        return str((await response.json())["screen"]["access_token"])


class _Looker:
    """A page that follows what happens, and reads again what was named, at most so often."""

    said: ClassVar[dict[str, Any]]
    message: str
    pause: float

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self.told = 0
        self._session, self._token = session, token
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on(self.message, self._heard)
        self._reading: asyncio.Task[None] | None = None
        self._named: set[int] = set()

    async def connect(self, url: str) -> None:
        """Connect as the page does."""
        auth = {"token": self._token, **self.said}
        await self._client.connect(url, auth=auth, transports=["websocket"])

    async def close(self) -> None:
        """Leave."""
        if self._reading is not None:
            await self._reading
        await self._client.disconnect()

    async def _heard(self, what: dict[str, Any]) -> None:
        self.told += 1
        self._named.update(event["data"].get("task_id", 0) for event in what.get("events", ()))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        await asyncio.sleep(self.pause)
        named, self._named = self._named - {0}, set()
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.get(self.path(sorted(named)), headers=headers) as response:
            await response.read()

    def path(self, named: Sequence[int]) -> str:
        """Return what is read."""
        raise NotImplementedError


class _Desk(_Looker):
    said: ClassVar = {"client": "desk", "together": True}
    message = "events"
    pause = 3.0

    def path(self, named: Sequence[int]) -> str:
        return "/api/tasks?limit=200&" + "&".join(f"task_id={one}" for one in named[:200])


class _Wall(_Looker):
    said: ClassVar = {"client": "wall"}
    message = "brief"
    pause = 1.5

    def path(self, named: Sequence[int]) -> str:
        return "/api/wall"
