"""Tells the Realtime Worker, over Redis, how many sockets this process holds and how it lost others."""

from __future__ import annotations

import os
import secrets
import socket

import structlog
from redis.asyncio import Redis

from magacin.contracts.presence import (
    HEARTBEAT_EXPIRES_SECONDS,
    HEARTBEAT_PREFIX,
    ClientKind,
    DisconnectReason,
    Heartbeat,
)
from magacin.core.errors import DependencyUnavailable
from magacin.core.redis import translate_unavailable
from magacin.gateway.sockets.sockets import Sockets

log = structlog.get_logger(__name__)


class Presence:
    """The heartbeat of one gateway process."""

    def __init__(self, redis: Redis, sockets: Sockets) -> None:
        self._redis = redis
        self._sockets = sockets
        self.instance = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

    async def step(self) -> bool:
        """Tidy up the sockets and write a heartbeat: a step for a `BackgroundLoop`, once a second.

        The sockets come first, because they have to be looked after while Redis is away, too.
        """
        await self._sockets.sweep()
        await self._write(closing=False)
        return False

    async def say_goodbye(self) -> None:
        """Write the last heartbeat, after the sockets were closed."""
        try:
            await self._write(closing=True)
        except DependencyUnavailable as error:
            # The worker will take the sockets for lost with the gateway, which is the truth it can know.
            log.warning("goodbye_not_said", reason=error.message)

    async def _write(self, *, closing: bool) -> None:
        heartbeat = Heartbeat(
            instance=self.instance,
            connections=self._sockets.counts(),
            disconnections={
                client: {reason: self._sockets.disconnections[client, reason] for reason in DisconnectReason}
                for client in ClientKind
            },
            closing=closing,
        )
        async with translate_unavailable():
            await self._redis.set(
                HEARTBEAT_PREFIX + self.instance,
                heartbeat.model_dump_json(),
                px=int(HEARTBEAT_EXPIRES_SECONDS * 1000),
            )
