"""Follows the Watchdog, whose message is the one that stops coming."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from magacin.contracts.inbox import MessageKind
from magacin.drills.drill import Proof
from magacin.drills.following import Follower, patience
from magacin.drills.observer import Observer, View
from magacin.drills.results import ProofResult, Stage
from magacin.drills.timing import RESEND_SECONDS, Timing

WATCHDOG = "Watchdog"


def follow(
    observer: Observer, timing: Timing, proof: Proof, tell: Callable[[ProofResult, Stage], None]
) -> Follower:
    """Return who follows an alert."""
    kind = WatchdogFollower if proof.alert == WATCHDOG else Follower
    return kind(observer, timing, proof, tell)


class WatchdogFollower(Follower):
    """Its stages are: heartbeats come, they stop, they come again."""

    @property
    def _longest_pause(self) -> float:
        """How long there may be none while all is well: a repetition, rounded up to turns of the group."""
        route = self.timing.route({"alertname": WATCHDOG, "severity": "none"})
        return route.repeat_interval + route.group_interval

    def _last(self, view: View) -> datetime | None:
        beats = [m.received_at for m in view.messages if m.kind is MessageKind.HEARTBEAT]
        return beats[-1] if beats else None

    def is_about(self) -> bool:
        """A heartbeat that comes is how it should be."""
        return False

    async def quiet(self) -> None:
        """Wait until a heartbeat comes."""
        floor = self._longest_pause
        if await self._until(self._since(datetime.now(UTC)), floor) is None:
            self._fail("heartbeats come", floor, "there is none")

    async def until_firing(self) -> None:
        """Wait until they have stopped."""
        silence = self._longest_pause * 2 + 1
        # What Prometheus last sent goes on firing in Alertmanager for that long.
        floor = self.timing.scaled(4 * RESEND_SECONDS) + self._longest_pause + silence
        deadline = time.monotonic() + patience(self.timing, floor)
        while time.monotonic() < deadline:
            last = self._last(self.observer.view)
            now = datetime.now(UTC)
            if last is None or now - last > timedelta(seconds=silence):
                self._reach("heartbeats stopped", now, floor, f"none for {silence:.1f} s")
                return
            await asyncio.sleep(0.2)
        self._fail("heartbeats stopped", floor, "they go on")

    async def until_told(self, undone: datetime | None = None) -> None:
        """There is nobody inside who could tell: whoever gets the heartbeats has to notice."""

    async def until_over(self, undone: datetime) -> None:
        """Wait until they come again."""
        floor = self.timing.evaluation + self.proof.clears.at(self.timing) + self._longest_pause
        if await self._until(self._since(undone), floor) is None:
            self._fail("heartbeats are back", floor, "there is none", end=True)
        last = self._last(self.observer.view) or undone
        self._reach("heartbeats are back", last, floor, "in the inbox", undone)

    def _since(self, moment: datetime) -> Callable[[View], bool | None]:
        def find(view: View) -> bool | None:
            last = self._last(view)
            return True if last is not None and last > moment else None

        return find
