"""What a message to one of a thousand sockets in fifty rooms costs, against python-socketio with Redis.

The events are put into the stream as the Task Service does it, without any scan, so that the gateway and the
Realtime Worker have nothing else to do.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import psutil
from redis.asyncio import Redis

from benchmarks import cpu
from benchmarks.peers import rooms
from benchmarks.peers.serving import serving
from benchmarks.report import Measurement
from benchmarks.scans import ROUNDS
from benchmarks.stack import BenchStack
from magacin.contracts.events import EVENT_STREAM, STREAM_FIELD, EventType, user_room

ROOMS, EACH, RATE = 50, 20, 100
_SECONDS = 15
_MESSAGES = RATE * _SECONDS * EACH
_PATIENCE = 60

Send = Callable[[int], Awaitable[Any]]


@dataclass(frozen=True)
class _Cost:
    """Processor seconds of a message to one socket."""

    gateway: float
    realtime: float = 0.0


def measure(stack: BenchStack) -> list[Measurement]:
    """Alternate the two, so that a noisy neighbour disturbs both, and compare the medians."""
    url = stack.secret("redis-url")
    ours, theirs = [], []
    with serving("rooms", {"MAGACIN_BENCH_REDIS_URL": url}) as peer:
        for _ in range(ROUNDS):
            theirs.append(asyncio.run(_of_the_peer(peer.url, peer.process, url)))
            ours.append(asyncio.run(_of_the_stack(stack, url)))
    bare = sorted(cost.gateway for cost in theirs)[ROUNDS // 2]
    gateway = sorted(cost.gateway for cost in ours)[ROUNDS // 2]
    both = sorted(cost.gateway + cost.realtime for cost in ours)[ROUNDS // 2]
    return [
        Measurement("a message to a socket, python-socketio with Redis", 1e6 * bare, "µs"),
        Measurement("a message to a socket, the gateway", 1e6 * gateway, "µs"),
        Measurement("a message to a socket, the Realtime Worker too", 1e6 * both, "µs"),
        Measurement("the gateway's, times python-socketio's", gateway / bare, "", at_most=1.1),
        Measurement("with the Realtime Worker, times python-socketio's", both / bare, ""),
    ]


async def _of_the_peer(url: str, process: psutil.Process, redis_url: str) -> _Cost:
    sender = rooms.manager(redis_url, write_only=True)

    async def send(number: int) -> None:
        room = number % ROOMS
        await sender.emit("event", _event(number, room), room=user_room(_worker(room)))

    auth = [{"room": user_room(_worker(room))} for room in range(ROOMS)]
    async with _Audience(url, auth) as audience:
        before = cpu.seconds(process)
        delivered = await audience.hear(send)
        return _Cost((cpu.seconds(process) - before) / delivered)


async def _of_the_stack(stack: BenchStack, redis_url: str) -> _Cost:
    async with aiohttp.ClientSession() as session, Redis.from_url(redis_url) as redis:
        auth = await _logged_in(stack, session)

        async def send(number: int) -> None:
            event = _event(number, number % ROOMS)
            await redis.xadd(EVENT_STREAM, {STREAM_FIELD: orjson.dumps(event)})

        async with _Audience(stack.gateway, auth) as audience:
            with cpu.spent(stack) as spent_by:
                delivered = await audience.hear(send)
    return _Cost(spent_by["api-gateway"] / delivered, spent_by["realtime-worker"] / delivered)


async def _logged_in(stack: BenchStack, session: aiohttp.ClientSession) -> list[dict[str, str]]:
    """Hire a worker for each room; return what their sockets connect with."""
    headers, password = await stack.login(session), uuid.uuid4().hex
    for room in range(ROOMS):
        person = {"username": _worker(room), "password": password, "role": "worker"}
        async with session.post(f"{stack.gateway}/api/users", json=person, headers=headers) as response:
            if response.status != 409:  # of a round before
                response.raise_for_status()
        if response.status == 409:
            change = {"password": password}
            where = f"{stack.gateway}/api/users/{_worker(room)}"
            async with session.patch(where, json=change, headers=headers) as response:
                response.raise_for_status()
    return [await _token(stack, session, _worker(room), password) for room in range(ROOMS)]


async def _token(
    stack: BenchStack, session: aiohttp.ClientSession, username: str, password: str
) -> dict[str, str]:
    body = {"username": username, "password": password}
    async with session.post(f"{stack.gateway}/api/auth/login", json=body) as response:
        response.raise_for_status()
        return {"token": (await response.json())["access_token"]}


def _worker(room: int) -> str:
    return f"bench-{room}"


def _event(number: int, room: int) -> dict[str, Any]:
    return {
        "id": number,
        "source": "task-service",
        "type": EventType.TASK_CHANGED,
        "subject": f"task:{room}",
        "occurred_at": datetime.now(UTC).isoformat(),
        "rooms": [user_room(_worker(room))],
        "data": {"task_id": room, "status": "in_progress", "priority": 5, "workers": [_worker(room)]},
    }


class _Audience:
    """A thousand sockets, which speak no more of Socket.IO than they have to: they share the machine."""

    def __init__(self, url: str, auth: list[dict[str, str]]) -> None:
        self._address = f"{url}/socket.io/?EIO=4&transport=websocket"
        self._auth = [one for one in auth for _ in range(EACH)]
        self._heard = 0
        self._have_all = asyncio.Event()

    async def __aenter__(self) -> _Audience:
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector)
        # Each listens from the start: it is asked whether it is still there while the others come.
        self._listening = [
            asyncio.create_task(self._listen(await self._connect(auth))) for auth in self._auth
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await self._session.close()

    async def hear(self, send: Send) -> int:
        """Have events sent at the rate; return how many messages came, and exit where one is missing."""
        began, first = time.perf_counter(), time.time_ns() // 1000
        for number in range(RATE * _SECONDS):
            await asyncio.sleep(max(0, began + number / RATE - time.perf_counter()))
            await send(first + number)
        try:
            await asyncio.wait_for(self._have_all.wait(), _PATIENCE)
        except TimeoutError:
            lost = sum(task.done() for task in self._listening)
            raise SystemExit(
                f"{self._heard} messages came to the sockets, of {_MESSAGES}; {lost} sockets were closed."
            ) from None
        return self._heard

    async def _connect(self, auth: dict[str, str]) -> aiohttp.ClientWebSocketResponse:
        socket = await self._session.ws_connect(self._address, max_msg_size=0)
        await socket.receive()
        await socket.send_str(f"40{orjson.dumps(auth).decode()}")
        answer = await socket.receive_str()
        if not answer.startswith("40"):
            raise SystemExit(f"A socket was refused: {answer}")
        return socket

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.data == "2":
                await socket.send_str("3")
            elif message.data.startswith("42"):
                self._heard += 1
                if self._heard == _MESSAGES:
                    self._have_all.set()
