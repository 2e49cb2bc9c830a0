"""The console over 200 hours of history: what people wait for, and what Prometheus is asked."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import psutil
from playwright.async_api import Page, Request, async_playwright

from benchmarks import history, machine_page
from benchmarks.build import Build
from benchmarks.memory import MIB
from benchmarks.report import Measurement
from benchmarks.stack import free_port
from magacin.stack import install

OVERVIEW = "monitoring/grafana/dashboards/magacin-overview.json"
VIEWERS = 20
_ROUNDS = 5
_READY_SECONDS = 60
_TOGETHER = "/api/prometheus/queries"
_BROWSER = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
# Every panel that is in sight has drawn something.
_DRAWN = """() => {
  const panels = [...document.querySelectorAll('section[data-panel]')]
    .filter((panel) => panel.getBoundingClientRect().top < innerHeight);
  return panels.length > 3 && panels.every((panel) => panel.querySelector('canvas, table, svg text'));
}"""
_FILLED = """() => {
  const panels = [...document.querySelectorAll('section[data-panel]')]
    .filter((panel) => panel.getBoundingClientRect().top < innerHeight);
  return panels.length > 3 && panels.every((panel) => panel.dataset.state === 'data');
}"""
# Brings what is below the window into it; false at the end of the page.
_FURTHER = """() => {
  const below = [...document.querySelectorAll('section[data-panel]')]
    .find((panel) => panel.getBoundingClientRect().bottom > innerHeight + 1);
  below?.scrollIntoView({block: 'start', behavior: 'instant'});
  return below !== undefined;
}"""
_SCRIPTS = """() => performance.getEntriesByType('resource')
  .filter(({name}) => name.endsWith('.js')).reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"""

# By the build's own code. Whoever measures has a progress of their own.
_BUILD_PAGES = """
from types import SimpleNamespace
from magacin.stack import webapp
webapp.ensure(SimpleNamespace(**dict.fromkeys(("doing", "done", "percent"), lambda *_: None)))
"""

Query = tuple[str, list[tuple[str, str]]]


@dataclass(frozen=True)
class Place:
    """A console and its Prometheus."""

    console: str
    prometheus: str
    password: str
    console_pid: int
    end: int


def measure(build: Build) -> list[Measurement]:
    """Fill a Prometheus, put a console in front of it, and look at it as people do."""
    with TemporaryDirectory(prefix="magacin-bench-console-") as folder, ExitStack() as running:
        subprocess.run([build.python, "-P", "-c", _BUILD_PAGES], check=True, cwd=build.root)
        end = int(time.time()) // history.SCRAPE_SECONDS * history.SCRAPE_SECONDS
        dashboards = Path(folder, "dashboards")
        dashboards.mkdir()
        (dashboards / f"{machine_page.UID}.json").write_text(machine_page.text())
        series = history.of((build.root / OVERVIEW).read_text() + machine_page.text())
        samples = history.fill(Path(folder), series, end)
        place = running.enter_context(_place(build, Path(folder), end))
        found = asyncio.run(_look(place))
        memory = psutil.Process(place.console_pid).memory_info().rss / MIB
    return [
        Measurement("samples of history", samples, ""),
        *found,
        Measurement("resident memory of the console after that", memory, "MiB"),
    ]


@contextmanager
def _place(build: Build, folder: Path, end: int) -> Iterator[Place]:
    ports = {name: free_port() for name in ("prometheus", "console")}
    prometheus, console = (f"http://127.0.0.1:{port}" for port in ports.values())
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 15s}\n")
    password = secrets.token_hex(32)
    environment = {
        "MAGACIN_PORT": str(ports["console"]),
        "MAGACIN_OPERATOR_PASSWORD": password,
        "MAGACIN_CONSOLE_KEY": secrets.token_hex(32),
        "MAGACIN_PROMETHEUS_URL": prometheus,
        "MAGACIN_DATA_DIR": str(folder),
        "MAGACIN_LOG_LEVEL": "warning",
    }
    commands = [
        [
            str(install.locate("prometheus")),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--storage.tsdb.retention.time={history.HOURS + 48}h",
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
        ],
        [*build.command, "serve", "console"],
    ]
    with (folder / "log").open("wb") as log:
        processes = [
            subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log, cwd=folder)
            for command in commands
        ]
    try:
        asyncio.run(_ready([f"{prometheus}/-/ready", f"{console}/health/live"]))
        yield Place(console, prometheus, password, processes[1].pid, end)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


async def _ready(urls: Sequence[str]) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(_READY_SECONDS):
        for url in urls:
            while not await _answers(session, url):  # noqa: ASYNC110  another process says when
                await asyncio.sleep(0.1)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def _look(place: Place) -> list[Measurement]:
    # The ranges end where the history does, for nothing is scraped here. Each begins before what is known by
    # then, so that all of it has to be asked for.
    ends = [place.end - number * 24 * 3600 for number in range(4)]
    asked: list[Query] = []
    whole_asked: list[Query] = []
    async with _browser(place) as page:
        await _open(page, _address(ends[3], 3600), [])  # the browser compiles its scripts once
        hours = [
            await _open(page, _address(end, 3600), asked if end == place.end else []) for end in ends[:3]
        ]
        scripts = await page.evaluate(_SCRIPTS)
        machine = [await _open(page, _address(end, 3600, machine_page.UID), [], _FILLED) for end in ends[:3]]
        requests = await _scrolled(page, _address(ends[3], 3600, machine_page.UID))
        whole = [
            await _open(page, _address(end, history.HOURS * 3600), whole_asked if end == place.end else [])
            for end in ends[:3]
        ]
    async with _viewer(place) as viewer:
        refreshes = [await _refresh(viewer, place, asked, step) for step in range(1, _ROUNDS + 1)]
        whole_refreshes = [await _refresh(viewer, place, whole_asked, step) for step in range(1, _ROUNDS + 1)]
    times_asked = await _viewers(place, asked)
    refresh, whole_refresh = _median(refreshes) * 1000, _median(whole_refreshes) * 1000
    return [
        Measurement("overview, last hour: first paint with data, best of 3", min(hours), "s", at_most=1),
        Measurement("overview, last hour: server time of a refresh", refresh, "ms", at_most=300),
        Measurement("overview, 200 hours: first paint with data, best of 3", min(whole), "s", at_most=2),
        Measurement("overview, 200 hours: server time of a refresh", whole_refresh, "ms", at_most=2000),
        Measurement(f"how often a query of {VIEWERS} viewers is asked", times_asked, "", at_most=1),
        Measurement("a machine of 128 panels: first screen with data, best of 3", min(machine), "s"),
        Measurement("the same, as a share of the overview's", min(machine) / min(hours), "", at_most=1.2),
        Measurement("the same, whole page scrolled: requests", requests, ""),
        Measurement("JavaScript that the overview loads, compressed", scripts / 1000, "kB", at_most=250),
    ]


def _address(end: int, seconds: int, uid: str = "magacin-overview") -> str:
    around = {"from": (end - seconds) * 1000, "to": end * 1000, "refresh": ""}
    return f"/d/{uid}?{urlencode(around)}"


@asynccontextmanager
async def _browser(place: Place) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(install.locate("chromium")), args=list(_BROWSER)
        )
        page = await browser.new_page(base_url=place.console, viewport={"width": 1440, "height": 1000})
        await page.goto("/login?next=/dashboards")
        await page.get_by_label("Operator password").fill(place.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/dashboards")
        yield page
        await browser.close()


async def _open(page: Page, address: str, asked: list[Query], drawn: str = _DRAWN) -> float:
    """Open a dashboard; return the seconds until it shows data, and note the range queries it sent."""

    def note(request: Request) -> None:
        asked.extend(_range_queries_of(request))

    page.on("request", note)
    await page.goto(address, wait_until="commit")
    await page.wait_for_function(drawn, polling="raf", timeout=60_000)
    seconds = float(await page.evaluate("performance.now()")) / 1000
    await page.wait_for_load_state("networkidle")
    page.remove_listener("request", note)
    return seconds


def _range_queries_of(request: Request) -> list[Query]:
    """Return the range queries that a request brings: one, or many together."""
    if request.method != "POST":
        return []
    if request.url.endswith("/query_range"):
        return [(request.url, parse_qsl(request.post_data or ""))]
    base, found, _ = request.url.partition(_TOGETHER)
    if not found:
        return []
    many = [query for query in json.loads(request.post_data or "[]") if query["path"] == "query_range"]
    return [(f"{base}/api/prometheus/api/v1/query_range", list(query["form"].items())) for query in many]


async def _scrolled(page: Page, address: str) -> int:
    """Go through a page from its top to its end; return how many requests it sent for data."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if "/api/prometheus/" in request.url:
            sent.append(request.url)

    page.on("request", note)
    await page.goto(address, wait_until="commit")
    await page.wait_for_function(_FILLED, polling="raf", timeout=60_000)
    while await page.evaluate(_FURTHER):
        await page.wait_for_function(_FILLED, polling="raf", timeout=60_000)
    await page.wait_for_load_state("networkidle")
    page.remove_listener("request", note)
    return len(sent)


