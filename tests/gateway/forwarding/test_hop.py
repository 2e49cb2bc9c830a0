"""The connections on which scans go together, against services that do what services do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from magacin.gateway.forwarding.hop import Hop, Lost, Unreachable
from tests.conftest import SERVICE_TOKEN, free_port

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def service(
    *answers: bytes | None, seconds: float = 60
) -> AsyncIterator[tuple[Hop, list[tuple[int, bytes]]]]:
    """Answer each request with the next of `answers`, the last for all others; None is no answer at all.

    Yield the way to it, and the requests: the number of the connection, and all bytes.
    """
    seen: list[tuple[int, bytes]] = []
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        number = connections
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                seen.append((number, head + await reader.readexactly(int(head.split()[-1]))))
                answer = answers[min(len(seen), len(answers)) - 1]
                if answer is None:
                    await reader.read()
                    break
                writer.write(answer)
                await writer.drain()
                if answer != GOOD:
                    break
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, family=socket.AF_INET)
    port = server.sockets[0].getsockname()[1]
    hop = Hop(f"http://127.0.0.1:{port}/base/", "/there", SecretStr(SERVICE_TOKEN), seconds=seconds)
    async with server:
        yield hop, seen
        hop.close()


async def test_one_connection_is_asked_again_and_again_and_knows_us() -> None:
    async with service(GOOD) as (hop, seen):
        for body in (b"[1]", b"[2, 3]"):
            assert await hop.ask(body) == (200, b"{}")
    assert [number for number, _ in seen] == [1, 1]
    assert seen[0][1].startswith(b"POST /base/there HTTP/1.1\r\nHost: 127.0.0.1:")
    assert f"\r\nX-Magacin-Service-Token: {SERVICE_TOKEN}\r\n".encode() in seen[0][1]
    assert b"\r\nX-Magacin-Seconds: 59.50\r\n" in seen[0][1]
    assert seen[1][1].endswith(b"\r\nContent-Length: 6\r\n\r\n[2, 3]")


async def test_who_asks_at_the_same_time_has_a_connection_of_their_own() -> None:
    async with service(GOOD) as (hop, seen):
        answers = await asyncio.gather(hop.ask(b"1"), hop.ask(b"2"))
    assert list(answers) == [(200, b"{}")] * 2
    assert {number for number, _ in seen} == {1, 2}


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone", 404, b"none"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
    ],
)
async def test_whatever_is_answered(answer: bytes, status: int, body: bytes) -> None:
    async with service(answer) as (hop, seen):
        for _ in range(2):
            assert await hop.ask(b"1") == (status, body)
    assert len(seen) in (2, 3)  # a connection that is just being closed is found out by asking


@pytest.mark.parametrize("half", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"SSH-2.0-x\r\n"])
async def test_what_breaks_off_is_sent_once_more(half: bytes) -> None:
    async with service(half, GOOD) as (hop, seen):
        assert await hop.ask(b"1") == (200, b"{}")
    assert [number for number, _ in seen] == [1, 2]
    async with service(half) as (hop, seen):
        with pytest.raises(Lost):
            await hop.ask(b"1")
    assert len(seen) == 2


async def test_no_answer() -> None:
    # Even on a busy machine the request is there by then.
    async with service(None, seconds=2) as (hop, seen):
        with pytest.raises(TimeoutError):
            await hop.ask(b"1")
    assert len(seen) == 1


async def test_nobody_there() -> None:
    hop = Hop(f"http://127.0.0.1:{free_port()}", "/there", SecretStr(SERVICE_TOKEN), seconds=30)
    with pytest.raises(Unreachable):
        await hop.ask(b"1")
