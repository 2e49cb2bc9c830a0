"""The heartbeat receiver as an application."""

from __future__ import annotations

from contextlib import AsyncExitStack

from fastapi import FastAPI

from magacin.core.background import BackgroundLoop
from magacin.core.health import Check
from magacin.core.service import MEASURED, Running, build_app, limited
from magacin.core.settings import load_settings
from magacin.heartbeat import endpoints
from magacin.heartbeat.channels import channels
from magacin.heartbeat.endpoints import HeartbeatState
from magacin.heartbeat.receiver import Receiver
from magacin.heartbeat.settings import HeartbeatSettings

# Alertmanager's webhook with one alert is 1 kB.
_MAX_BODY_BYTES = 64_000


def create_app(settings: HeartbeatSettings | None = None) -> FastAPI:
    """Return the receiver; it starts to listen for silence when the application starts."""
    return build_app(
        "heartbeat",
        settings or load_settings(HeartbeatSettings),
        _open,
        title="Magacin Track heartbeat receiver",
        middleware=[MEASURED, limited(_MAX_BODY_BYTES)],
        routers=[endpoints.router],
        error_statuses=(500,),
    )


async def _open(settings: HeartbeatSettings, _: AsyncExitStack) -> Running[HeartbeatState]:
    receiver = Receiver(settings, channels(settings))
    watch = BackgroundLoop("watch", receiver.step, idle=1.0, stale_after=120)
    return Running(
        state=HeartbeatState(settings, receiver, watch),
        loops=[watch],
        dependencies=[Check("notices", receiver.check_delivery)],
    )
