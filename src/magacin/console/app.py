"""The console: the web app, who may use it, and the APIs that it reads."""

from __future__ import annotations

import functools
from contextlib import AsyncExitStack

import aiohttp
from fastapi import FastAPI
from starlette.middleware import Middleware

from magacin.console import dashboards, endpoints, pages, proxy, runbooks
from magacin.console.backends import Backends, range_asker
from magacin.console.dashboard_files import DashboardFiles
from magacin.console.metrics import UpstreamName
from magacin.console.range_cache import RangeCache
from magacin.console.session_guard import SessionGuard
from magacin.console.sessions import Sessions
from magacin.console.settings import MIB, ConsoleSettings
from magacin.console.sharing import Sharing
from magacin.console.state import ConsoleState
from magacin.console.upstream import Upstream
from magacin.core.attempts import AttemptCounts
from magacin.core.health import Check
from magacin.core.host_guard import HostGuard
from magacin.core.http import CLIENT_KEEP_ALIVE_SECONDS, limits
from magacin.core.service import MEASURED, Running, build_app, limited
from magacin.core.settings import load_settings
from magacin.core.web_app import SecurityHeaders, WebApp

# Alertmanager and the inbox answer from memory.
_SECONDS = 10.0
_CONCURRENCY = 8
_SHARED_BYTES = 32 * MIB


def create_app(settings: ConsoleSettings | None = None) -> FastAPI:
    """Return the console. It needs neither the application nor its stores."""
    settings = settings or load_settings(ConsoleSettings)
    guard = Middleware(
        HostGuard, names=settings.host_names, title="console", address=f"http://localhost:{settings.port}"
    )
    return build_app(
        "console",
        settings,
        _open,
        title="Magacin Track console",
        middleware=[Middleware(SecurityHeaders), guard, Middleware(SessionGuard), MEASURED, limited()],
        routers=[endpoints.router, dashboards.router, runbooks.router, proxy.router, pages.router],
        error_statuses=(500, 503, 504),
    )


async def _open(settings: ConsoleSettings, resources: AsyncExitStack) -> Running[ConsoleState]:
    web_app = WebApp(settings.web_dir)
    session = await resources.enter_async_context(
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=CLIENT_KEEP_ALIVE_SECONDS),
            timeout=limits(None),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
    )
    backends = _backends(settings, session)
    state = ConsoleState(
        settings=settings,
        sessions=Sessions(settings),
        attempts=AttemptCounts(endpoints.LOGIN_WINDOW_SECONDS),
        web_app=web_app,
        backends=backends,
        dashboards=DashboardFiles((settings.dashboards_dir, settings.data_dir / "dashboards")),
        inbox=_upstream(settings, session, UpstreamName.INBOX),
    )
    probes = [
        (backends.prometheus, backends.prometheus_url),
        (backends.alertmanager, backends.alertmanager_url),
    ]
    return Running(
        state=state,
        dependencies=[
            Check("web_app", web_app.probe),
            # Not critical: without either, the pages of the other go on, and say what is missing.
            *(
                Check(one.name, functools.partial(one.probe, f"{url}/-/ready"), critical=False)
                for one, url in probes
            ),
        ],
    )


def _backends(settings: ConsoleSettings, session: aiohttp.ClientSession) -> Backends:
    seconds = settings.console_query_seconds
    prometheus = _upstream(
        settings,
        session,
        UpstreamName.PROMETHEUS,
        concurrency=settings.console_concurrent_queries,
        # A little longer than Prometheus itself, whose own word on a query that took too long is better.
        seconds=seconds + 2,
    )
    url = str(settings.prometheus_url).rstrip("/")
    sharing = Sharing(max_bytes=_SHARED_BYTES)
    ask = range_asker(prometheus, url, seconds)
    return Backends(
        prometheus=prometheus,
        prometheus_url=url,
        alertmanager=_upstream(settings, session, UpstreamName.ALERTMANAGER),
        alertmanager_url=str(settings.alertmanager_url).rstrip("/"),
        sharing=sharing,
        ranges=RangeCache(ask, sharing, most_samples=settings.console_cached_samples),
        query_seconds=seconds,
    )


def _upstream(
    settings: ConsoleSettings,
    session: aiohttp.ClientSession,
    name: UpstreamName,
    *,
    concurrency: int = _CONCURRENCY,
    seconds: float = _SECONDS,
) -> Upstream:
    return Upstream(
        name,
        session,
        concurrency=concurrency,
        seconds=seconds,
        max_bytes=settings.console_answer_bytes,
        auth=None if name is UpstreamName.INBOX else _login(settings),
    )


def _login(settings: ConsoleSettings) -> aiohttp.BasicAuth | None:
    password = settings.monitoring_password
    return aiohttp.BasicAuth(settings.monitoring_user, password.get_secret_value()) if password else None
