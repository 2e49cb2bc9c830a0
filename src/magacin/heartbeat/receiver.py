"""Keeps the watch, remembers it, and tells people until they were told."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPException

import structlog

from magacin.heartbeat import metrics
from magacin.heartbeat import state as memory
from magacin.heartbeat.channels import Channel
from magacin.heartbeat.notices import text_of
from magacin.heartbeat.settings import HeartbeatSettings
from magacin.heartbeat.state import Condition, Notice
from magacin.heartbeat.watch import Watch

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 15.0
# A notice that waits longer than a few tries is a receiver that does not do its job.
_LATE_SECONDS = 60.0


class Receiver:
    """One watch, one file, some channels."""

    def __init__(self, settings: HeartbeatSettings, channels: Mapping[str, Channel]) -> None:
        self._file = settings.heartbeat_state
        self._name = settings.heartbeat_name
        self._channels = channels
        self._retry_at = dict.fromkeys(channels, 0.0)
        state = memory.read(self._file)
        # A channel that is not set up any more will never deliver.
        state.waiting = {name: queue for name, queue in state.waiting.items() if name in channels}
        self.watch = Watch(
            state,
            list(channels),
            settings.heartbeat_timeout_seconds,
            settings.heartbeat_repeat_seconds,
        )
        metrics.initialise(channels)
        memory.write(self._file, state)
        self._show()

    async def step(self) -> bool:
        """Judge, remember, deliver: a step for a `BackgroundLoop`."""
        before = self.watch.state.condition
        if self.watch.look():
            # Before anybody is told: after a crash in between they are told twice, not never.
            self._remember()
        if self.watch.state.condition is not before:
            log.warning("heartbeat_condition_changed", before=before, now=self.watch.state.condition)
        await self._deliver_all()
        return False

    async def check_delivery(self) -> None:
        """Raise while somebody should have been told and was not: a probe for `Health`."""
        now = datetime.now(UTC)
        for name, queue in self.watch.state.waiting.items():
            if queue and (now - queue[0].at).total_seconds() > _LATE_SECONDS:
                raise RuntimeError(f"{len(queue)} notices cannot be delivered by {name}")

    async def _deliver_all(self) -> None:
        # All come to their end before one of them may fail the step: the next step begins a delivery for
        # each channel, and two of them on one queue would send what the other is sending.
        deliveries = (self._deliver(name) for name in self._channels)
        ended = await asyncio.gather(*deliveries, return_exceptions=True)
        for outcome in ended:
            if outcome is not None:
                raise outcome

    async def _deliver(self, name: str) -> None:
        queue = self.watch.state.waiting.get(name, [])
        loop = asyncio.get_running_loop()
        while queue and loop.time() >= self._retry_at[name]:
            if not await self._send(name, queue[0]):
                self._retry_at[name] = loop.time() + _RETRY_SECONDS
                return
            del queue[0]
            self._remember()

    async def _send(self, name: str, notice: Notice) -> bool:
        try:
            await asyncio.to_thread(self._channels[name], text_of(notice, self._name))
        except (OSError, smtplib.SMTPException, HTTPException, RuntimeError, ValueError) as error:
            # An HTTP error's text has the webhook's address in it, which is a secret.
            metrics.NOTICES.labels(name, "failed").inc()
            log.warning("heartbeat_notice_failed", channel=name, kind=notice.kind, error=type(error).__name__)
            return False
        metrics.NOTICES.labels(name, "sent").inc()
        log.info("heartbeat_notice_sent", channel=name, kind=notice.kind)
        return True

    def _remember(self) -> None:
        memory.write(self._file, self.watch.state)
        self._show()

    def _show(self) -> None:
        state = self.watch.state
        metrics.LAST_BEAT.set(state.last_beat.timestamp() if state.last_beat else 0)
        metrics.SILENT.set(state.condition is Condition.SILENT)
        for name in self._channels:
            metrics.WAITING.labels(name).set(len(state.waiting.get(name, [])))
