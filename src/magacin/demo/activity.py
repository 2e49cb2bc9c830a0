"""What the demo is doing, and whether it gets on with it: what its `/health` says."""

from __future__ import annotations

import time

# People look at the board every 15 s at most, so somebody is always answered within this time.
_SILENT_SECONDS = 30.0


class Activity:
    """Noted by whoever does it. Preparing and having been interrupted are no work yet."""

    name = "simulation"
    critical = True

    def __init__(self) -> None:
        self._waiting: str | None = "is starting"
        self._heard_at: float | None = None

    def waits(self, why: str) -> None:
        """Note why nobody works."""
        self._waiting, self._heard_at = why, None

    def works(self) -> None:
        """Note that everybody works from now on."""
        self._waiting, self._heard_at = None, time.monotonic()

    def rests(self) -> None:
        """Note that the work is over, as it was meant to be."""
        self._waiting, self._heard_at = None, None

    def heard(self) -> None:
        """Note that the gateway did what somebody asked for."""
        if self._heard_at is not None:
            self._heard_at = time.monotonic()

    async def check(self) -> None:
        """Raise when nobody works though somebody should: a probe for `Health`."""
        if self._waiting is not None:
            raise RuntimeError(self._waiting)
        if self._heard_at is not None:
            silent = time.monotonic() - self._heard_at
            if silent > _SILENT_SECONDS:
                raise RuntimeError(f"the gateway has done nothing for it for {silent:.0f} s")
