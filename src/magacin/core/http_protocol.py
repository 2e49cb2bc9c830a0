"""How a server speaks HTTP: uvicorn's protocol, with an end to what somebody unknown may send.

A request is read before it is known whose it is, so nothing here asks for a login. What is too much or does
not come is answered in the form of all errors, counted by reason, and its connection closed.
"""

from __future__ import annotations

import asyncio
import functools
import resource
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar

import structlog
from prometheus_client import Counter
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from magacin.core.errors import error_body
from magacin.core.joined_writes import JoinedWrites
from magacin.core.metrics import zeroed
from magacin.core.settings import ConnectionSettings, load_settings

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 1.0
# How many file descriptors a process keeps for itself: to databases and other services, and for files.
_OWN_DESCRIPTORS = 64
# How long what a client still sends is thrown away, so that it gets to read why.
_LINGER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client may send, and how long it may take, before it is told to go.

    The head of a request (its first line and headers) has `head_seconds` from its first byte, as a new
    connection has to send one. A body may rest for `body_seconds`, and has as many and a second more for each
    `body_bytes_per_second` of it: who sends a byte now and then is not waited for. Apache's mod_reqtimeout
    measures in the same way.
    """

    head_bytes: int = 64 * 1024
    head_seconds: float = 20.0
    body_seconds: float = 20.0
    body_bytes_per_second: int = 500


_REASONS = {
    "head_too_large": (
        431,
        "headers_too_large",
        "The address and the headers are larger than {head_bytes:,} bytes together. Send less in them: "
        "what is long belongs in the body.",
    ),
    "head_timeout": (
        408,
        "request_timeout",
        "The headers did not come to their end within {head_seconds:g} s. Nothing was done; send it again.",
    ),
    "body_timeout": (
        408,
        "request_timeout",
        "The body stopped coming, or came too slowly. Nothing was done with this request; send it again.",
    ),
    "malformed": (400, "bad_request", "This is not a request as HTTP/1.1 has it. Nothing was done."),
    "host": (
        400,
        "bad_request",
        "A request says in one Host header, and in no second one, whom it is for (RFC 9112, 3.2).",
    ),
    "no_descriptors": (
        503,
        "no_descriptors",
        "This server has no file descriptor left for another connection. Try again in a moment.",
    ),
    "too_many_connections": (
        503,
        "too_many_connections",
        "Your address has too many connections open. Close some, or wait a moment and try again.",
    ),
}
REFUSED = zeroed(
    Counter(
        "http_connections_refused_total",
        "Connections that were closed before their request had been read, by reason.",
        ["reason"],
    ),
    _REASONS,
)


@functools.cache
def _settings() -> ConnectionSettings:
    return load_settings(ConnectionSettings)


class LimitedHttp(HttpToolsProtocol):
    """One connection of a client, from its first byte on."""

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # What is waited for: the head, the body, or nothing while an answer is made or the next one is due.
        self._awaited = "head"
        self._since = self._moved = self.loop.time()
        self._received = 0
        self._left_at: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless its address has too many."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]  # as one
        _Sweeper.watch(self)
        if _is_among_the_last(transport):
            self._refuse("no_descriptors")
        elif self._is_one_too_many():
            self._refuse("too_many_connections")

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the protocol of WebSockets, as it is."""
        self.transport = self.transport.transport  # type: ignore[attr-defined]  # JoinedWrites has it
        super().handle_websocket_upgrade()

    def most_connections(self) -> int:
        """Return how many connections an address may have; 0 is no limit."""
        return _settings().connections_per_address

    def _is_one_too_many(self) -> bool:
        most = self.most_connections()
        if not most or self.client is None or len(self.connections) <= most:
            return False
        # A WebSocket is one of them as well, by a protocol of its own.
        addresses = [client[0] for client in map(attrgetter("client"), self.connections) if client]
        return addresses.count(self.client[0]) > most

    def data_received(self, data: bytes) -> None:
        """Read what has come; of a head no more than it may have."""
        if self._awaited == "head":
            if not self._received:
                self._since = self.loop.time()
            room = self.limits.head_bytes - self._received
            self._received += len(data)
            piece, data = data[:room], data[room:]
            self._read(piece)
            if self._awaited == "head" and data:
                self._refuse("head_too_large")
        if data:
            self._read(data)

    def _read(self, data: bytes) -> None:
        if self._left_at is None:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request; a client may send the next one before it has its answer."""
        super().on_message_begin()
        self._awaited, self._since = "head", self.loop.time()

    def on_headers_complete(self) -> None:
        """Have a request answered, whose body may still be coming."""
        self._awaited, self._received = "body", 0
        self._since = self._moved = self.loop.time()
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts != 1 and self.parser.get_http_version() == "1.1":
            self._refuse("host")
        if self._left_at is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._received += len(body)
        self._moved = self.loop.time()
        if self._left_at is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Have all of a request."""
        self._awaited, self._received = "", 0
        if self._left_at is None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Have answered; the next request may come, and uvicorn counts how long it takes to."""
        super().on_response_complete()
        if not self._awaited:
            self._awaited, self._since = "head", self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser cannot read."""
        del msg
        self._refuse("malformed")

    def look(self, now: float) -> None:
        """Close the connection where it has been waited for too long; `now` is the loop's time."""
        if self._left_at is not None:
            if now - self._left_at > _LINGER_SECONDS:
                self.transport.close()
        elif self._awaited == "body" and self._body_is_late(now):
            self._refuse("body_timeout")
        elif self._awaited == "head" and now - self._since > self.limits.head_seconds:
            if self._received:
                self._refuse("head_timeout")
            elif self.cycle is None:
                # Browsers open connections for requests that they may have later. No request, no answer.
                self.transport.close()

    def _body_is_late(self, now: float) -> bool:
        if self.flow.read_paused:
            # We are not reading: what is on its way cannot come.
            self._moved = now
            return False
        whole = self.limits.body_seconds + self._received / self.limits.body_bytes_per_second
        return now - self._moved > self.limits.body_seconds or now - self._since > whole

    def _refuse(self, reason: str) -> None:
        if self._left_at is not None or self.transport.is_closing():
            return
        REFUSED.labels(reason).inc()
        log.warning("connection_refused", reason=reason, client=self.client[0] if self.client else None)
        if self._can_answer():
            self.transport.write(_answer(reason, self.limits))
        self._leave()

    def _can_answer(self) -> bool:
        # Half an answer cannot be taken back, nor one be given before that of an earlier request.
        if self.cycle is None:
            return True
        if self._awaited == "body":
            return not self.cycle.response_started and not self.pipeline
        return self.cycle.response_complete

    def _leave(self) -> None:
        """Say nothing more, and hear nothing: closed at once, the client's system might drop our answer."""
        self._left_at = self.loop.time()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()


