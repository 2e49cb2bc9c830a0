"""A load generator that costs little: it shares the machine with what it measures.

Each connection sends its next request when the answer to the last has come (a closed loop, as a worker
with a scanner is). At a fixed rate it sends when the next is due: one that had to wait counts from when it
was due. Written on asyncio protocols because an HTTP client library takes more CPU for a request than the
gateway that is being measured.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httptools

NextRequest = Callable[[], bytes]


@dataclass
class LoadResult:
    """What a run saw. Latencies are in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: int = 0
    """Answers with the status 200 from the first one on, warm-up included."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, q: float) -> float:
        """Return the latency that a share `q` of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


@dataclass(frozen=True)
class Pace:
    """When requests of a connection are due: the first by `time.perf_counter`, then each `every` seconds."""

    first: float
    every: float


class _Connection(asyncio.Protocol):
    """One kept-alive connection that sends requests until told to stop."""

    def __init__(
        self, next_request: NextRequest, on_answer: Callable[[int, float], bool], pace: Pace | None
    ) -> None:
        self._next_request = next_request
        self._on_answer = on_answer
        self._pace = pace
        self._due = pace.first if pace else 0.0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send_when_due()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(exc or ConnectionError("the server closed the connection"))

    def on_message_complete(self) -> None:
        """Called by the parser at the end of an answer."""
        seconds = time.perf_counter() - self._due
        if self._on_answer(self._parser.get_status_code(), seconds):
            if self._pace:
                self._due += self._pace.every
            self._send_when_due()
        else:
            self.finished.set_result(None)
            self._transport.close()

    def _send_when_due(self) -> None:
        if self._pace is None:
            self._due = time.perf_counter()
        wait = self._due - time.perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(self._next_request())


def post(url: str, token: str) -> Callable[[bytes], bytes]:
    """Return a function that makes the bytes of a POST of JSON to `url`."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    return lambda body: head + str(len(body)).encode() + b"\r\n\r\n" + body


async def run_load(
    url: str, clients: list[NextRequest], *, warm_up: float, seconds: float, rate: float | None = None
) -> LoadResult:
    """Run all `clients` at once; what happens during `warm_up` seconds is not recorded.

    With a `rate` they send so many requests a second together, in turn. Without one, as many as are answered.
    """
    result = LoadResult()
    loop = asyncio.get_running_loop()
    begin = time.perf_counter() + warm_up
    end = begin + seconds

    def on_answer(status: int, latency: float) -> bool:
        now = time.perf_counter()
        result.accepted += status == 200
        if begin <= now < end:
            result.latencies.append(latency)
            result.statuses[status] += 1
        return now < end

    parts = urlsplit(url)
    now = time.perf_counter()
    paces = [
        Pace(now + number / rate, len(clients) / rate) if rate else None for number in range(len(clients))
    ]
    pairs = [
        await loop.create_connection(
            functools.partial(_Connection, client, on_answer, pace), parts.hostname or "", parts.port or 80
        )
        for client, pace in zip(clients, paces, strict=True)
    ]
    await asyncio.gather(*(connection.finished for _, connection in pairs))
    result.seconds = seconds
    return result
