"""Background loops that a service depends on, and whose failure its health check shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from magacin.core.errors import AppError, DependencyUnavailable
from magacin.core.health import LoopBroken

log = structlog.get_logger(__name__)

_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 5.0


class BackgroundLoop:
    """Calls `step` for ever: at once again while it returns True, else after `idle` seconds.

    A step that raises is tried again with growing pauses. Until one has succeeded again, or when none has
    come back for `stale_after` seconds, `check` raises: a loop that is dead or hangs must not look healthy.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[bool]],
        *,
        idle: float = 1.0,
        stale_after: float = 30.0,
        critical: bool = True,
    ) -> None:
        self.name = name
        self.critical = critical
        self._step = step
        self._idle = idle
        self._stale_after = stale_after
        self._backoff = self._retry_in = _FIRST_BACKOFF
        self._failure: str | None = None
        self._raises: type[RuntimeError] = LoopBroken
        self._last_return = time.monotonic()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Start the loop on the running event loop."""
        self._last_return = time.monotonic()
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """Ask for a step now instead of after the idle time."""
        self._wake.set()

    def beat(self) -> None:
        """Note that a long step is getting on."""
        self._last_return = time.monotonic()

    async def stop(self) -> None:
        """Cancel the loop and wait until it is gone."""
        # Cancelling alone is not enough: `asyncio.wait_for` of Python 3.11, through which redis-py sends
        # every command, swallows a cancellation that arrives together with the result.
        self._stopping = True
        task, self._task = self._task, None
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)

    async def check(self) -> None:
        """Raise when the loop is not doing its work: a probe for `Health`."""
        if self._task is None or self._task.done():
            raise LoopBroken("is not running")
        # Before what was wrong at the last step: one that failed for an outage may hang at the next.
        silent = time.monotonic() - self._last_return
        if silent > self._stale_after:
            raise LoopBroken(f"has not come round for {silent:.0f} s")
        if self._failure:
            raise self._raises(self._failure)

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            more = await self._guarded_step()
            if self._stopping:
                return
            if self._failure:
                # Being woken must not cut this short: a scan a millisecond would make a try a millisecond.
                await asyncio.sleep(self._retry_in)
            elif not more:
                await self._pause(self._idle)

    async def _guarded_step(self) -> bool:
        try:
            more = await self._step()
        except DependencyUnavailable as error:
            # Whether to try again is a question of whoever sent something; this loop does.
            self._fail(error.reason, log.warning, RuntimeError)
            return False
        except AppError as error:
            self._fail(error.message, log.warning)
            return False
        except Exception as error:  # noqa: BLE001  the loop's boundary: logged, shown by /health, tried again
            self._fail(f"{type(error).__name__}: {error}", log.exception)
            return False
        finally:
            self._last_return = time.monotonic()
        self._failure, self._backoff = None, _FIRST_BACKOFF
        return more

    def _fail(
        self, reason: str, write: Callable[..., object], raises: type[RuntimeError] = LoopBroken
    ) -> None:
        self._failure, self._raises, self._retry_in = reason, raises, self._backoff
        write("background_step_failed", loop=self.name, reason=reason, retry_in_seconds=self._retry_in)
        self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