def _is_among_the_last(transport: asyncio.Transport) -> bool:
    """Tell whether a connection got one of the last file descriptors, which the process needs itself.

    The system gives the lowest that is free. Where none is, a connection would be reset, and nobody told.
    """
    connection = transport.get_extra_info("socket")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if connection is None or soft == resource.RLIM_INFINITY:
        return False
    return bool(connection.fileno() >= soft - min(_OWN_DESCRIPTORS, soft // 16))


def _answer(reason: str, limits: Limits) -> bytes:
    status, code, message = _REASONS[reason]
    fields = {name: getattr(limits, name) for name in Limits.__slots__}
    body = error_body(code, message.format(**fields))
    headers = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    return STATUS_LINE[status] + headers % len(body) + body


class _Sweeper:
    """Looks at the connections of a server now and then: a timer for each would cost every request."""

    _running: ClassVar[set[int]] = set()

    @classmethod
    def watch(cls, connection: LimitedHttp) -> None:
        """Look after a connection, together with all others of its server."""
        if id(connection.connections) not in cls._running:
            cls._running.add(id(connection.connections))
            connection.loop.call_later(_SWEEP_SECONDS, cls._sweep, connection.loop, connection.connections)

    @classmethod
    def _sweep(cls, loop: asyncio.AbstractEventLoop, connections: set[Any]) -> None:
        now = loop.time()
        for connection in list(connections):
            if isinstance(connection, LimitedHttp):
                connection.look(now)
        if connections:
            loop.call_later(_SWEEP_SECONDS, cls._sweep, loop, connections)
        else:
            cls._running.discard(id(connections))
