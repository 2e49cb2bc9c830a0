"""The way of scans that go together to the Task Service: one kind of request, over connections kept open.

aiohttp can do much more, and takes half a millisecond for each request: with a dozen scans in it, that was
two fifths of what was left of a scan's way through the gateway. The parser is uvicorn's.
"""

from __future__ import annotations

import asyncio
from typing import cast

import httptools
import structlog
from pydantic import SecretStr
from yarl import URL

from magacin.core.deadlines import MARGIN_SECONDS, SECONDS_HEADER
from magacin.core.endpoint import JSON
from magacin.core.security import SERVICE_TOKEN_HEADER

log = structlog.get_logger(__name__)

_CONNECT_SECONDS = 2
# A service that is just restarting refuses connections for a moment.
_BEFORE_RETRY_SECONDS = 0.05


class Unreachable(OSError):
    """The service takes no connection."""


class Lost(OSError):
    """The connection ended before the answer was whole, or brought what is none."""


class _Connection(asyncio.Protocol):
    """A connection that is asked one thing after another."""

    def __init__(self) -> None:
        self.usable = False
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.usable = True

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer; raise `Lost` where none comes."""
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close it; who still waits gets `Lost`."""
        self.usable = False
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.close()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.close()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, as the parser has it."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Have the whole answer, as the parser has it."""
        self.usable = self._parser.should_keep_alive()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result((self._parser.get_status_code(), b"".join(self._body)))

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Lost("the connection was lost"))


class Hop:
    """Sends JSON to one address of a service that knows us by our token, and hears how long it may take."""

    def __init__(self, base: str, path: str, token: SecretStr, *, seconds: float) -> None:
        self._url = URL(base)
        self._seconds = seconds
        self._idle: list[_Connection] = []
        self._head = (
            f"POST {self._url.raw_path.rstrip('/')}{path} HTTP/1.1\r\nHost: {self._url.authority}\r\n"
            f"{SERVICE_TOKEN_HEADER}: {token.get_secret_value()}\r\n"
            f"{SECONDS_HEADER}: {max(0.0, seconds - MARGIN_SECONDS):.2f}\r\n"
            f"Content-Type: {JSON}\r\nContent-Length: "
        ).encode()

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer, whatever they are.

        Raises `Unreachable`, `Lost` or `TimeoutError`. What was lost or not reached is sent once more: it has
        to be such that twice is no more than once.
        """
        request = b"%b%d\r\n\r\n%b" % (self._head, len(body), body)
        async with asyncio.timeout(self._seconds):
            try:
                return await self._once(request)
            except (Unreachable, Lost) as error:
                log.info("upstream_retried", upstream=self._url.authority, reason=type(error).__name__)
            await asyncio.sleep(_BEFORE_RETRY_SECONDS)
            return await self._once(request)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    async def _once(self, request: bytes) -> tuple[int, bytes]:
        connection = await self._connection()
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        if connection.usable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await self._connect()
        except (OSError, TimeoutError) as error:
            raise Unreachable(str(error)) from error

    async def _connect(self) -> _Connection:
        host, port = self._url.host or "", self._url.port or 0
        secure = True if self._url.scheme == "https" else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, host, port, ssl=secure)
        return connection
