"""The console: the web app, who may use it, and the APIs that it reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from fastapi import FastAPI

from magacin.console import dashboards, endpoints, pages, proxy, runbooks
from magacin.console.metrics import UpstreamName
from magacin.console.pages import SecurityHeaders, WebApp
from magacin.console.proxy import Backends, range_asker
from magacin.console.range_cache import RangeCache
from magacin.console.sessions import SessionGuard, Sessions
from magacin.console.settings import MIB, ConsoleSettings
from magacin.console.sharing import Sharing
from magacin.console.upstream import Upstream
from magacin.core.app import build_app
from magacin.core.attempts import AttemptCounts
from magacin.core.host_guard import HostGuard
from magacin.core.http import CLIENT_KEEP_ALIVE_SECONDS
from magacin.core.settings import load_settings

# Alertmanager and the inbox answer from memory.
_SECONDS = 10.0
_CONCURRENCY = 8
_SHARED_BYTES = 32 * MIB


def create_app(settings: ConsoleSettings | None = None) -> FastAPI:
    """Return the console. It needs neither the application nor its stores."""
    settings = settings or load_settings(ConsoleSettings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sessions.recall()
        app.state.sessions = sessions
        app.state.attempts = AttemptCounts(endpoints.LOGIN_WINDOW_SECONDS)
        app.state.web_app = WebApp(settings.web_dir)
        app.state.health.add_dependency("web_app", app.state.web_app.probe)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=CLIENT_KEEP_ALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=2),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            _open_backends(app, settings, session)
            yield

    sessions = Sessions(settings)
    app = build_app(
        "console",
        settings,
        title="Magacin Track console",
        routers=[endpoints.router, dashboards.router, runbooks.router, proxy.router, pages.router],
        lifespan=lifespan,
        internal=False,
        error_statuses=(500, 503, 504),
    )
    # The last one added is the first that a request meets.
    app.add_middleware(SessionGuard, sessions=sessions)
    app.add_middleware(
        HostGuard, names=settings.host_names, title="console", address=f"http://localhost:{settings.port}"
    )
    app.add_middleware(SecurityHeaders)
    return app


def _open_backends(app: FastAPI, settings: ConsoleSettings, session: aiohttp.ClientSession) -> None:
    def upstream(name: UpstreamName, concurrency: int, seconds: float) -> Upstream:
        return Upstream(
            name, session, concurrency=concurrency, seconds=seconds, max_bytes=settings.console_answer_bytes
        )

    # A little longer than Prometheus itself, whose own word on a query that took too long is better.
    seconds = settings.console_query_seconds
    prometheus = upstream(UpstreamName.PROMETHEUS, settings.console_concurrent_queries, seconds + 2)
    alertmanager = upstream(UpstreamName.ALERTMANAGER, _CONCURRENCY, _SECONDS)
    urls = {
        prometheus: str(settings.prometheus_url).rstrip("/"),
        alertmanager: str(settings.alertmanager_url).rstrip("/"),
    }
    sharing = Sharing(max_bytes=_SHARED_BYTES)
    ask = range_asker(prometheus, urls[prometheus], seconds)
    app.state.inbox = upstream(UpstreamName.INBOX, _CONCURRENCY, _SECONDS)
    app.state.backends = Backends(
        prometheus=prometheus,
        prometheus_url=urls[prometheus],
        alertmanager=alertmanager,
        alertmanager_url=urls[alertmanager],
        sharing=sharing,
        ranges=RangeCache(ask, sharing, most_samples=settings.console_cached_samples),
        query_seconds=seconds,
    )
    # Not critical: without either, the pages of the other go on, and say what is missing.
    for one, url in urls.items():
        app.state.health.add_dependency(
            one.name, lambda one=one, url=url: one.probe(f"{url}/-/ready"), critical=False
        )
