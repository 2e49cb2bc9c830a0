"""python-socketio alone, with its Redis manager: a socket enters the room that it names, and that is all."""

from __future__ import annotations

import os
from typing import Any

import socketio  # type: ignore[import-untyped]  # it comes without types

# Redis keeps what is published and subscribed to apart by the name of the channel alone.
CHANNEL = "magacin-bench"


def manager(url: str, *, write_only: bool = False) -> Any:
    """Return what server and sender share."""
    return socketio.AsyncRedisManager(url, channel=CHANNEL, write_only=write_only)


def application() -> Any:
    """Return the ASGI application; `MAGACIN_BENCH_REDIS_URL` says where Redis is."""
    server = socketio.AsyncServer(
        async_mode="asgi", client_manager=manager(os.environ["MAGACIN_BENCH_REDIS_URL"])
    )

    async def connect(sid: str, _environ: object, auth: dict[str, str]) -> None:
        await server.enter_room(sid, auth["room"])

    server.on("connect", connect)
    return socketio.ASGIApp(server)
