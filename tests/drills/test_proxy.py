"""The proxy forwards, gets slow, fails, and recovers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from magacin.drills.proxy import Proxy


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def proxy(echo: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(echo)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def ask(proxy: Proxy) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(b"hello")
        async with asyncio.timeout(120):
            return await reader.read(100)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_forwards_both_ways(proxy: Proxy) -> None:
    assert await ask(proxy) == b"hello"


async def test_lets_each_request_wait(proxy: Proxy) -> None:
    proxy.delay = 0.3
    started = time.monotonic()
    assert await ask(proxy) == b"hello"
    assert time.monotonic() - started >= 0.3


async def test_breaks_what_is_open_and_what_comes(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    await reader.readexactly(5)
    proxy.fail()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    with pytest.raises((ConnectionError, AssertionError)):
        assert await ask(proxy) == b"hello"


async def test_recovers(proxy: Proxy) -> None:
    proxy.fail()
    proxy.reset()
    assert await ask(proxy) == b"hello"


async def test_a_target_that_is_gone_looks_like_a_broken_connection() -> None:
    proxy = Proxy(1)
    await proxy.start()
    try:
        with pytest.raises((ConnectionError, AssertionError)):
            assert await ask(proxy) == b"hello"
    finally:
        await proxy.stop()
