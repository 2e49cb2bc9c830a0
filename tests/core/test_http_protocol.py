"""What a server takes from somebody it does not know, over sockets of TCP."""

from __future__ import annotations

import asyncio
import json
import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from magacin.core.http_protocol import REFUSED, LimitedHttp, Limits

KIB = 1024
HOST = b"Host: magacin\r\n"


class Quick(LimitedHttp):
    """Patient until all is sent that is to be (`Served.hurry`): a busy machine may take its time for that."""

    def most_connections(self) -> int:
        return 20


class Patient(LimitedHttp):
    """For what is about sizes: a busy machine may take its time."""


@dataclass
class Application:
    """Reads each request to its end, and answers how many bytes it had."""

    ends: list[str] = field(default_factory=list)
    release: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/early":
            await self._answer(send, b"early")
            return
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.ends.append("gone")
                return
            size, more = size + len(message["body"]), message["more_body"]
        if self.release is not None:
            await self.release.wait()
        self.ends.append("read")
        await self._answer(send, str(size).encode())

    async def _answer(self, send: Send, body: bytes) -> None:
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Served:
    application: Application
    port: int
    protocol: type[LimitedHttp]
    heard: int = 0
    hears: asyncio.Event = field(default_factory=asyncio.Event)

    async def hurry(self, after: int) -> None:
        """Have what is waited for be late in no time, `after` so many bytes have come from all clients."""
        async with asyncio.timeout(120):
            while self.heard < after:
                self.hears.clear()
                await self.hears.wait()
        self.protocol.limits = Limits(head_seconds=0.5, body_seconds=0.5)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Connection(reader, writer)
        finally:
            writer.close()


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Return the status and the body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")
        )
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def refusal(self) -> tuple[int, str]:
        """Return the status and the code of an error, after which the connection ends."""
        status, body = await self.answer()
        assert await self.reader.read() == b""
        error: dict[str, Any] = json.loads(body)["error"]
        assert error["message"]
        assert error["details"] == {}
        return status, error["code"]


