"""The API Gateway as an application."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from fastapi import APIRouter, FastAPI
from redis.asyncio import Redis
from starlette.middleware import Middleware

from magacin.contracts.imports import CREATE_IMPORT
from magacin.contracts.live_drills import DrillSeverity
from magacin.contracts.presence import HEARTBEAT_SECONDS
from magacin.contracts.tasks.scans import GATHERED_SCANS
from magacin.core import last_backup, redis
from magacin.core.background import BackgroundLoop
from magacin.core.db import Database
from magacin.core.deadlines import InTime
from magacin.core.health import Check
from magacin.core.http import service_client
from magacin.core.metrics import Refresher, from_store
from magacin.core.service import MEASURED, Running, build_app, limited
from magacin.core.settings import load_settings
from magacin.gateway.audit import endpoints as audit
from magacin.gateway.audit.audit_log import AuditLog
from magacin.gateway.audit.forgetting import Forgetting
from magacin.gateway.devices import endpoints as devices
from magacin.gateway.devices.devices import Devices
from magacin.gateway.drills import endpoints as drills
from magacin.gateway.drills.live_drills import LiveDrills
from magacin.gateway.forwarding.forward import Forwarder
from magacin.gateway.forwarding.forwarded_routes import Forwarding, documented_routes
from magacin.gateway.forwarding.hop import Hop
from magacin.gateway.forwarding.upstream import Service
from magacin.gateway.front import desk_app, pages, wall_app, worker_app
from magacin.gateway.front.overview import Overview, Target, monitoring_target
from magacin.gateway.keys import endpoints as keys
from magacin.gateway.keys.api_keys import ApiKeys
from magacin.gateway.metrics import (
    DEVICE_OLDEST_OPERATION,
    DEVICE_OPERATIONS_WAITING,
    LIVE_DRILL_UNANSWERED,
    SAVED_UNTIL,
    WALL_SCREENS,
    WALL_SILENCE,
    Upstream,
)
from magacin.gateway.people import endpoints as people
from magacin.gateway.people.badges import Badges
from magacin.gateway.people.callers import Callers
from magacin.gateway.people.eraser import Eraser
from magacin.gateway.people.erasing import Erasures
from magacin.gateway.people.login_limit import LoginLimit
from magacin.gateway.people.logins import Logins
from magacin.gateway.people.passwords import Passwords
from magacin.gateway.people.pins import Pins
from magacin.gateway.people.sessions import Lifetimes, Sessions
from magacin.gateway.people.tokens import AccessTokens, Generations
from magacin.gateway.people.users import Users
from magacin.gateway.screens import endpoints as screens
from magacin.gateway.screens.screens import Screens
from magacin.gateway.settings import GatewaySettings
from magacin.gateway.sockets.feed import Feed
from magacin.gateway.sockets.middleware import SocketsFirst
from magacin.gateway.sockets.presence import Presence
from magacin.gateway.sockets.sockets import Sockets
from magacin.gateway.sockets.watching import WatchRights
from magacin.gateway.state import GatewayState

if TYPE_CHECKING:
    from magacin.gateway.lan.lan import Lan

NAME = "api-gateway"

_STATEMENT_SECONDS = 4.0
_USERS_READ_SECONDS = 2.0
_TOKENS_TIDIED_SECONDS = 3600.0


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """Return the application; its connections open when it starts."""
    settings = settings or load_settings(GatewaySettings)
    lan = _lan(settings)
    routes = documented_routes()
    return build_app(
        NAME,
        settings,
        partial(_open, lan=lan),
        title="Magacin Track",
        middleware=[
            Middleware(SocketsFirst),
            MEASURED,
            limited(by_path={CREATE_IMPORT.path: settings.max_upload_bytes}),
            Middleware(Forwarding, routes=routes),
            Middleware(InTime, name=NAME, seconds=settings.forward_timeout_seconds),
        ],
        routers=[
            APIRouter(routes=[*routes]),
            people.router,
            keys.router,
            devices.router,
            screens.router,
            drills.router,
            audit.router,
            pages.router,
            worker_app.router,
            desk_app.router,
            wall_app.router,
        ],
        redirect_slashes=False,  # a program that posts to a wrong path should hear that it is wrong
        error_statuses=(500, 502, 503, 504),
    )


def _lan(settings: GatewaySettings) -> Lan | None:
    """Return the doors for phones, if there are any; only then are the libraries for certificates loaded."""
    if settings.lan_name is None:
        return None
    from magacin.gateway.lan.lan import Lan

    return Lan.of(settings, settings.lan_name)


async def _open(
    settings: GatewaySettings, resources: AsyncExitStack, *, lan: Lan | None
) -> Running[GatewayState]:
    database = await resources.enter_async_context(
        Database(
            settings.database_url,
            application=NAME,
            pool_size=settings.database_pool_size,
            statement_seconds=_STATEMENT_SECONDS,
        )
    )
    client = await resources.enter_async_context(redis.connect(settings.redis_url))
    services = await _services(resources, settings)
    passwords = resources.enter_context(contextlib.closing(Passwords()))
    tokens = AccessTokens(settings.jwt_key, settings.access_token_minutes * 60, Generations())
    api_keys = ApiKeys(database)
    callers = Callers(tokens, api_keys)
    users = Users(database, passwords)
    limit = _limit(settings, client)
    known = Devices(database)
    pins = Pins(database, users, passwords, limit)
    badges = Badges(database, users)
    sessions = Sessions(database, users, passwords, tokens, limit, known, pins, badges, _lifetimes(settings))
    sockets = Sockets(settings, tokens, WatchRights(services))
    presence = Presence(client, sockets)
    # Closed last to first: the sockets close, then the last heartbeat says so.
    resources.push_async_callback(presence.say_goodbye)
    resources.push_async_callback(sockets.close)
    resources.enter_context(_on_stop(sockets, lan))
    hop = Hop(
        str(settings.task_service_url),
        GATHERED_SCANS.path,
        settings.service_token,
        seconds=settings.scan_timeout_seconds,
    )
    resources.callback(hop.close)
    forwarder = Forwarder(
        services,
        callers,
        users,
        hop,
        trusted=settings.trusted_proxies,
        scan_seconds=settings.scan_timeout_seconds,
        forward_seconds=settings.forward_timeout_seconds,
        upload_seconds=settings.upload_timeout_seconds,
    )
    resources.push_async_callback(forwarder.close)
    state = GatewayState(
        settings=settings,
        tokens=tokens,
        keys=api_keys,
        callers=callers,
        users=users,
        sessions=sessions,
        logins=Logins(database, users),
        erasures=Erasures(database, users),
        pins=pins,
        badges=badges,
        devices=known,
        screens=Screens(database, tokens, limit),
        forwarder=forwarder,
        sockets=sockets,
        live_drills=LiveDrills(database),
        audit_log=AuditLog(database),
        overview=await _overview(resources, settings),
        worker_app=worker_app.worker_app(settings.app_dir),
        desk_app=desk_app.desk_app(settings.desk_dir),
        wall_app=wall_app.wall_app(settings.wall_dir),
    )
    # A minute more than a token lives, for clocks that differ.
    eraser = Eraser(database, services, timedelta(seconds=tokens.lifetime_seconds + 60))
    forgetting = Forgetting(database, settings.audit_kept_days)
    return Running(
        state=state,
        loops=[
            *_loops(state, presence, Feed(client, sockets), lan),
            BackgroundLoop("erasures", eraser.step, idle=2, critical=False),
            BackgroundLoop("audit_retention", forgetting.step, idle=10, critical=False),
        ],
        dependencies=[
            Check("postgresql", database.ping),
            # Without Redis people log in, scan and read; only their screens are not told of changes.
            Check("redis", lambda: redis.ping(client), critical=False),
            Check(Upstream.TASKS, services[Upstream.TASKS].ping),
            Check(Upstream.IMPORTS, services[Upstream.IMPORTS].ping, critical=False),
        ],
        gauges=[
            sockets.refresh_metrics,
            _drill_gauges(state.live_drills),
            _device_gauges(known),
            from_store([WALL_SCREENS, WALL_SILENCE], state.screens.silence),
            forgetting.gauges,
            _backup_gauge(settings.data_dir),
        ],
        door=lan.open if lan else None,
    )


def _loops(state: GatewayState, presence: Presence, feed: Feed, lan: Lan | None) -> list[BackgroundLoop]:
    reading = _UserState(state.users, state.sessions, state.pins, state.screens, state.tokens)
    return [
        BackgroundLoop("socket_presence", presence.step, idle=HEARTBEAT_SECONDS, critical=False),
        BackgroundLoop("socket_feed", feed.step, critical=False),
        BackgroundLoop("user_state", reading.step, idle=_USERS_READ_SECONDS, critical=False),
        BackgroundLoop("client_watch", state.forwarder.watch_clients, idle=0.5),
        *(
            [BackgroundLoop("lan_certificate", lan.step, idle=lan.LOOKED_AT_SECONDS, critical=False)]
            if lan
            else []
        ),
    ]


def _drill_gauges(live_drills: LiveDrills) -> Refresher:
    gauges = [LIVE_DRILL_UNANSWERED.labels(severity) for severity in DrillSeverity]
    return from_store(gauges, live_drills.unanswered_since)


def _device_gauges(known: Devices) -> Refresher:
    return from_store([DEVICE_OPERATIONS_WAITING, DEVICE_OLDEST_OPERATION], known.waiting)


def _backup_gauge(folder: Path | None) -> Refresher:
    async def saved_until() -> list[float]:
        # Containers are backed up by other means.
        return [0.0 if folder is None else await asyncio.to_thread(last_backup.saved_until, folder)]

    return from_store([SAVED_UNTIL], saved_until)


@contextmanager
def _on_stop(sockets: Sockets, lan: Lan | None) -> Iterator[None]:
    """Send the sockets away, and close the doors for phones, as soon as the process is told to stop.

    The server waits for open requests first, long polls among them, and breaks off WebSockets, and only
    then lets the application know; the clients would take that for a broken connection.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    closing: set[asyncio.Task[None]] = set()
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def told(number: int, frame: FrameType | None) -> None:
        if lan is not None:
            lan.close()
        loop.call_soon_threadsafe(lambda: closing.add(loop.create_task(sockets.disconnect_all())))
        if callable(handler := previous[signal.Signals(number)]):
            handler(number, frame)

    for number in previous:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _UserState:
    """Keeps in memory who and what was ended lately, and tidies up expired logins now and then."""

    def __init__(
        self, users: Users, sessions: Sessions, pins: Pins, screens_: Screens, tokens: AccessTokens
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._pins = pins
        self._screens = screens_
        self._tokens = tokens
        self._tidy_at = 0.0

    async def step(self) -> bool:
        """Read the changes: a step for a `BackgroundLoop`."""
        # A minute more than a token lives, for clocks that differ.
        period = timedelta(seconds=self._tokens.lifetime_seconds + 60)
        self._tokens.generations.learn(await self._users.changed_within(period))
        self._tokens.generations.learn(await self._screens.ended_within(period))
        self._tokens.generations.are_nobody(await self._users.being_erased())
        if time.monotonic() >= self._tidy_at:
            await self._sessions.forget_expired()
            await self._pins.forget_strangers()
            self._tidy_at = time.monotonic() + _TOKENS_TIDIED_SECONDS
        return False


async def _services(resources: AsyncExitStack, settings: GatewaySettings) -> dict[Upstream, Service]:
    session = await resources.enter_async_context(
        service_client(
            settings.service_token,
            connections=settings.upstream_connections,
            total_seconds=settings.forward_timeout_seconds,
        )
    )
    return {
        Upstream.TASKS: Service(Upstream.TASKS, str(settings.task_service_url), session),
        Upstream.IMPORTS: Service(Upstream.IMPORTS, str(settings.import_service_url), session),
    }


def _lifetimes(settings: GatewaySettings) -> Lifetimes:
    return Lifetimes(
        refresh=timedelta(days=settings.refresh_token_days),
        grace=timedelta(seconds=settings.refresh_grace_seconds),
        quick=timedelta(hours=settings.quick_login_hours),
    )


def _limit(settings: GatewaySettings, client: Redis) -> LoginLimit:
    return LoginLimit(
        client,
        window_seconds=settings.login_window_seconds,
        per_user=settings.login_failures_per_user,
        per_address=settings.login_failures_per_address,
    )


async def _overview(resources: AsyncExitStack, settings: GatewaySettings) -> Overview:
    # A client of its own: these addresses are not our services, and must not be shown the service token.
    session = await resources.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
    ours = [
        ("Task Service", "articles, requisitions, pick tasks, scans", settings.task_service_url),
        ("Import Service", "turns files of orders into requisitions", settings.import_service_url),
        ("Realtime Worker", "tells every screen what happened", settings.realtime_worker_url),
    ]
    targets = [Target(title, purpose, str(url), "/health", link=False) for title, purpose, url in ours if url]
    targets += [
        monitoring_target(title, str(link.url), str(link.probe) if link.probe else None)
        for title, link in settings.links.items()
    ]
    addresses = {"postgresql": settings.database_url, "redis": settings.redis_url}
    own = {name: _address(url.get_secret_value()) for name, url in addresses.items()}
    own["gateway"] = f"{settings.host}:{settings.port}"
    return Overview(session, targets, own, settings.parts_file)


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
