"""Sends what is due. What is claimed and not recorded, because the process was killed, is sent once more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import aiohttp
import structlog
from sqlalchemy import RowMapping, func
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.tasks.webhooks import MOST_WEBHOOKS, DeliveryStatus
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import AppError
from magacin.core.metrics import from_store
from magacin.tasks.metrics import WEBHOOK_DELIVERIES, WEBHOOK_OLDEST_WAITING, WebhookResult
from magacin.tasks.webhooks.addresses import Addresses
from magacin.tasks.webhooks.repository import PER_RECEIVER, WebhookRepository
from magacin.tasks.webhooks.sending import Attempt, attempt, open_session
from magacin.tasks.webhooks.signing import Signatures

log = structlog.get_logger(__name__)

# In times of the first wait, which is 5 s: half a minute, two, ten, half an hour, one, two, four, six, eight.
_WAITS = (1, 6, 24, 120, 360, 720, 1440, 2880, 4320, 5760)
# Who was down for many is not to hear from all of them in the same second again.
_JITTER = 0.2
# More than an attempt may take: recording it, and a machine that stands still for a moment.
_CLAIM_MARGIN = 15.0
_FORGET_EVERY = 3600.0


async def _end(connection: AsyncConnection, webhook_id: int) -> None:
    """Disable a webhook whose receiver says that it is gone."""
    changed = {"enabled": False, "gone": True}
    await WebhookRepository(connection).change(webhook_id, changed)
    told = audit.Entry(
        Action.WEBHOOK_CHANGED, "webhook", webhook_id, {"enabled": True, "gone": False}, changed
    )
    await audit.record(connection, audit.SYSTEM, told)


def wait_after(attempts: int, first_seconds: float) -> timedelta | None:
    """Return how long to wait after so many attempts have failed; None to give up, after about a day."""
    if attempts > len(_WAITS):
        return None
    spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  nothing secret
    return timedelta(seconds=first_seconds * _WAITS[attempts - 1] * spread)


@dataclass(frozen=True, kw_only=True)
class SenderSettings:
    """How long things take."""

    seconds: float
    """An attempt, from resolving the name to the answer."""
    first_retry_seconds: float
    log_days: int

    @property
    def claim(self) -> timedelta:
        """Return how long who sends something keeps others from it."""
        return timedelta(seconds=self.seconds + min(self.seconds, _CLAIM_MARGIN))


class Sender:
    """Claims what is due and sends it. `step` is for a `BackgroundLoop`; all of it belongs to one event loop.

    `sent` is called after each attempt: something else of that receiver may go now.
    """

    def __init__(
        self,
        database: Database,
        signatures: Signatures,
        addresses: Addresses,
        settings: SenderSettings,
        *,
        sent: Callable[[], object],
    ) -> None:
        self._database = database
        self._signatures = signatures
        self._addresses = addresses
        self._settings = settings
        self._sent = sent
        self._under_way: set[asyncio.Task[None]] = set()
        self._forget_at = 0.0
        self._stack = AsyncExitStack()
        self.gauges = from_store([WEBHOOK_OLDEST_WAITING], self.oldest_waiting)
        """Sets the gauge, before a scrape."""

    async def open(self) -> Self:
        """Make the client, on the loop that it is used on."""
        # Names are looked up in threads: a name server that does not answer holds one for each request.
        threads = ThreadPoolExecutor(MOST_WEBHOOKS * PER_RECEIVER, "webhook-names")
        asyncio.get_running_loop().set_default_executor(threads)
        self._session: aiohttp.ClientSession = await self._stack.enter_async_context(
            open_session(self._addresses, self._settings.seconds)
        )
        return self

    async def step(self) -> bool:
        """Begin to send what is due; return whether there may be more."""
        async with self._database.begin() as connection:
            rows = await WebhookRepository(connection).claim(self._settings.claim)
        for row in rows:
            task = asyncio.create_task(self._deliver(row))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        await self._forget()
        return False

    async def close(self) -> None:
        """Wait for what is under way, as long as an attempt may take; who comes next sends the rest again."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._settings.seconds)
        for task in self._under_way:
            task.cancel()
        await self._stack.aclose()

    async def oldest_waiting(self) -> tuple[float]:
        """Return for how long the oldest delivery waits, in seconds; 0 where none does."""
        async with self._database.begin() as connection:
            oldest = await WebhookRepository(connection).oldest_waiting()
        return (max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0,)

    async def _deliver(self, row: RowMapping) -> None:
        done = await attempt(self._session, self._signatures, row)
        try:
            recorded = await self._record(row, done)
        except AppError as error:
            log.warning("webhook_not_recorded", delivery_id=row["id"], reason=error.message)
            return
        if recorded:
            WEBHOOK_DELIVERIES.labels(done.result).inc()
        self._sent()

    async def _record(self, row: RowMapping, done: Attempt) -> bool:
        values = {"answer_status": done.status, "trouble": done.trouble, **self._what_next(row, done)}
        async with self._database.begin() as connection:
            repository = WebhookRepository(connection)
            recorded = await repository.record(row["id"], row["attempts"], values)
            if recorded and done.result is WebhookResult.DELIVERED:
                await repository.change(row["webhook_id"], {"delivered_at": func.now()})
            if recorded and done.result is WebhookResult.GONE:
                await _end(connection, row["webhook_id"])
        if values.get("status") == DeliveryStatus.GIVEN_UP:
            log.warning("webhook_given_up", delivery_id=row["id"], webhook_id=row["webhook_id"])
        return recorded

    def _what_next(self, row: RowMapping, done: Attempt) -> dict[str, Any]:
        finished: dict[str, Any] = {"finished_at": func.now()}
        if done.result is WebhookResult.DELIVERED:
            return {"status": DeliveryStatus.DELIVERED, **finished}
        wait = wait_after(row["attempts"], self._settings.first_retry_seconds)
        if wait is None or done.result is WebhookResult.GONE:
            return {"status": DeliveryStatus.GIVEN_UP, **finished}
        return {"due_at": func.now() + wait}

    async def _forget(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._forget_at:
            return
        self._forget_at = now + _FORGET_EVERY
        async with self._database.begin() as connection:
            await WebhookRepository(connection).forget(timedelta(days=self._settings.log_days))
