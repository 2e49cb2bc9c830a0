"""Decides when a silence has lasted too long. It sends nothing itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from magacin.heartbeat.state import Condition, Kind, Notice, State


class Watch:
    """Follows the beats. Durations are measured by the clock that nobody sets; times shown are UTC.

    After a restart it listens for one more timeout before it judges: a machine that was off together with
    what it watches must not cry at its own start.
    """

    def __init__(self, state: State, channels: Sequence[str], timeout: float, repeat: float) -> None:
        self.state = state
        self._channels = channels
        self._timeout = timeout
        self._repeat = timedelta(seconds=repeat)
        self._heard = time.monotonic()
        self._beats = 0
        self._seen = 0

    def beat(self) -> None:
        """Note a beat."""
        self._heard = time.monotonic()
        self._beats += 1
        self.state.last_beat = datetime.now(UTC)

    def look(self) -> bool:
        """Draw the conclusions. Returns whether there is anything new to remember."""
        now = datetime.now(UTC)
        came, self._seen = self._beats > self._seen, self._beats
        if came and self.state.condition is not Condition.BEATING:
            self._beating(now)
        elif self.state.condition is Condition.SILENT:
            return came or self._remind(now)
        elif time.monotonic() - self._heard > self._timeout:
            self._silent(now)
        else:
            return came
        return True

    def _beating(self, now: datetime) -> None:
        if self.state.condition is Condition.SILENT:
            self._tell(Kind.RETURNED, now, self.state.since)
        self.state.condition, self.state.since = Condition.BEATING, now

    def _silent(self, now: datetime) -> None:
        began = self.state.last_beat or self.state.since
        self.state.condition, self.state.since = Condition.SILENT, began
        self._tell(Kind.STOPPED, now, began)

    def _remind(self, now: datetime) -> bool:
        due = self.state.told_at is None or now - self.state.told_at >= self._repeat
        if due:
            self._tell(Kind.STILL, now, self.state.since)
        return due

    def _tell(self, kind: Kind, now: datetime, since: datetime) -> None:
        notice = Notice(kind=kind, at=now, since=since, last_beat=self.state.last_beat)
        self.state.tell(notice, self._channels)
