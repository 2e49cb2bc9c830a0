"""A real gateway on a real port, with a small real service behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from magacin.contracts.identity import Identity, Role
from magacin.core.db import Database
from magacin.core.health import Health
from magacin.core.http import SERVER_KEEP_ALIVE_SECONDS, SERVER_OPTIONS
from magacin.core.service import state_of
from magacin.gateway.app import create_app
from magacin.gateway.migrate import migrate
from magacin.gateway.people.tokens import Generations
from magacin.gateway.people.users import Users
from magacin.gateway.settings import GatewaySettings
from magacin.gateway.state import GatewayState
from tests.conftest import SERVICE_TOKEN
from tests.support import empty, sample

JWT_KEY = "f3b1c95d4f2e4d1f9a6b7c8d9e0f1a2b" * 2
PASSWORD = "correct horse battery"
CHIEF = Identity("chief", Role.ADMIN)

_TABLES = [
    f"gateway.{name}"
    for name in (
        "erasures",  # whoever erases holds it, and waits for others
        "users",
        "refresh_tokens",
        "devices",
        "device_queues",
        "pin_failures",
        "screens",
        "screen_codes",
        "api_keys",
    )
]

Answer = Callable[[Request], Awaitable[Response]]


class Server(uvicorn.Server):
    """uvicorn on the tests' own event loop; the signals stay pytest's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve an application over HTTP, on a free port unless told otherwise; yield its base URL."""
    async with _running(app, port) as (url, _):
        yield url


@contextlib.asynccontextmanager
async def _running(app: ASGIApp, port: int = 0) -> AsyncIterator[tuple[str, Server]]:
    # As `magacin serve` has it: uvicorn by itself would believe X-Forwarded-For of its own machine.
    config = uvicorn.Config(
        app,
        port=port,
        log_config=None,
        access_log=False,
        http=SERVER_OPTIONS["http"],
        proxy_headers=False,
        timeout_keep_alive=SERVER_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
            raise RuntimeError("the server stopped while starting")
        await asyncio.sleep(0.005)
    bound = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{bound}", server
    finally:
        server.should_exit = True
        await task


@dataclass
class Upstream:
    """A service that notes what it gets and answers what the test says."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    answer: Answer | None = None
    raw: Callable[[Scope, Receive, Send], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] in ("/health/live", "/health"):
            await JSONResponse({"status": "alive"})(scope, receive, send)
            return
        if self.raw is not None:
            await self.raw(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        self.requests.append(
            {
                "method": scope["method"],
                "target": scope["raw_path"].decode()
                + ("?" + scope["query_string"].decode() if scope["query_string"] else ""),
                "headers": dict(request.headers),
                "body": body,
            }
        )
        response = await self.answer(request) if self.answer else JSONResponse({"from": "upstream"})
        await response(scope, receive, send)


@dataclass
class Gateway:
    """A running gateway and what a test needs to talk to it."""

    url: str
    app: FastAPI
    session: aiohttp.ClientSession
    upstream: Upstream
    state: GatewayState
    health: Health

    @property
    def users(self) -> Users:
        """Return who may log in."""
        return self.state.users

    def token(self, username: str = "w1", role: Role = Role.WORKER, generation: int = 1) -> str:
        return self.state.tokens.issue(Identity(username, role), generation)

    def bearer(self, username: str = "w1", role: Role = Role.WORKER) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(username, role)}"}

    async def request(
        self, method: str, path: str, role: Role | None = Role.WORKER, **options: Any
    ) -> tuple[int, Any]:
        """Return status and decoded body."""
        headers = (self.bearer(role=role) if role else {}) | options.pop("headers", {})
        async with self.session.request(method, self.url + path, headers=headers, **options) as response:
            if response.content_type == "application/json":
                return response.status, await response.json()
            return response.status, await response.read()

    async def enrol(self, name: str = "Scanner 1") -> dict[str, str]:
        """Enrol a device; return what it shows when somebody logs in there."""
        device = await self.state.devices.enrol(name, CHIEF)
        return {"device_id": str(device.device_id), "device_secret": device.secret}

    async def metrics(self) -> str:
        """Return the metrics page."""
        async with self.session.get(f"{self.url}/metrics") as response:
            page = await response.text()
            assert response.status == 200, page
        return page

    async def metric(self, line_start: str) -> float:
        """Return the value of one series of the metrics page."""
        return sample(await self.metrics(), line_start)


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Have a hash cost next to nothing: tests make thousands, and how strong they are is for none to see."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("magacin.gateway.people.passwords.MEMORY_KIB", 64)
        changed.setattr("magacin.gateway.people.passwords.PASSES", 1)
        yield


