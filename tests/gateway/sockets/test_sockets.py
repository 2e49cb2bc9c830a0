"""Live updates, with the real Socket.IO client over a real connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types
from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from structlog.testing import CapturingLogger

from magacin.contracts.auth import UserChange
from magacin.contracts.events import SOCKET_BRIEF, SOCKET_EVENT, SOCKET_EVENTS, task_room, user_room
from magacin.contracts.identity import Identity, Role
from magacin.contracts.presence import HEARTBEAT_PREFIX, ClientKind, DisconnectReason, Heartbeat
from magacin.gateway.people.tokens import AccessTokens, Generations
from magacin.gateway.settings import GatewaySettings
from tests.conftest import Server, free_port
from tests.gateway.conftest import CHIEF, JWT_KEY, PASSWORD, Gateway, Start, eventually
from tests.gateway.sockets.conftest import deliver, reading, together
from tests.support import SocketClient

Client = Any
Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect clients that note the events they get; all are disconnected afterwards."""
    clients: list[Client] = []

    async def go(gateway: Gateway, name: str = "w1", role: Role = Role.WORKER, **options: Any) -> Client:
        client = SocketClient(reconnection=False)
        client.got = []
        client.on(SOCKET_EVENT, lambda data: client.got.append(data))
        token = options.pop("token", None) or gateway.token(name, role)
        auth = {"token": token} | {how: options.pop(how, None) for how in ("brief", "together")}
        await client.connect(gateway.url, auth=auth, **({"transports": ["websocket"]} | options))
        clients.append(client)
        return client

    yield go
    for client in clients:
        await client.disconnect()


@pytest.fixture
def emit(redis: Redis) -> Callable[..., Awaitable[None]]:
    """Hand events on as the Realtime Worker does; the board is told of all."""

    async def go(rooms: list[str], data: Any) -> None:
        await deliver(redis, {"rooms": rooms} | data)

    return go


async def gauge(gateway: Gateway) -> float:
    return await gateway.metric("socketio_connections ")


