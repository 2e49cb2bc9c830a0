"""Sending a request on to a service, and what can go wrong with that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager

import aiohttp
import structlog
from multidict import CIMultiDict
from starlette.exceptions import HTTPException
from starlette.types import Receive
from yarl import URL

from magacin.core.deadlines import MARGIN_SECONDS, SECONDS_HEADER, unless_it_hangs
from magacin.core.errors import AppError, DependencyUnavailable, UpstreamTimeout
from magacin.core.http import limits
from magacin.gateway.forwarding.hop import Unreachable
from magacin.gateway.metrics import UPSTREAM_DURATION, UPSTREAM_REQUESTS, Upstream, UpstreamOutcome

log = structlog.get_logger(__name__)

# A service that is just restarting refuses connections for a moment.
_BEFORE_RETRY_SECONDS = 0.05
# A limit of none would be no limit to the HTTP client.
_LEAST_SECONDS = 0.01
_UNLIMITED_SECONDS = 3600.0
# A service that has nothing to say for so long, in what is bulk, is asked whether it lives at all.
_SILENT_SECONDS, _SIGN_OF_LIFE_SECONDS = 2.0, 2.5
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
        self.usual_seconds = session.timeout.total or _UNLIMITED_SECONDS
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
        seconds: float | None = None,
        is_bulk: bool = False,
    ) -> aiohttp.ClientResponse:
        """Return the service's answer once its head is here. `target` is path and query, still encoded.

        A `repeatable` request whose connection was lost, or refused, is sent once more. It may take `seconds`
        in all, or as long as usual; the service is told so, but of what is bulk.
        """
        url = URL(self.base + target, encoded=True)
        until = time.monotonic() + (seconds := seconds or self.usual_seconds)
        if not is_bulk:
            headers[SECONDS_HEADER] = f"{max(0.0, seconds - MARGIN_SECONDS):.2f}"
        try:
            return await self._once(method, url, headers, body, seconds)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if not repeatable or isinstance(body, Body) or isinstance(error, asyncio.TimeoutError):
                raise
            log.info("upstream_retried", upstream=self.name, reason=type(error).__name__)
        await asyncio.sleep(_BEFORE_RETRY_SECONDS)
        return await self._once(method, url, headers, body, max(_LEAST_SECONDS, until - time.monotonic()))

    async def ping(self) -> None:
        """Raise unless the service's process answers: a probe for `Health`."""
        async with self._session.get(f"{self.base}/health/live", allow_redirects=False) as response:
            if response.status != 200:
                raise RuntimeError(f"answered {response.status}")

    def while_it_lives(self) -> AbstractAsyncContextManager[None]:
        """Raise `Hangs` when the service does: for what may take as long as it does."""
        return unless_it_hangs(self.ping, after=_SILENT_SECONDS, within=_SIGN_OF_LIFE_SECONDS)

    async def _once(
        self,
        method: str,
        url: URL,
        headers: CIMultiDict[str],
        body: bytes | Body | None,
        seconds: float,
    ) -> aiohttp.ClientResponse:
        data = body.chunks() if isinstance(body, Body) else body
        return await self._session.request(
            method,
            url,
            headers=headers,
            data=data,
            allow_redirects=False,
            skip_auto_headers=_NO_AUTOMATIC,
            timeout=limits(seconds),
        )

    @contextmanager
    def exchange(
        self, body: bytes | Body | None = None, *, requests: int = 1, repeatable: bool = False
    ) -> Iterator[Exchange]:
        """Measure a request from sending to the end of its answer; turn what breaks into our errors.

        It counts as many `requests` as it carries. What is `repeatable` and late may be sent again.
        """
        exchange = Exchange(requests)
        started = time.perf_counter()
        try:
            yield exchange
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(body, Body) and body.failure is not None:
                gone = isinstance(body.failure, ClientGone)
                exchange.ended(UpstreamOutcome.CLIENT_GONE if gone else UpstreamOutcome.REFUSED)
                raise body.failure from error
            outcome, ours = self._translate(error, repeatable=repeatable)
            exchange.ended(outcome)
            raise ours from error
        except BrokenHalfway:
            exchange.ended(UpstreamOutcome.BROKEN)
            raise
        except asyncio.CancelledError:
            exchange.ended(UpstreamOutcome.CLIENT_GONE)
            raise
        finally:
            self._duration.observe(time.perf_counter() - started)
            for outcome, times in exchange.outcomes.items():
                self._outcomes[outcome].inc(times)

    def _translate(self, error: Exception, *, repeatable: bool) -> tuple[UpstreamOutcome, AppError]:
        log.warning("upstream_failed", upstream=self.name, reason=type(error).__name__)
        if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, Unreachable)):
            return UpstreamOutcome.UNAVAILABLE, DependencyUnavailable(self.name)
        details = {"dependency": self.name.value}
        if isinstance(error, TimeoutError) and repeatable:
            return UpstreamOutcome.TIMEOUT, DependencyUnavailable(self.name, reason="did not answer in time")
        if isinstance(error, TimeoutError):
            return UpstreamOutcome.TIMEOUT, UpstreamTimeout(
                f"{self.name} did not answer in time. Whether it did the work is not known.", details=details
            )
        return UpstreamOutcome.BROKEN, UpstreamBroken(
            f"{self.name} broke off its answer. Whether it did the work is not known.", details=details
        )


class Exchange:
    """What became of one request, or of those that it carried, for the metrics."""

    __slots__ = ("_requests", "outcomes")

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self.outcomes = {UpstreamOutcome.FAILED: requests}

    def ended(self, outcome: UpstreamOutcome) -> None:
        """Note how it ended, and all that it carried."""
        self.outcomes = {outcome: self._requests}

    def answered(self, status: int) -> None:
        """Note the status of an answer that came whole."""
        self.ended(_outcome(status))

    def answered_each(self, statuses: Mapping[int, int]) -> None:
        """Note how often those that it carried were answered with which status."""
        self.outcomes = {}
        for status, times in statuses.items():
            outcome = _outcome(status)
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + times


def _outcome(status: int) -> UpstreamOutcome:
    if status < 400:
        return UpstreamOutcome.SUCCESS
    return UpstreamOutcome.REFUSED if status < 500 else UpstreamOutcome.FAILED
