"""How long a request may take: whoever asks says so, and whoever is asked answers by then.

Without that each part on the way waits as long as it thinks right, and a client for the sum of it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magacin.core.error_answers import app_error_response
from magacin.core.errors import DependencyUnavailable
from magacin.core.middleware import UNCOUNTED

SECONDS_HEADER = "X-Magacin-Seconds"
"""For how many seconds whoever asks will still wait. A duration, because clocks differ."""

MARGIN_SECONDS = 0.5
"""How much sooner whoever is asked gives up than whoever asks, so that it is the one who says why."""

_HEADER = SECONDS_HEADER.lower().encode()


class InTime:
    """Answers 503 when a request takes longer than its sender says, or `seconds`, and cancels the rest.

    That may take a moment more, with a database that hangs; the answer does not wait for it.

    Scrapes and probes are let through: each part of their pages has a limit of its own, and the page says
    which part did not keep it. A 503 in its place would show Prometheus a service that is gone.
    """

    def __init__(self, app: ASGIApp, name: str, seconds: float | None = None) -> None:
        self.app = app
        self._name = name
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        bounded = scope["type"] == "http" and scope["path"] not in UNCOUNTED
        seconds = self._allowed(scope) if bounded else None
        if seconds is None:
            await self.app(scope, receive, send)
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  coroutines run in tasks; narrows the type
        late = DependencyUnavailable(self._name, reason=f"did not answer within {seconds:g} s")
        request = _Request(scope, receive, send, task, late)
        timer = asyncio.get_running_loop().call_later(seconds, request.expire)
        try:
            await self.app(scope, receive, request.send)
        except BaseException:
            # What goes wrong once it is cancelled is of no more interest to anybody.
            if request.answer is None:
                raise
        finally:
            timer.cancel()
        if request.answer is not None:
            if task.uncancel() > 0:
                raise asyncio.CancelledError
            await request.answer

    def _allowed(self, scope: Scope) -> float | None:
        if self._seconds is not None:
            return self._seconds
        said = next((value for name, value in scope["headers"] if name == _HEADER), b"")
        with suppress(ValueError):
            if math.isfinite(seconds := float(said)):
                return seconds
        return None


class _Request:
    """One request, and the answer that it gets when its time is over."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        task: asyncio.Task[object],
        late: DependencyUnavailable,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._task = task
        self._late = late
        self._has_begun = False
        self.answer: asyncio.Task[None] | None = None

    async def send(self, message: Message) -> None:
        if self.answer is None:
            self._has_begun = True
            await self._send(message)

    def expire(self) -> None:
        if self._has_begun or self._task.done():
            return  # it is on its way, for as long as it takes
        response = app_error_response(self._late, self._scope["path"])
        self.answer = asyncio.create_task(response(self._scope, self._receive, self._send))
        self._task.cancel()


class Hangs(TimeoutError):
    """What is waited for does not even say that it lives."""


@asynccontextmanager
async def unless_it_hangs(
    probe: Callable[[], Awaitable[object]], *, after: float, within: float
) -> AsyncIterator[None]:
    """Raise `Hangs` when whoever does what is waited for in here does not even answer a `probe`.

    What takes long is no sign that something hangs; that this does not answer `within` so many seconds is.
    It is asked each time that `after` seconds have passed.
    """
    limit = asyncio.timeout(None)
    try:
        async with limit:
            watch = asyncio.create_task(_watch(probe, limit, after, within))
            try:
                yield
            finally:
                watch.cancel()
    except TimeoutError as error:
        if limit.expired():
            raise Hangs from error
        raise


async def _watch(
    probe: Callable[[], Awaitable[object]], limit: asyncio.Timeout, after: float, within: float
) -> None:
    while True:
        await asyncio.sleep(after)
        try:
            async with asyncio.timeout(within):
                with suppress(Exception):  # any answer is one; who is gone breaks off what is waited for, too
                    await probe()
        except TimeoutError:
            limit.reschedule(asyncio.get_running_loop().time())
            return