async def refusal(gateway: Gateway, auth: Any) -> str:
    """Connect, and return why that was refused."""
    client = SocketClient(reconnection=False)
    said: list[Any] = []
    client.on("connect_error", said.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(gateway.url, auth=auth, transports=["websocket"])
    assert said[0]["data"]["code"] in ("unauthorized", "token_expired", "too_many_requests")
    return str(said[0]["message"])


OTHER = ClientKind.OTHER


def sockets(gateway: Gateway) -> Any:
    return gateway.state.sockets


def is_count(gateway: Gateway, expected: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await gauge(gateway) == expected

    return check


class TestBrief:
    """Clients that are told of what came together in one message."""

    async def test_of_which_operations_it_was(self, gateway: Gateway, redis: Redis) -> None:
        client = SocketClient(reconnection=False)
        told: list[Any] = []
        client.on(SOCKET_BRIEF, told.append)
        client.on(SOCKET_EVENT, told.append)
        auth = {"token": gateway.token(), "client": "app", "brief": True}
        await client.connect(gateway.url, auth=auth, transports=["websocket"])
        room = user_room("w1")
        await reading(redis)
        await together(
            redis,
            *({"rooms": [room], "data": {"operation_id": f"o{number}"}} for number in range(3)),
            {"rooms": [room], "data": {}},
            {"rooms": ["user:w2"], "data": {"operation_id": "another's"}},
        )
        await eventually(lambda: len(told) == 1)
        await deliver(redis, {"rooms": [room], "data": {"operation_id": "o3"}})
        await eventually(lambda: len(told) == 2)
        first, second = (one.pop("number") for one in told)
        assert second == first + 1
        assert told == [
            {"operation_ids": ["o0", "o1", "o2"], "others": 1},
            {"operation_ids": ["o3"], "others": 0},
        ]
        await client.disconnect()

    @pytest.mark.parametrize("said", [None, False, "yes", 1])
    async def test_only_where_it_is_asked_for(
        self, gateway: Gateway, redis: Redis, connect: Connect, said: object
    ) -> None:
        client = await connect(gateway, brief=said)
        await reading(redis)
        await deliver(redis, {"rooms": [user_room("w1")], "data": {"operation_id": "o1"}})
        await eventually(lambda: len(client.got) == 1)
        assert client.got[0]["data"] == {"operation_id": "o1"}


class TestTogether:
    """Clients that are shown several events in one message."""

    async def test_what_comes_within_a_tenth_of_a_second(
        self, gateway: Gateway, redis: Redis, connect: Connect
    ) -> None:
        told: list[list[Any]] = []
        desks = [await connect(gateway, name, Role.SUPERVISOR, together=True) for name in ("ada", "bo")]
        for desk in desks:
            told.append([])
            desk.on(SOCKET_EVENTS, told[-1].append)
        worker = await connect(gateway)
        await reading(redis)
        await deliver(redis, {"id": 0, "rooms": [task_room(1)], "data": {}})
        await eventually(lambda: all(told))
        began = time.monotonic()
        # The first is shown at once; who was shown something just now waits.
        for number in range(1, 41):
            await deliver(redis, {"id": number, "rooms": [user_room("w1")], "data": {"operation_id": "o"}})
        await eventually(lambda: all(sum(len(one["events"]) for one in heard) == 41 for heard in told))
        for desk, heard in zip(desks, told, strict=True):
            assert [event["id"] for one in heard for event in one["events"]] == list(range(41))
            first = heard[0]["number"]
            assert [one["number"] for one in heard] == list(range(first, first + len(heard)))
            assert (desk.got, heard[0]["events"]) == ([], [{"id": 0, "rooms": [task_room(1)], "data": {}}])
            assert len(heard) <= (time.monotonic() - began) / 0.1 + 2
        assert [event["id"] for event in worker.got] == list(range(1, 41))


class TestConnect:
    @pytest.mark.parametrize("transport", ["websocket", "polling"])
    async def test_with_a_token(self, gateway: Gateway, connect: Connect, transport: str) -> None:
        client = await connect(gateway, transports=[transport])
        assert client.connected
        assert await gauge(gateway) == 1

    @pytest.mark.parametrize("auth", [None, {}, {"token": "forged"}, {"token": 5}, "token", ["token"]])
    async def test_refused_without(self, gateway: Gateway, auth: Any) -> None:
        assert await refusal(gateway, auth) in (
            'Log in first: the connection needs {"token": "<access token>"}.',
            "The access token is not valid. Log in again.",
        )
        assert await gauge(gateway) == 0
        assert not sockets(gateway).clients

    async def test_refused_with_an_expired_token(self, gateway: Gateway) -> None:
        expired = AccessTokens(SecretStr(JWT_KEY), -1, Generations()).issue(Identity("w1", Role.WORKER), 1)
        assert "has expired" in await refusal(gateway, {"token": expired})

    async def test_refused_beyond_so_many_of_one_person(self, start: Start, connect: Connect) -> None:
        gateway = await start(sockets_per_user=2)
        first, _ = await connect(gateway), await connect(gateway)
        auth = {"token": gateway.token()}
        assert await refusal(gateway, auth) == (
            "You have 2 live connections open already. Close pages that are not needed."
        )
        await connect(gateway, "w2")
        await first.disconnect()
        await eventually(lambda: len(sockets(gateway).clients) == 2)
        await connect(gateway)

    async def test_refused_from_another_origin(self, gateway: Gateway) -> None:
        for origin, allowed in (("http://evil.example", False), (gateway.url, True)):
            headers = {"Origin": origin}
            url = f"{gateway.url}/socket.io/?EIO=4&transport=polling"
            async with gateway.session.get(url, headers=headers) as response:
                assert (response.status == 200) is allowed

    @pytest.mark.parametrize("transport", ["websocket", "polling"])
    @pytest.mark.parametrize(
        ("origin", "proto", "allowed"),
        [
            ("https://magacin.example", "https", True),
            # Without the header the page seems to come from elsewhere.
            ("https://magacin.example", None, False),
            ("https://evil.example", "https", False),
            ("https://magacin.example.evil.example", "https", False),
            ("http://evil.example", None, False),
        ],
    )
    async def test_through_a_proxy_that_says_how_the_client_came(
        self,
        gateway: Gateway,
        connect: Connect,
        transport: str,
        origin: str,
        proto: str | None,
        allowed: bool,
    ) -> None:
        headers = {"Host": "magacin.example", "Origin": origin} | (
            {"X-Forwarded-Proto": proto} if proto else {}
        )
        options = {"headers": headers, "transports": [transport]}
        if allowed:
            assert (await connect(gateway, **options)).connected
        else:
            with pytest.raises(socketio.exceptions.ConnectionError):
                await connect(gateway, **options)

    async def test_is_not_counted_as_requests(self, gateway: Gateway, connect: Connect) -> None:
        async def counted() -> list[str]:
            page = await gateway.metrics()
            return [line for line in page.splitlines() if line.startswith("http_requests_total")]

        before = await counted()
        await connect(gateway, transports=["polling"])
        assert before
        assert await counted() == before

    async def test_several_workers_take_websockets_only(self, start: Start, connect: Connect) -> None:
        gateway = await start(workers=2)
        assert (await connect(gateway)).connected
        async with gateway.session.get(f"{gateway.url}/socket.io/?EIO=4&transport=polling") as response:
            assert response.status == 400

    @pytest.mark.parametrize("body", [b"\xff", b"0", b"9", b"4{", b'42["watch"', b"x" * 30_000])
    async def test_garbage_over_polling_is_survived(self, gateway: Gateway, body: bytes) -> None:
        url = f"{gateway.url}/socket.io/?EIO=4&transport=polling"
        async with gateway.session.get(url) as response:
            sid = (await response.text()).split('"sid":"')[1].split('"')[0]
        async with gateway.session.post(f"{url}&sid={sid}", data=body) as response:
            assert response.status < 500
        async with gateway.session.get(
            f"{gateway.url}/socket.io/?EIO=4&transport=polling&sid=nobody"
        ) as response:
            assert response.status == 400


class TestRooms:
    async def test_everybody_gets_what_is_theirs(
        self, gateway: Gateway, connect: Connect, emit: Any, redis: Redis
    ) -> None:
        worker, boss = await connect(gateway), await connect(gateway, "s1", Role.SUPERVISOR)
        await reading(redis)
        await emit([], {"id": 1})
        await emit([user_room("w1")], {"id": 2})
        await emit([user_room("w2")], {"id": 3})
        await emit([task_room(1)], {"id": 4})
        await emit([user_room("s1"), user_room("w1"), task_room(1)], {"id": 5})
        await eventually(lambda: len(worker.got) == 2 and len(boss.got) == 5)
        assert [event["id"] for event in worker.got] == [2, 5]
        assert [event["id"] for event in boss.got] == [1, 2, 3, 4, 5]
        for client in (worker, boss):
            first = client.got[0]["number"]
            numbers = [event["number"] for event in client.got]
            assert numbers == list(range(first, first + len(numbers)))


class TestScreens:
    async def test_a_screen_hears_that_something_happened_and_not_what(
        self, gateway: Gateway, connect: Connect, emit: Any, redis: Redis
    ) -> None:
        screen = await connect(gateway, "screen:7", Role.SCREEN)
        told: list[Any] = []
        screen.on(SOCKET_BRIEF, told.append)
        await reading(redis)
        await emit([user_room("w1")], {"id": 1, "data": {"operation_id": "secret", "worker": "w1"}})
        await eventually(lambda: len(told) == 1)
        for number in range(2, 9):
            await emit([task_room(1)], {"id": number})
        await eventually(lambda: sum(brief["others"] for brief in told) == 8)
        assert screen.got == []
        assert all(brief["operation_ids"] == [] for brief in told)
        # Whoever is told eight times in a second reads eight times.
        assert len(told) <= 4
        numbers = [brief["number"] for brief in told]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    @pytest.mark.parametrize("what", [{"task_id": 1}, {"import_id": 1}])
    async def test_a_screen_watches_nothing(self, gateway: Gateway, connect: Connect, what: Any) -> None:
        answering(gateway, task(workers=()))
        screen = await connect(gateway, "screen:7", Role.SCREEN)
        answer = await screen.call("watch", what)
        assert answer["error"]["code"] == "forbidden"
        assert gateway.upstream.requests == []


def task(status: str = "assigned", workers: tuple[str, ...] = ("w1",)) -> dict[str, Any]:
    return {
        "task_id": 1,
        "requisition_id": 1,
        "number": "R1",
        "destination": "",
        "status": status,
        "workers": list(workers),
        "due_at": None,
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": None,
        "completed_at": None,
        "required": 1,
        "picked": 0,
        "short": 0,
        "lines": [],
    }


def answering(gateway: Gateway, content: Any, status: int = 200) -> None:
    async def answer(_: Request) -> Response:
        return JSONResponse(content, status)

    gateway.upstream.answer = answer


class TestWatch:
    async def test_and_unwatch(self, gateway: Gateway, connect: Connect, emit: Any, redis: Redis) -> None:
        answering(gateway, task())
        client = await connect(gateway)
        await reading(redis)
        assert await client.call("watch", {"task_id": 1}) == {"ok": True, "room": "task:1"}
        seen = gateway.upstream.requests[0]
        assert (seen["target"], seen["headers"]["x-magacin-user"]) == ("/api/tasks/1", "w1")
        await emit([task_room(1)], {"id": 1})
        await eventually(lambda: len(client.got) == 1)
        assert await client.call("unwatch", {"task_id": 1}) == {"ok": True, "room": "task:1"}
        await emit([task_room(1)], {"id": 2})
        await emit([user_room("w1")], {"id": 3})
        await eventually(lambda: len(client.got) == 2)
        assert [event["id"] for event in client.got] == [1, 3]

    async def test_ends_for_a_worker_when_the_task_is_anothers(
        self, gateway: Gateway, connect: Connect, emit: Any, redis: Redis
    ) -> None:
        answering(gateway, task())
        worker, colleague = await connect(gateway), await connect(gateway, "w2")
        boss = await connect(gateway, "s1", Role.SUPERVISOR)
        await reading(redis)
        for client in (worker, colleague, boss):
            assert (await client.call("watch", {"task_id": 1}))["ok"]

        async def assigned(id_: int, *workers: str) -> None:
            data = {"task_id": 1, "workers": workers}
            await emit([task_room(1)], {"id": id_, "type": "task.assigned", "data": data})

        await assigned(1)
        await assigned(2, "w1", "w2")
        await assigned(3, "w2")  # this much everybody is told, so that screens let go of it
        await emit([task_room(1)], {"id": 4})
        await eventually(lambda: all(len(client.got) == 4 for client in (colleague, boss)))
        await emit([user_room("w1")], {"id": 5})
        await eventually(lambda: worker.got[-1]["id"] == 5)
        assert [event["id"] for event in worker.got] == [1, 2, 3, 5]
        assert [event["id"] for event in colleague.got] == [1, 2, 3, 4]

    async def test_imports_are_for_supervisors(self, gateway: Gateway, connect: Connect) -> None:
        worker, boss = await connect(gateway), await connect(gateway, "s1", Role.SUPERVISOR)
        assert (await worker.call("watch", {"import_id": 1}))["error"]["code"] == "forbidden"
        assert await boss.call("watch", {"import_id": 1}) == {"ok": True, "room": "import:1"}
        assert [r["target"] for r in gateway.upstream.requests] == ["/api/imports/1"]

    @pytest.mark.parametrize(
        "data",
        [None, {}, [], "1", {"task_id": "abc"}, {"task_id": None}, {"task_id": -1}, {"task_id": True},
         {"x": 1}, {"task_id": 1, "import_id": 1}, {"task_id": 2**63}, {"task_id": 1.5}, {"task_id": [1]}],
    )  # fmt: skip
    async def test_nonsense(self, gateway: Gateway, connect: Connect, data: Any) -> None:
        client = await connect(gateway)
        for event in ("watch", "unwatch"):
            assert (await client.call(event, data))["error"]["code"] == "invalid_input"
        assert client.connected

    @pytest.mark.parametrize(
        ("status", "code"), [(403, "forbidden"), (404, "not_found"), (500, "dependency_unavailable")]
    )
    async def test_what_the_service_says(
        self, gateway: Gateway, connect: Connect, status: int, code: str
    ) -> None:
        answering(gateway, {}, status)
        client = await connect(gateway)
        assert (await client.call("watch", {"task_id": 1}))["error"]["code"] == code

    async def test_a_limited_number(self, gateway: Gateway, connect: Connect) -> None:
        answering(gateway, task())
        client = await connect(gateway)
        for number in range(200):
            assert (await client.call("watch", {"task_id": number + 1}))["ok"]
        assert (await client.call("watch", {"task_id": 999}))["error"]["code"] == "too_many_requests"
        assert (await client.call("watch", {"task_id": 5}))["ok"]


class TestExpiry:
    async def test_closes_with_the_token_unless_a_fresh_one_came(
        self, start: Start, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logged = CapturingLogger()
        monkeypatch.setattr("magacin.gateway.sockets.sockets.log", logged)
        gateway = await start(access_token_minutes=5 / 60)
        stays = await connect(gateway, "w2")
        longer = AccessTokens(SecretStr(JWT_KEY), 60, Generations())
        fresh = longer.issue(Identity("w2", Role.WORKER), 1)
        answer = await stays.call("authenticate", {"token": fresh})
        assert answer["ok"]
        assert answer["expires_at"] > time.time() + 50
        leaves = await connect(gateway)
        await eventually(lambda: not leaves.connected)
        assert stays.connected
        assert sockets(gateway).disconnections[OTHER, DisconnectReason.SERVER] == 1
        assert ("info", ("sockets_closed",), {"token_expired": 1}) in logged.calls
        # The session's shared gateway shows its own count in the same gauge now and then.
        await eventually(is_count(gateway, 1))

    async def test_a_fresh_token_has_to_be_a_good_one_of_the_same_person(
        self, gateway: Gateway, connect: Connect
    ) -> None:
        client = await connect(gateway)
        for token in ("forged", gateway.token("w2"), None):
            assert (await client.call("authenticate", {"token": token}))["error"]["code"] == "unauthorized"
        assert client.connected

    async def test_a_new_role_opens_and_closes_the_board(
        self, gateway: Gateway, connect: Connect, emit: Any, redis: Redis
    ) -> None:
        client = await connect(gateway)
        await reading(redis)
        await client.call("authenticate", {"token": gateway.token("w1", Role.SUPERVISOR)})
        await emit([], {"id": 1})
        await eventually(lambda: len(client.got) == 1)
        await client.call("authenticate", {"token": gateway.token("w1", Role.WORKER)})
        await emit([], {"id": 2})
        await emit([user_room("w1")], {"id": 3})
        await eventually(lambda: len(client.got) == 2)
        assert [event["id"] for event in client.got] == [1, 3]

    async def test_a_deactivated_user_is_thrown_out(self, gateway: Gateway, connect: Connect) -> None:
        await gateway.users.add(CHIEF, "w1", Role.WORKER, SecretStr(PASSWORD))
        client = await connect(gateway)
        await gateway.users.change(CHIEF, "w1", UserChange(active=False))
        await eventually(lambda: not client.connected)

    async def test_who_never_says_who_they_are_is_closed(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("magacin.gateway.sockets.sockets._ANONYMOUS_SECONDS", 0.5)
        url = f"{gateway.url}/socket.io/?EIO=4&transport=websocket"
        async with gateway.session.ws_connect(url) as websocket:
            await websocket.receive()
            assert await gauge(gateway) == 0
            async with asyncio.timeout(120):
                while (await websocket.receive()).type not in (
                    aiohttp.WSMsgType.CLOSE,
                    aiohttp.WSMsgType.CLOSED,
                ):
                    pass


class TestDisconnections:
    """Each is counted once, with the reason it had."""

    async def counts(
        self, gateway: Gateway, expected: dict[DisconnectReason, int], kind: ClientKind = OTHER
    ) -> None:
        await eventually(lambda: sockets(gateway).disconnections.total() == sum(expected.values()))
        counted = {key: count for key, count in sockets(gateway).disconnections.items() if count}
        assert counted == {(kind, reason): count for reason, count in expected.items()}

    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            *((kind.value, kind) for kind in ClientKind),
            *((said, OTHER) for said in ("App", "", None, 5, ["app"], {"app": 1})),
        ],
    )
    async def test_by_what_the_client_says_that_it_is(
        self, start: Start, redis: Redis, said: object, kind: ClientKind
    ) -> None:
        gateway = await start()
        client = SocketClient(reconnection=False)
        auth = {"token": gateway.token(), "client": said}
        await client.connect(gateway.url, auth=auth, transports=["websocket"])
        await heartbeats(redis, connections={one: int(one is kind) for one in ClientKind})
        await client.disconnect()
        await self.counts(gateway, {DisconnectReason.CLIENT: 1}, kind)

    async def test_the_client_says_goodbye(self, start: Start, connect: Connect) -> None:
        gateway = await start()
        await (await connect(gateway)).disconnect()
        await self.counts(gateway, {DisconnectReason.CLIENT: 1})

    async def test_a_browser_closes_its_tab(self, start: Start) -> None:
        gateway = await start()
        await (await raw_client(gateway)).close(code=1001)
        await self.counts(gateway, {DisconnectReason.CLIENT: 1})

    async def test_the_connection_breaks(self, start: Start) -> None:
        gateway = await start()
        abort(await raw_client(gateway))
        await self.counts(gateway, {DisconnectReason.TRANSPORT: 1})

    async def test_it_no_longer_answers(self, start: Start) -> None:
        # A busy machine says who it is in this, too.
        gateway = await start(socket_ping_seconds=0.5, socket_ping_timeout_seconds=3)
        silent = await raw_client(gateway)  # reads nothing more, so it does not answer pings
        await self.counts(gateway, {DisconnectReason.PING_TIMEOUT: 1})
        abort(silent)

    @pytest.mark.parametrize("transport", ["websocket", "polling"])
    async def test_an_orderly_stop(
        self, settings: Any, gateway: Gateway, connect: Connect, redis: Redis, transport: str
    ) -> None:
        async with process(settings()) as (url, running):
            client = await connect(replace(gateway, url=url), transports=[transport])
            (before,) = await heartbeats(redis, connections=others(1))
            running.terminate()
            async with asyncio.timeout(120):
                assert await running.wait() in (0, -signal.SIGTERM)
        await eventually(lambda: not client.connected)
        (last,) = await heartbeats(redis, closing=True)
        assert (last.instance, last.connections) == (before.instance, others(0))
        assert +Counter(last.disconnections[OTHER]) == {DisconnectReason.SERVER: 1}


@contextlib.asynccontextmanager
async def process(settings: GatewaySettings) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Run a gateway in a process of its own, as the stack does."""
    port = free_port()
    values = settings.model_dump(include={"service_token", "jwt_key", "database_url", "redis_url"})
    environment = {f"MAGACIN_{name.upper()}": value.get_secret_value() for name, value in values.items()}
    environment["MAGACIN_TASK_SERVICE_URL"] = str(settings.task_service_url)
    command = [sys.executable, "-m", "magacin.cli", "serve", "api-gateway", "--port", str(port)]
    running = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as session:
            async with asyncio.timeout(120):
                while running.returncode is None:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with session.get(f"http://127.0.0.1:{port}/health/live") as response:
                            if response.status == 200:
                                break
                    await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}", running
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


def others(count: int) -> dict[ClientKind, int]:
    """Return so many sockets of no special kind."""
    return {kind: count if kind is OTHER else 0 for kind in ClientKind}


async def heartbeats(redis: Redis, **expected: Any) -> list[Heartbeat]:
    """Wait for heartbeats with these values; return them."""
    found: list[Heartbeat] = []

    async def check() -> bool:
        keys = [key async for key in redis.scan_iter(f"{HEARTBEAT_PREFIX}*")]
        values = [value for value in await asyncio.gather(*(redis.get(key) for key in keys)) if value]
        found[:] = [
            beat
            for beat in map(Heartbeat.model_validate_json, values)
            if all(getattr(beat, name) == value for name, value in expected.items())
        ]
        return bool(found)

    await eventually(check)
    return found


def abort(websocket: aiohttp.ClientWebSocketResponse) -> None:
    """Break the connection without a goodbye of any kind."""
    connection = websocket._conn
    assert connection is not None
    assert connection.transport is not None
    connection.transport.abort()


async def raw_client(gateway: Gateway) -> aiohttp.ClientWebSocketResponse:
    """Connect without a library that would answer and tidy up by itself."""
    url = f"{gateway.url}/socket.io/?EIO=4&transport=websocket"
    websocket = await gateway.session.ws_connect(url, autoping=False)
    await websocket.receive()
    await websocket.send_str(f'40{{"token":"{gateway.token()}"}}')
    # A ping may come first where the handshake took long.
    while not str(await websocket.receive_str(timeout=20)).startswith("40"):
        pass
    return websocket


class TestPresence:
    async def test_heartbeat_says_what_there_is(self, start: Start, connect: Connect, redis: Redis) -> None:
        gateway = await start()
        clients = [await connect(gateway) for _ in range(3)]
        (beat,) = await heartbeats(redis, connections=others(3))
        assert beat.closing is False
        assert set(beat.disconnections) == set(ClientKind)
        assert all(set(reasons) == set(DisconnectReason) for reasons in beat.disconnections.values())
        key = f"{HEARTBEAT_PREFIX}{beat.instance}"
        assert 0 < await redis.pttl(key) <= 5000
        await clients[0].disconnect()
        (beat,) = await heartbeats(redis, connections=others(2))
        assert beat.disconnections[OTHER][DisconnectReason.CLIENT] == 1


class TestGauge:
    async def test_does_not_drift_however_sockets_come_and_go(self, start: Start) -> None:
        gateway = await start()
        randomly = random.Random(20261123)
        holding: list[aiohttp.ClientWebSocketResponse] = []
        connected = 0

        async def come_and_go(leave: float) -> None:
            nonlocal connected
            url = f"{gateway.url}/socket.io/?EIO=4&transport=websocket"
            websocket = await gateway.session.ws_connect(url, autoping=False)
            # Breaks off at any point: before the handshake, during it, in the middle of events.
            for message in (f'40{{"token":"{gateway.token()}"}}', '42["watch",{"task_id":1}]'):
                if randomly.random() < leave:
                    break
                await websocket.send_str(message)
                await asyncio.sleep(randomly.random() * 0.01)
            else:
                if randomly.random() < 0.3:
                    connected += 1
                    holding.append(websocket)
                    return
            with contextlib.suppress(ConnectionError):
                if randomly.random() < 0.5:
                    abort(websocket)
                else:
                    await websocket.close()

        for _ in range(12):
            await asyncio.gather(*(come_and_go(0.3) for _ in range(25)))
        assert connected > 10
        await eventually(is_count(gateway, connected))
        for websocket in holding[: connected // 2]:
            abort(websocket)
        await eventually(is_count(gateway, connected - connected // 2))
        for websocket in holding:
            await websocket.close()
        await eventually(is_count(gateway, 0))
        assert not sockets(gateway).clients
        # Nothing of them is left in the library's books either.
        rooms = sockets(gateway).server.manager.rooms
        await eventually(lambda: not any(rooms.get("/", {}).values()))

    async def test_a_socket_that_vanished_unnoticed_is_swept_up(self, start: Start, connect: Connect) -> None:
        gateway = await start()
        client = await connect(gateway)
        (known,) = sockets(gateway).clients.values()
        # As if the library had missed the disconnection.
        del sockets(gateway).server.eio.sockets[known.eio_sid]
        assert await gauge(gateway) == 0
        await eventually(lambda: not sockets(gateway).clients)
        assert sockets(gateway).disconnections[OTHER, DisconnectReason.TRANSPORT] == 1
        await client.disconnect()


class TestRedisOutage:
    async def test_sockets_stay_scans_go_on_and_events_come_back(
        self, gateway: Gateway, connect: Connect, emit: Any, redis: Redis, redis_server: Server
    ) -> None:
        client = await connect(gateway)
        await reading(redis)
        redis_server.kill()
        try:
            status, _ = await gateway.request("POST", "/api/scan", json={})
            assert status == 200
            answering(gateway, task())
            assert (await client.call("watch", {"task_id": 1}))["ok"]
            await asyncio.sleep(1.5)
            _, report = await gateway.request("GET", "/health", role=None)
            assert report["status"] == "degraded"
            assert report["checks"]["redis"]["status"] == "failing"
            assert client.connected
            assert await gauge(gateway) == 1
        finally:
            redis_server.start()
        await reading(redis)
        await emit([task_room(1)], {"id": 7})
        await eventually(lambda: [event["id"] for event in client.got] == [7])
        await heartbeats(redis, connections=others(1))