Serve = Callable[[type[LimitedHttp]], Awaitable[Served]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    running: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    async def start(protocol: type[LimitedHttp]) -> Served:
        class Hearing(protocol):  # type: ignore[misc, valid-type]  # whichever the test is about
            def data_received(self, data: bytes) -> None:
                served.heard += len(data)
                served.hears.set()
                super().data_received(data)

        application = Application()
        config = uvicorn.Config(application, port=0, log_config=None, http=Hearing, lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        running.append((server, task))
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.01)
        served = Served(application, server.servers[0].sockets[0].getsockname()[1], Hearing)
        return served

    yield start
    for server, task in running:
        server.should_exit = server.force_exit = True
        await task


def counted(reason: str) -> float:
    return float(REFUSED.labels(reason)._value.get())


def head(size: int) -> bytes:
    """Return the head of a request that is exactly so long."""
    begin, end = b"GET / HTTP/1.1\r\n" + HOST + b"X-Long: ", b"\r\n\r\n"
    return begin + b"x" * (size - len(begin) - len(end)) + end


class TestHeads:
    async def test_may_have_so_many_bytes(self, serve: Serve) -> None:
        served = await serve(Patient)
        async with served.connection() as one:
            await one.send(head(64 * KIB), head(64 * KIB))
            assert await one.answer() == (200, b"0")
            assert await one.answer() == (200, b"0")

    @pytest.mark.parametrize("size", [64 * KIB + 1, 200 * KIB, 8 * KIB * KIB])
    async def test_may_not_have_more(self, serve: Serve, size: int) -> None:
        served = await serve(Patient)
        before = counted("head_too_large")
        async with served.connection() as one:
            sending = asyncio.create_task(one.send(head(size)))
            assert await one.refusal() == (431, "headers_too_large")
            sending.cancel()
        assert counted("head_too_large") == before + 1
        assert served.application.ends == []

    async def test_are_counted_together_with_the_address(self, serve: Serve) -> None:
        served = await serve(Patient)
        async with served.connection() as one:
            await one.send(b"GET /", b"a" * 40 * KIB, b" HTTP/1.1\r\n", HOST, b"X: ", b"b" * 30 * KIB)
            assert await one.refusal() == (431, "headers_too_large")

    async def test_of_later_requests_have_the_same_room(self, serve: Serve) -> None:
        served = await serve(Patient)
        async with served.connection() as one:
            for _ in range(3):
                await one.send(head(40 * KIB))
                assert await one.answer() == (200, b"0")
            await one.send(head(65 * KIB))
            assert await one.refusal() == (431, "headers_too_large")

    async def test_a_large_body_behind_a_small_head_is_read(self, serve: Serve) -> None:
        served = await serve(Patient)
        body = b"x" * 3 * KIB * KIB
        async with served.connection() as one:
            await one.send(b"POST / HTTP/1.1\r\n", HOST, b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert await one.answer() == (200, str(len(body)).encode())

    @pytest.mark.parametrize("begun", [b"GET / HT", b"GET / HTTP/1.1\r\n" + HOST, b"\r\n"])
    async def test_that_do_not_come_are_not_waited_for(self, serve: Serve, begun: bytes) -> None:
        served = await serve(Quick)
        async with served.connection() as one:
            await one.send(begun)
            await served.hurry(after=len(begun))
            assert await one.refusal() == (408, "request_timeout")

    async def test_that_come_byte_by_byte_are_not_waited_for(self, serve: Serve) -> None:
        served = await serve(Quick)

        async def drip(one: Connection) -> None:
            for byte in head(60 * KIB):
                await one.send(bytes([byte]))
                await asyncio.sleep(0.05)

        async with served.connection() as one:
            dripping = asyncio.create_task(drip(one))
            await served.hurry(after=1)
            assert await one.refusal() == (408, "request_timeout")
            dripping.cancel()

    async def test_a_connection_without_a_request_ends_without_an_answer(self, serve: Serve) -> None:
        served = await serve(Quick)
        async with served.connection() as one:
            await served.hurry(after=0)
            assert await one.reader.read() == b""

    async def test_a_connection_that_has_had_an_answer_may_rest(self, serve: Serve) -> None:
        served = await serve(Quick)
        async with served.connection() as rests, served.connection() as other:
            await rests.send(head(100))
            await rests.answer()
            await other.send(b"GET")
            await served.hurry(after=103)
            # By the time the other one is refused, this one has rested for longer than a head may take.
            await other.refusal()
            await rests.send(head(100))
            assert (await rests.answer())[0] == 200

    @pytest.mark.parametrize(
        "lines", [b"", HOST + HOST, b"Host: a\r\nHOST: b\r\n"], ids=["none", "twice", "two names"]
    )
    async def test_have_one_host(self, serve: Serve, lines: bytes) -> None:
        served = await serve(Patient)
        async with served.connection() as one:
            await one.send(b"POST / HTTP/1.1\r\n" + lines + b"Content-Length: 2\r\n\r\nab")
            assert await one.refusal() == (400, "bad_request")
        assert served.application.ends == []

    async def test_of_http_1_0_need_no_host(self, serve: Serve) -> None:
        served = await serve(Patient)
        async with served.connection() as one:
            await one.send(b"GET / HTTP/1.0\r\n\r\n")
            assert (await one.answer())[0] == 200

    async def test_that_are_none_are_refused_in_the_form_of_all_errors(self, serve: Serve) -> None:
        served = await serve(Patient)
        async with served.connection() as one:
            await one.send(b"\x16\x03\x01 hello\r\n\r\n")
            assert await one.refusal() == (400, "bad_request")


class TestBodies:
    @pytest.mark.parametrize("begun", [b"", b"x" * 600])
    async def test_that_do_not_come_are_not_waited_for(self, serve: Serve, begun: bytes) -> None:
        served = await serve(Quick)
        async with served.connection() as one:
            request = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n" + begun
            await one.send(request)
            await served.hurry(after=len(request))
            assert await one.refusal() == (408, "request_timeout")
        assert served.application.ends == ["gone"]

    async def test_that_come_byte_by_byte_are_not_waited_for(self, serve: Serve) -> None:
        served = await serve(Quick)

        async def drip(one: Connection) -> None:
            while True:
                await one.send(b"1\r\nx\r\n")
                await asyncio.sleep(0.05)

        async with served.connection() as one:
            await one.send(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
            dripping = asyncio.create_task(drip(one))
            await served.hurry(after=1)
            assert await one.refusal() == (408, "request_timeout")
            dripping.cancel()

    async def test_that_nobody_needed_end_the_connection_without_a_second_answer(self, serve: Serve) -> None:
        served = await serve(Quick)
        async with served.connection() as one:
            await one.send(b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n")
            assert await one.answer() == (200, b"early")
            await served.hurry(after=0)
            assert await one.reader.read() == b""

    async def test_an_answer_that_takes_long_is_not_a_body_that_does(self, serve: Serve) -> None:
        served = await serve(Quick)
        served.application.release = asyncio.Event()
        async with served.connection() as slow, served.connection() as other:
            request = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nab"
            await slow.send(request)
            await other.send(b"GET")
            await served.hurry(after=len(request) + 3)
            await other.refusal()
            served.application.release.set()
            assert await slow.answer() == (200, b"2")


class TestConnections:
    async def test_of_one_address_are_limited(self, serve: Serve) -> None:
        served = await serve(Quick)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            served.application.release = asyncio.Event()
            url = f"http://127.0.0.1:{served.port}/"

            async def ask() -> int:
                async with session.get(url) as response:
                    await response.read()
                    return response.status

            asked = [asyncio.create_task(ask()) for _ in range(25)]
            for refused in asyncio.as_completed(asked):
                assert await refused == 503
                if sum(task.done() for task in asked) == 5:
                    break
            served.application.release.set()
            assert sorted(await asyncio.gather(*asked)) == [200] * 20 + [503] * 5


async def test_the_last_descriptors_are_kept_for_the_process_itself(serve: Serve) -> None:
    """Who comes then is told so, instead of seeing the connection reset."""
    server = await serve(Patient)
    before = counted("no_descriptors")
    free = os.dup(0)
    os.close(free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with AsyncExitStack() as open_ones:
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 40, hard))
        try:
            while counted("no_descriptors") == before:
                last = await open_ones.enter_async_context(server.connection())
                await last.send(b"GET /early HTTP/1.1\r\n" + HOST + b"\r\n")
                status, body = await last.answer()
                assert status == 200 or json.loads(body)["error"]["code"] == "no_descriptors"
            assert status == 503
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    async with server.connection() as another:
        await another.send(b"GET /early HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await another.answer())[0] == 200
