"""What the demo is doing, and whether it gets on with it: what its `/health` says."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from magacin import __version__
from magacin.core.health import Health

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


@asynccontextmanager
async def answering(activity: Activity, host: str, port: int) -> AsyncIterator[int]:
    """Answer `/health` as the services do, on the port that is given."""
    health = Health("demo", __version__)
    health.add_loop(activity)

    async def report(_: web.Request) -> web.Response:
        status, body = await health.report()
        return web.json_response(body, status=status)

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    app = web.Application()
    app.add_routes([web.get("/health", report), web.get("/health/live", live)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
