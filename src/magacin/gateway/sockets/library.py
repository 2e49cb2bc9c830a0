"""What python-socketio and python-engineio keep to themselves and we need, behind names of ours.

Nothing else of the gateway reaches into the two libraries. After an update `lacking` says what they have no
longer; whether what they have does the same as before is seen in the tests of the sockets. A *connection* is
Engine.IO's, known by its `eio_sid`; a *socket* is Socket.IO's, known by its `sid`, and stands on one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import engineio  # type: ignore[import-untyped]  # the library has no types
import socketio  # type: ignore[import-untyped]  # the library has no types
import structlog
from starlette.types import Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

CHECKED = {"python-socketio": "5.18.1", "python-engineio": "4.15.1"}
"""The versions that this module was written for and checked against."""

_NAMESPACE = "/"
_LONGEST_RETRY_SECONDS = 2.0
# Queued for a connection, it ends the writer or the long poll that waits for something to send.
_END = None
# The close codes of the WebSocket whose task this is: the library does not hand them on.
_close_codes: ContextVar[list[int] | None] = ContextVar("close_codes", default=None)


class Transport(engineio.AsyncServer):  # type: ignore[misc]  # its base has no types
    """The library's transport, whose `disconnect` would wait until the client has read its last message.

    A client that never reads would hold whoever closes it for ever, and the request it came with.
    """

    async def disconnect(self, sid: str | None = None) -> None:
        """Close one connection, or all; what is queued for it is still sent if it listens."""
        for eio_sid in [sid] if sid is not None else list(self.sockets):
            connection = self.sockets.pop(eio_sid, None)
            if connection is not None:
                await connection.close(wait=False, reason=self.reason.SERVER_DISCONNECT)
                connection.queue.put_nowait(_END)


class RedisFanOut(socketio.AsyncRedisManager):  # type: ignore[misc]  # its base has no types
    """The library's Redis manager, which after an outage would wait up to a minute to look again."""

    async def _redis_listen_with_retries(self) -> AsyncIterator[Any]:
        while True:
            try:
                self._redis_connect()
                await self.pubsub.subscribe(self.channel)
                async for message in self.pubsub.listen():
                    yield message
            except Exception as error:  # noqa: BLE001  whatever broke the subscription, it has to come back
                log.warning("socket_fan_out_lost", reason=type(error).__name__)
            await self._close_connection()
            await asyncio.sleep(_LONGEST_RETRY_SECONDS)

    async def close(self) -> None:
        """Stop listening."""
        # Started with the first connection.
        if (listener := getattr(self, "thread", None)) is not None:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        await self._close_connection()

    async def _close_connection(self) -> None:
        if self.redis is not None:
            await asyncio.gather(self.pubsub.aclose(), self.redis.aclose(), return_exceptions=True)


class Server(socketio.AsyncServer):  # type: ignore[misc]  # its base has no types
    """The library's server for ASGI, on that transport and that fan-out."""

    def __init__(self, redis_url: str, channel: str, **options: Any) -> None:
        super().__init__(async_mode="asgi", client_manager=RedisFanOut(redis_url, channel=channel), **options)

    def _engineio_server_class(self) -> type[Transport]:
        return Transport

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it; its handlers see `close_codes`."""
        codes: list[int] = []
        _close_codes.set(codes)
        await self.handle_request(scope, _noting_close_code(receive, codes), send)

    def connections(self) -> list[str]:
        """Return the connections that there are, those that have not said who they are among them."""
        return list(self.eio.sockets)

    def connection_of(self, sid: str) -> str:
        """Return the connection that a socket stands on."""
        eio_sid: str = self.manager.eio_sid_from_sid(sid, _NAMESPACE)
        return eio_sid

    def is_open(self, eio_sid: str) -> bool:
        """Tell whether a connection is there and not closed."""
        connection = self.eio.sockets.get(eio_sid)
        return connection is not None and not connection.closed

    def asked_at(self, eio_sid: str) -> float | None:
        """Return when a client was asked whether it is still there, in Unix time; None after its answer."""
        connection = self.eio.sockets.get(eio_sid)
        return connection.last_ping if connection is not None else None

    def end_writer(self, eio_sid: str) -> None:
        """Have nobody wait any longer for something to send over a connection."""
        if (connection := self.eio.sockets.get(eio_sid)) is not None:
            connection.queue.put_nowait(_END)

    async def close_connection(self, eio_sid: str | None = None) -> None:
        """Close one connection, or all, without waiting for what its client reads."""
        await self.eio.disconnect(eio_sid)

    async def forget(self, sid: str) -> None:
        """Take a socket that is gone out of the books, in this process alone."""
        await self.manager.disconnect(sid, _NAMESPACE, ignore_queue=True)

    async def shutdown(self) -> None:
        """Stop the background tasks, and let go of Redis."""
        await super().shutdown()
        await self.manager.close()


def close_codes() -> list[int]:
    """Return the codes with which the WebSocket of this task was closed."""
    return _close_codes.get() or []


def lacking(server: Server, connection: object) -> list[str]:
    """Return the parts used here that the installed libraries lack; `connection` is one of the transport's.

    The server must have been initialised, as it is by its first connection.
    """
    used: list[tuple[object, str]] = [
        *((socketio.AsyncServer, name) for name in ("_engineio_server_class", "handle_request", "shutdown")),
        *((socketio.AsyncRedisManager, name) for name in ("_redis_listen_with_retries", "_redis_connect")),
        *((server, name) for name in ("eio", "manager")),
        *((server.manager, name) for name in ("channel", "pubsub", "redis", "thread")),
        *((server.manager, name) for name in ("eio_sid_from_sid", "disconnect")),
        *((engineio.AsyncServer, name) for name in ("disconnect", "reason")),
        (engineio.AsyncServer.reason, "SERVER_DISCONNECT"),
        (server.eio, "sockets"),
        *((connection, name) for name in ("close", "closed", "last_ping", "queue")),
    ]
    missing = [f"{_name(owner)}.{name}" for owner, name in used if not hasattr(owner, name)]
    return missing if isinstance(server.eio, Transport) else [*missing, "a server on our Transport"]


def _name(owner: object) -> str:
    kind = owner if isinstance(owner, type) else type(owner)
    return f"{kind.__module__}.{kind.__qualname__}"


def _noting_close_code(receive: Receive, codes: list[int]) -> Receive:
    async def noting() -> Message:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            codes.append(message.get("code") or 0)
        return message

    return noting
