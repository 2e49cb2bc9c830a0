"""A console in front of a real Prometheus and a real Alertmanager, reached as a browser reaches it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import HttpUrl, SecretStr

from magacin.console.app import create_app
from magacin.console.settings import ConsoleSettings
from magacin.stack import install
from tests.conftest import Server, free_port
from tests.monitoring.live_alerting import Alerting, alerting
from tests.support import serving

OPERATOR = "5d6f1f6c2f0c4be2"
KEY = "9c1b52d0a7d84f6e9c1b52d0a7d84f6e9c1b52d0"
# Five hours of a counter and of a series that comes and goes, every 15 s, all of it in the past.
SAMPLES = 1200
INTERVAL = 15


@dataclass(frozen=True)
class History:
    """What Prometheus was filled with."""

    start: int
    end: int


@dataclass(frozen=True)
class Prometheus:
    server: Server
    history: History

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


def _samples(history: History) -> Iterator[str]:
    yield "# TYPE work counter"
    for number in range(SAMPLES):
        moment = history.start + number * INTERVAL
        for job in ("a", "b", "c"):
            # `b` is away for a while, `c` begins late.
            if (job == "b" and 400 < number < 500) or (job == "c" and number < 700):
                continue
            yield f'work_total{{job="{job}"}} {number * (1 + ord(job) % 3) + 0.25} {moment}'
    yield "# EOF"


def backfill(folder: Path, lines: Iterator[str]) -> None:
    """Make a Prometheus' data folder of OpenMetrics text."""
    text = folder / "samples.txt"
    text.write_text("\n".join(lines) + "\n")
    subprocess.run(
        [install.locate("promtool"), "tsdb", "create-blocks-from", "openmetrics", text, folder / "data"],
        check=True,
        capture_output=True,
    )
    text.unlink()


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    end = int(time.time()) - 600
    end -= end % INTERVAL
    history = History(end - (SAMPLES - 1) * INTERVAL, end)
    backfill(folder, _samples(history))
    port = free_port()
    (folder / "prometheus.yml").write_text(
        f"scrape_configs: [{{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
    )
    command = (
        str(install.locate("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    ready = ("curl", "-sf", "--noproxy", "*", f"http://127.0.0.1:{port}/-/ready")
    server = Server(port, command, None, folder, ready, [])
    server.start()
    yield Prometheus(server, history)
    server.stop()


@pytest.fixture(scope="session")
def live_alerting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerting]:
    with alerting(tmp_path_factory.mktemp("console") / "alerting") as running:
        yield running


INDEX = '<!doctype html><script type="module" src="/assets/app-1a2b.js"></script>'


@pytest.fixture(scope="session")
def web_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build of the web app would leave: a page, a script, a picture."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "app-1a2b.js").write_text("console.log('app');\n" * 200)
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / ".stamp").write_text("not to be served")
    (folder / ".vite").mkdir()
    (folder / ".vite" / "manifest.json").write_text("not to be served")
    return folder


@pytest.fixture
def settings(
    prometheus: Prometheus, live_alerting: Alerting, web_dir: Path, tmp_path: Path
) -> ConsoleSettings:
    (tmp_path / "dashboards").mkdir()
    parts = [{"title": "Inbox", "url": live_alerting.inbox, "health": "/health", "open": True}]
    (tmp_path / "parts.json").write_text(json.dumps(parts))
    return ConsoleSettings(
        port=0,
        operator_password=SecretStr(OPERATOR),
        console_key=SecretStr(KEY),
        prometheus_url=HttpUrl(prometheus.url),
        alertmanager_url=HttpUrl(live_alerting.alertmanager),
        parts_file=tmp_path / "parts.json",
        web_dir=web_dir,
        data_dir=tmp_path,
    )


@dataclass
class Browser:
    """A browser, as far as the API can tell: cookies, and the CSRF token of its session."""

    session: aiohttp.ClientSession
    url: str
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(
        self, method: str, path: str, *, csrf: bool = True, **options: Any
    ) -> tuple[int, Any, Any]:
        headers = {**self.headers, **options.pop("headers", {})}
        if csrf and self.csrf:
            headers["X-CSRF-Token"] = self.csrf
        async with self.session.request(
            method, self.url + path, headers=headers, allow_redirects=False, **options
        ) as response:
            is_json = response.content_type == "application/json"
            body = json.loads(await response.read()) if is_json else await response.text()
            return response.status, body, response.headers

    async def login(self, password: str = OPERATOR) -> int:
        status, body, _ = await self("POST", "/api/session", json={"password": password})
        self.csrf = body.get("csrf_token") or ""
        return status

    async def range(self, query: str, start: float, end: float, step: float) -> tuple[Any, str]:
        """Return a range's result and where it came from."""
        form = {"query": query, "start": str(start), "end": str(end), "step": str(step)}
        status, body, headers = await self("POST", "/api/prometheus/api/v1/query_range", data=form)
        assert status == 200, body
        return body["data"]["result"], headers["X-Cache"]


@pytest.fixture
async def stranger(settings: ConsoleSettings) -> AsyncIterator[Browser]:
    """Somebody who is not logged in."""
    jar = aiohttp.CookieJar(unsafe=True)  # keeps cookies of an address that is a number
    async with serving(create_app(settings)) as url, aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session, url)


@pytest.fixture
async def operator(stranger: Browser) -> Browser:
    assert await stranger.login() == 200
    return stranger