@pytest.fixture(scope="session")
async def migrated(database_url: SecretStr) -> SecretStr:
    await migrate(database_url)
    return database_url


@pytest.fixture
async def gateway_database(migrated: SecretStr, database: Database) -> Database:
    await empty(database, _TABLES)
    return database


@pytest.fixture(scope="session")
async def shared_upstream() -> AsyncIterator[tuple[str, Upstream]]:
    service = Upstream()
    async with serving(service) as url:
        yield url, service


@pytest.fixture
def upstream(shared_upstream: tuple[str, Upstream]) -> Upstream:
    """The service, as if new."""
    service = shared_upstream[1]
    service.requests, service.answer, service.raw = [], None, None
    return service


@pytest.fixture(scope="session")
def settings(
    migrated: SecretStr, redis_url: SecretStr, shared_upstream: tuple[str, Upstream]
) -> Callable[..., GatewaySettings]:
    def make(**changes: Any) -> GatewaySettings:
        values: dict[str, Any] = {
            "service_token": SERVICE_TOKEN,
            "jwt_key": JWT_KEY,
            "database_url": migrated,
            "redis_url": redis_url,
            "task_service_url": shared_upstream[0],
            "import_service_url": shared_upstream[0],
            "scan_timeout_seconds": 60,
            "forward_timeout_seconds": 60,
            "max_upload_bytes": 2_000_000,
        }
        return GatewaySettings(**(values | changes))

    return make


Start = Callable[..., Awaitable[Gateway]]


@contextlib.asynccontextmanager
async def running(settings: GatewaySettings, upstream: Upstream) -> AsyncIterator[Gateway]:
    app = create_app(settings)
    async with _running(app) as (url, server), aiohttp.ClientSession() as session:
        scope = {"state": server.lifespan.state}
        state, health = state_of(scope, GatewayState), state_of(scope, Health, "health")
        yield Gateway(url, app, session, upstream, state, health)


@pytest.fixture
async def start(
    settings: Callable[..., GatewaySettings], gateway_database: Database, redis: Redis, upstream: Upstream
) -> AsyncIterator[Start]:
    """Start gateways with changed settings; all are stopped afterwards."""
    async with contextlib.AsyncExitStack() as stack:

        async def go(**changes: Any) -> Gateway:
            return await stack.enter_async_context(running(settings(**changes), upstream))

        yield go


@pytest.fixture(scope="package")
async def shared_gateway(
    settings: Callable[..., GatewaySettings], shared_upstream: tuple[str, Upstream]
) -> AsyncIterator[Gateway]:
    """One gateway for these tests alone: its heartbeats would be counted by the realtime worker's tests."""
    async with running(settings(), shared_upstream[1]) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared_gateway: Gateway, gateway_database: Database, redis: Redis, upstream: Upstream) -> Gateway:
    """A gateway with the usual settings, without users, whose service and Redis are as if new."""
    shared_gateway.state.tokens.generations = Generations()
    return shared_gateway


async def eventually(check: Callable[[], Awaitable[bool]] | Callable[[], bool], within: float = 120) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within):
        while True:
            result = check()
            if await result if isinstance(result, Awaitable) else result:
                return
            await asyncio.sleep(0.02)
