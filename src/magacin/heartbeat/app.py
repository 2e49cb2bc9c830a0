"""The heartbeat receiver as an application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from magacin.core.app import build_app
from magacin.core.background import BackgroundLoop
from magacin.core.settings import load_settings
from magacin.heartbeat import endpoints
from magacin.heartbeat.channels import channels
from magacin.heartbeat.receiver import Receiver
from magacin.heartbeat.settings import HeartbeatSettings

# Alertmanager's webhook with one alert is 1 kB.
_MAX_BODY_BYTES = 64_000


def create_app(settings: HeartbeatSettings | None = None) -> FastAPI:
    """Return the receiver; it starts to listen for silence when the application starts."""
    settings = settings or load_settings(HeartbeatSettings)
    receiver = Receiver(settings, channels(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loop = BackgroundLoop("watch", receiver.step, idle=1.0, stale_after=120)
        app.state.receiver, app.state.loop = receiver, loop
        app.state.health.add_loop(loop)
        app.state.health.add_dependency("notices", receiver.check_delivery)
        loop.start()
        try:
            yield
        finally:
            await loop.stop()

    return build_app(
        "heartbeat",
        settings,
        title="Magacin Track heartbeat receiver",
        routers=[endpoints.router],
        lifespan=lifespan,
        internal=False,
        max_body_bytes=_MAX_BODY_BYTES,
        error_statuses=(500,),
    )
