"""A real worker process, a real Socket.IO server on the Redis manager, and real clients."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import socketio  # type: ignore[import-untyped]  # it comes without types
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from magacin.contracts.events import EVENT_STREAM, SOCKET_EVENT, EventType
from magacin.contracts.presence import HEARTBEAT_EXPIRES_SECONDS, HEARTBEAT_PREFIX, ClientKind, Heartbeat
from magacin.core.background import BackgroundLoop
from magacin.gateway.sockets.feed import Feed
from tests.conftest import SERVICE_TOKEN, free_port
from tests.support import SocketClient


async def eventually(holds: Callable[[], Awaitable[object]], what: str, seconds: float = 120) -> None:
    """Wait until `holds` returns something true; fail with `what` when it never does."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await holds():
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"never happened: {what}")
        await asyncio.sleep(0.03)


class Worker:
    """A Realtime Worker as a process of its own."""

    def __init__(self, redis_url: SecretStr, log: Path) -> None:
        self.port = free_port()
        self._log = log
        self._environment = {
            **os.environ,
            "MAGACIN_REDIS_URL": redis_url.get_secret_value(),
            "MAGACIN_SERVICE_TOKEN": SERVICE_TOKEN,
            "MAGACIN_PORT": str(self.port),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "--factory", "magacin.realtime.app:create_app"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), "--loop", "uvloop"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def end(self, number: int = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait()
        self.process = None

    async def health(self) -> tuple[int, dict[str, Any]]:
        """Return status and body; status 0 while it does not answer at all."""
        try:
            async with aiohttp.ClientSession() as http, http.get(self._url("/health")) as response:
                return response.status, await response.json()
        except aiohttp.ClientError:
            return 0, {}

    async def healthy(self) -> bool:
        return (await self.health())[0] == 200

    async def sample(self, name: str, **labels: str) -> float | None:
        """Return the value of one series, None when it does not exist."""
        async with aiohttp.ClientSession() as http, http.get(self._url("/metrics")) as response:
            page = await response.text()
            assert response.status == 200, page
        families = text_string_to_metric_families(page)
        return next(
            (s.value for f in families for s in f.samples if s.name == name and s.labels == labels), None
        )

    def log(self) -> list[dict[str, Any]]:
        lines = self._log.read_bytes().splitlines()
        return [orjson.loads(line) for line in lines if line.startswith(b"{")]

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def make_worker(redis_url: SecretStr, tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    made: list[Worker] = []

    def make() -> Worker:
        made.append(Worker(redis_url, tmp_path / f"worker-{len(made)}.log"))
        made[-1].start()
        return made[-1]

    yield make
    for worker in made:
        if worker.process is not None:
            worker.end(signal.SIGTERM)


class Gateway:
    """The least of a gateway: a Socket.IO server with its feed, where a client says which rooms it wants."""

    def __init__(self, redis: Redis) -> None:
        self.server = socketio.AsyncServer(async_mode="asgi")
        self._feed = BackgroundLoop("feed", Feed(redis, self).step)
        self.server.on("connect", self._connect)
        self.port = free_port()
        config = uvicorn.Config(socketio.ASGIApp(self.server), port=self.port, log_config=None)
        self._uvicorn = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None
        self._beats: asyncio.Task[None] | None = None

    async def _connect(self, sid: str, _: object, auth: dict[str, list[str]]) -> None:
        for room in auth["rooms"]:
            await self.server.enter_room(sid, room)

    async def start(self, redis: Redis) -> None:
        self._task = asyncio.create_task(self._uvicorn.serve())

        async def serves() -> bool:
            return self._uvicorn.started

        await eventually(serves, "the Socket.IO server is there")
        self._feed.start()
        self._beats = asyncio.create_task(self._heartbeats(redis))

    async def show(self, rooms: list[str], event: str, _operation_id: str | None) -> None:
        await self.server.emit(SOCKET_EVENT, orjson.loads(event), room=rooms)

    async def flush(self) -> None:
        """Nobody here is told of several events together."""

    async def leave_to(self, task_id: int, workers: frozenset[str]) -> None:
        """Nobody here looks at a single task."""

    async def say_missed(self) -> int:
        return 0

    async def _heartbeats(self, redis: Redis) -> None:
        beat = Heartbeat(instance="test-gateway", connections={ClientKind.OTHER: 1})
        while True:
            try:
                key = f"{HEARTBEAT_PREFIX}{beat.instance}"
                await redis.set(key, beat.model_dump_json(), ex=int(HEARTBEAT_EXPIRES_SECONDS))
            except (RedisError, OSError):
                pass  # Redis is being restarted by the test
            await asyncio.sleep(0.3)

    async def stop(self) -> None:
        assert self._task
        assert self._beats
        self._beats.cancel()
        await self._feed.stop()
        self._uvicorn.should_exit = True
        await asyncio.gather(self._task, self._beats, return_exceptions=True)


@pytest.fixture
async def gateway(redis: Redis) -> AsyncIterator[Gateway]:
    gateway = Gateway(redis)
    await gateway.start(redis)
    yield gateway
    await gateway.stop()


class Client:
    """A real Socket.IO client that keeps what it is told."""

    def __init__(self, port: int) -> None:
        self.received: list[dict[str, Any]] = []
        self._client = SocketClient()
        self._client.on(SOCKET_EVENT, self.received.append)
        self._port = port

    async def connect(self, *rooms: str) -> None:
        await self._client.connect(
            f"http://127.0.0.1:{self._port}", auth={"rooms": list(rooms)}, transports=["websocket"]
        )

    async def disconnect(self) -> None:
        await self._client.disconnect()

    def accepted(self) -> dict[str, list[int]]:
        """Return the ids by subject, as a client that drops what is not newer has them."""
        kept: dict[str, list[int]] = {}
        for event in self.received:
            ids = kept.setdefault(event["subject"], [])
            if not ids or event["id"] > ids[-1]:
                ids.append(event["id"])
        return kept


@pytest.fixture
async def connect(gateway: Gateway) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    clients: list[Client] = []

    async def make(*rooms: str) -> Client:
        clients.append(Client(gateway.port))
        await clients[-1].connect(*rooms)
        return clients[-1]

    yield make
    for client in clients:
        await client.disconnect()


def event(number: int, *, subject: str = "task:1", rooms: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "id": number,
        "source": "task-service",
        "type": EventType.SCAN_RECORDED.value,
        "subject": subject,
        "occurred_at": "2026-01-02T03:04:05Z",
        "rooms": list(rooms),
        "data": {"sku": "85123A"},
    }


async def answers(redis: Redis) -> bool:
    """Tell whether Redis is back and has read its data."""
    try:
        await redis.ping()
    except RedisError:
        return False
    return True


async def add(redis: Redis, *events: dict[str, Any]) -> None:
    """Write events to the stream as the outbox relay does."""
    pipeline = redis.pipeline(transaction=False)
    for each in events:
        pipeline.xadd(EVENT_STREAM, {"event": orjson.dumps(each)})
    await pipeline.execute()