@asynccontextmanager
async def _viewer(place: Place) -> AsyncIterator[aiohttp.ClientSession]:
    """Log in without a browser, to time the server alone."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, connector=aiohttp.TCPConnector(limit=6)) as session:
        body = {"password": place.password}
        async with session.post(f"{place.console}/api/session", json=body) as response:
            response.raise_for_status()
            session.headers["X-CSRF-Token"] = (await response.json())["csrf_token"]
        yield session


async def _refresh(viewer: aiohttp.ClientSession, place: Place, asked: list[Query], steps: int) -> float:
    """Ask what the page would ask `steps` steps later, as a browser does; return the seconds."""
    started = time.perf_counter()
    await asyncio.gather(*(_ask(viewer, url, _moved(form, steps)) for url, form in asked))
    return time.perf_counter() - started


def _moved(form: list[tuple[str, str]], steps: int) -> list[tuple[str, str]]:
    by = steps * float(dict(form)["step"])
    return [(name, str(float(value) + by) if name in ("start", "end") else value) for name, value in form]


async def _ask(viewer: aiohttp.ClientSession, url: str, form: list[tuple[str, str]]) -> Any:
    async with viewer.post(url, data=form) as response:
        answer = json.loads(await response.read())
        if response.status != 200:
            raise SystemExit(f"A query of the overview was answered {response.status}: {answer}")
        return answer


async def _viewers(place: Place, asked: list[Query]) -> float:
    """Have many viewers ask the same at once; return how often Prometheus was asked each query."""
    distinct = {json.dumps(_moved(form, 100)) for _, form in asked}
    async with _viewer(place) as viewer:
        before = await _range_queries(viewer, place)
        await asyncio.gather(*(_refresh(viewer, place, asked, 100) for _ in range(VIEWERS)))
        after = await _range_queries(viewer, place)
    return (after - before) / len(distinct)


async def _range_queries(session: aiohttp.ClientSession, place: Place) -> float:
    name = 'prometheus_http_request_duration_seconds_count{handler="/api/v1/query_range"}'
    async with session.get(f"{place.prometheus}/metrics") as response:
        page = await response.text()
    return next(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name))


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
