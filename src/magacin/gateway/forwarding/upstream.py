"""Sending a request on to a service, and what can go wrong with that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import structlog
from multidict import CIMultiDict
from starlette.exceptions import HTTPException
from starlette.types import Receive
from yarl import URL

from magacin.core.errors import AppError, DependencyUnavailable, UpstreamTimeout
from magacin.gateway.metrics import UPSTREAM_DURATION, UPSTREAM_REQUESTS, Upstream, UpstreamOutcome

log = structlog.get_logger(__name__)

# A service that is just restarting refuses connections for a moment.
_BEFORE_RETRY_SECONDS = 0.05
# Ours say all that the services read; whatever a library would add costs time on every scan.
_NO_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class UpstreamBroken(AppError):
    """The connection to a service was lost in the middle; whether it did the work is not known."""

    status, code = 502, "upstream_broken"


class ClientGone(AppError):
    """The client closed its connection before the answer; this answer reaches nobody."""

    status, code = 499, "client_gone"


class BrokenHalfway(Exception):
    """The head of an answer is out and the rest will not come: only closing the connection says so."""


class Body:
    """An upload on its way through: read from the client as the service takes it, never held whole."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.complete = False
        self.failure: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Hand on what the client sends. A failure is kept: the HTTP client hides it in one of its own."""
        try:
            while not self.complete:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone("The client went away during the upload.")
                self.complete = not message.get("more_body", False)
                if chunk := message.get("body", b""):
                    yield chunk
        except (HTTPException, AppError) as error:
            self.failure = error
            raise


class Service:
    """One service behind the gateway, with its kept-alive connections."""

    def __init__(self, name: Upstream, base: str, session: aiohttp.ClientSession) -> None:
        self.name = name
        self.base = base.rstrip("/")
        self._session = session
        self._outcomes = {outcome: UPSTREAM_REQUESTS.labels(name, outcome) for outcome in UpstreamOutcome}
        self._duration = UPSTREAM_DURATION.labels(name)

    async def send(
        self,
        method: str,
        target: str,
        headers: CIMultiDict[str],
        body: bytes | Body | None,
        *,
        repeatable: bool = False,
        limits: aiohttp.ClientTimeout | None = None,
    ) -> aiohttp.ClientResponse:
        """Return the service's answer once its head is here. `target` is path and query, still encoded.

        A `repeatable` request whose connection was lost, or refused, is sent once more.
        """
        url = URL(self.base + target, encoded=True)
        try:
            return await self._once(method, url, headers, body, limits)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if not repeatable or isinstance(body, Body) or isinstance(error, asyncio.TimeoutError):
                raise
            log.info("upstream_retried", upstream=self.name, reason=type(error).__name__)
        await asyncio.sleep(_BEFORE_RETRY_SECONDS)
        return await self._once(method, url, headers, body, limits)

    async def ping(self) -> None:
        """Raise unless the service's process answers: a probe for `Health`."""
        async with self._session.get(f"{self.base}/health/live", allow_redirects=False) as response:
            if response.status != 200:
                raise RuntimeError(f"answered {response.status}")

    async def _once(
        self,
        method: str,
        url: URL,
        headers: CIMultiDict[str],
        body: bytes | Body | None,
        limits: aiohttp.ClientTimeout | None,
    ) -> aiohttp.ClientResponse:
        data = body.chunks() if isinstance(body, Body) else body
        return await self._session.request(
            method,
            url,
            headers=headers,
            data=data,
            allow_redirects=False,
            skip_auto_headers=_NO_AUTOMATIC,
            timeout=limits or self._session.timeout,
        )

    @contextmanager
    def exchange(self, body: bytes | Body | None = None) -> Iterator[Exchange]:
        """Measure a request from sending to the end of its answer; turn what breaks into our errors."""
        exchange = Exchange()
        started = time.perf_counter()
        try:
            yield exchange
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(body, Body) and body.failure is not None:
                gone = isinstance(body.failure, ClientGone)
                exchange.outcome = UpstreamOutcome.CLIENT_GONE if gone else UpstreamOutcome.REFUSED
                raise body.failure from error
            exchange.outcome, ours = self._translate(error)
            raise ours from error
        except BrokenHalfway:
            exchange.outcome = UpstreamOutcome.BROKEN
            raise
        except asyncio.CancelledError:
            exchange.outcome = UpstreamOutcome.CLIENT_GONE
            raise
        finally:
            self._duration.observe(time.perf_counter() - started)
            self._outcomes[exchange.outcome].inc()

    def _translate(self, error: Exception) -> tuple[UpstreamOutcome, AppError]:
        log.warning("upstream_failed", upstream=self.name, reason=type(error).__name__)
        if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
            return UpstreamOutcome.UNAVAILABLE, DependencyUnavailable(self.name)
        details = {"dependency": self.name.value}
        if isinstance(error, TimeoutError):
            return UpstreamOutcome.TIMEOUT, UpstreamTimeout(
                f"{self.name} did not answer in time. Whether it did the work is not known.", details=details
            )
        return UpstreamOutcome.BROKEN, UpstreamBroken(
            f"{self.name} broke off its answer. Whether it did the work is not known.", details=details
        )


class Exchange:
    """What became of one request, for the metrics."""

    __slots__ = ("outcome",)

    def __init__(self) -> None:
        self.outcome = UpstreamOutcome.FAILED

    def answered(self, status: int) -> None:
        """Note the status of an answer that came whole."""
        if status < 400:
            self.outcome = UpstreamOutcome.SUCCESS
        elif status < 500:
            self.outcome = UpstreamOutcome.REFUSED
