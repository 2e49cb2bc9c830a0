"""Asking Prometheus, Alertmanager and the inbox: a few requests at a time, each measured and bounded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import aiohttp
import structlog
from yarl import URL

from magacin.console.errors import (
    AlertmanagerUnavailable,
    AnswerTooLarge,
    InboxUnavailable,
    PrometheusUnavailable,
    QueryTimeout,
    UpstreamUnavailable,
)
from magacin.console.metrics import UPSTREAM_DURATION, UPSTREAM_REQUESTS, UpstreamName, UpstreamOutcome
from magacin.core.deadlines import Hangs, unless_it_hangs

log = structlog.get_logger(__name__)

Pairs = Sequence[tuple[str, str]]
_JSON = "application/json"
# A query may take long; a server that has nothing to say for so long is asked whether it lives at all. Both
# together are less than the three seconds after which people have to read what is wrong.
_SILENT_SECONDS, _SIGN_OF_LIFE_SECONDS = 0.8, 1.8
_UNAVAILABLE: Mapping[UpstreamName, type[UpstreamUnavailable]] = {
    UpstreamName.PROMETHEUS: PrometheusUnavailable,
    UpstreamName.ALERTMANAGER: AlertmanagerUnavailable,
    UpstreamName.INBOX: InboxUnavailable,
}


class Answer(NamedTuple):
    """An answer as it came: always JSON."""

    status: int
    body: bytes


class Upstream:
    """One server that the console asks on behalf of people."""

    def __init__(
        self,
        name: UpstreamName,
        session: aiohttp.ClientSession,
        *,
        concurrency: int,
        seconds: float,
        max_bytes: int,
        auth: aiohttp.BasicAuth | None = None,
    ) -> None:
        self.name = name
        self._unavailable = _UNAVAILABLE[name]
        self._session = session
        self._turns = asyncio.Semaphore(concurrency)
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._auth = auth

    async def ask(
        self,
        method: str,
        url: str,
        *,
        query: Pairs = (),
        form: Pairs | None = None,
        content: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer; raise an `AppError` when there is none that can be handed on."""
        with self._measured() as outcome:
            async with (
                unless_it_hangs(
                    partial(self._say_that_it_lives, url), after=_SILENT_SECONDS, within=_SIGN_OF_LIFE_SECONDS
                ),
                asyncio.timeout(self._seconds),
                self._turns,
                self._session.request(
                    method,
                    URL(url).with_query(list(query)),
                    data=None if form is None else aiohttp.FormData(list(form)),
                    json=content,
                    headers=headers,
                    auth=self._auth,
                    allow_redirects=False,
                ) as response,
            ):
                body = await self._read(response)
                status = response.status
                is_json = response.content_type == _JSON
            outcome.note(status)
            if not is_json and body:
                # Prometheus says in plain text that it is still reading its log after a restart.
                raise self._unavailable(f"answered {status} {_first_line(body)}".rstrip())
            return Answer(status, body)

    async def probe(self, url: str) -> None:
        """Raise unless a GET is answered with 200: a probe for `Health`."""
        async with self._session.get(url, auth=self._auth, allow_redirects=False) as response:
            if response.status != 200:
                raise RuntimeError(f"answered {response.status}")

    async def _say_that_it_lives(self, url: str) -> None:
        async with self._session.get(URL(url).origin() / "-/healthy", allow_redirects=False):
            pass

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_bytes:
                response.close()
                raise AnswerTooLarge(
                    f"The answer has more than {self._max_bytes // 1_048_576} MB. Ask for fewer series "
                    "(sum by …), a shorter time or a larger step.",
                    details={"limit_bytes": self._max_bytes},
                )
            chunks.append(chunk)
        return b"".join(chunks)

    @contextmanager
    def _measured(self) -> Iterator[_Outcome]:
        outcome = _Outcome()
        started = time.perf_counter()
        try:
            yield outcome
        except AnswerTooLarge:
            outcome.value = UpstreamOutcome.TOO_LARGE
            raise
        except Hangs as error:
            outcome.value = UpstreamOutcome.UNAVAILABLE
            raise self._unavailable("does not answer", hangs=True) from error
        except TimeoutError as error:
            outcome.value = UpstreamOutcome.TIMEOUT
            if isinstance(error, aiohttp.ServerTimeoutError):
                raise self._unavailable("does not take connections") from error
            raise QueryTimeout(
                f"{self._unavailable.title} did not answer within {self._seconds:g} s.",
                details={"dependency": self.name},
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            outcome.value = UpstreamOutcome.UNAVAILABLE
            log.info("upstream_unavailable", upstream=self.name, reason=type(error).__name__)
            reason = "does not answer" if isinstance(error, aiohttp.ClientConnectorError) else "broke off"
            raise self._unavailable(reason) from error
        finally:
            UPSTREAM_DURATION.labels(self.name).observe(time.perf_counter() - started)
            UPSTREAM_REQUESTS.labels(self.name, outcome.value).inc()


class _Outcome:
    """What became of one request, for the metrics."""

    def __init__(self) -> None:
        self.value = UpstreamOutcome.UNAVAILABLE

    def note(self, status: int) -> None:
        groups = {2: UpstreamOutcome.SUCCESS, 4: UpstreamOutcome.REFUSED}
        self.value = groups.get(status // 100, UpstreamOutcome.FAILED)


def _first_line(body: bytes) -> str:
    return body.decode(errors="replace").strip().partition("\n")[0][:120]
