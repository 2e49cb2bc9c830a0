"""What python-socketio and python-engineio keep to themselves and we need, behind names of ours.

Nothing else of the gateway reaches into the two libraries. After an update `lacking` says what they have no
longer; whether what they have does the same as before is seen in the tests of the sockets. A *connection* is
Engine.IO's, known by its `eio_sid`; a *socket* is Socket.IO's, known by its `sid`, and stands on one.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import engineio  # type: ignore[import-untyped]  # the library has no types
import socketio  # type: ignore[import-untyped]  # the library has no types
from engineio.packet import MESSAGE  # type: ignore[import-untyped]  # the library has no types
from engineio.packet import Packet as EioPacket
from socketio.packet import EVENT  # type: ignore[import-untyped]  # the library has no types
from starlette.types import Message, Receive, Scope, Send

CHECKED = {"python-socketio": "5.18.1", "python-engineio": "4.15.1"}
"""The versions that this module was written for and checked against."""

_NAMESPACE = "/"
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


class Server(socketio.AsyncServer):  # type: ignore[misc]  # its base has no types
    """The library's server for ASGI, on that transport, for the sockets of this process alone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(async_mode="asgi", **options)

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

    def members(self, rooms: list[str]) -> Iterable[str]:
        """Return the sockets that are in any of these rooms, each once."""
        return (sid for sid, _ in self.manager.get_participants(_NAMESPACE, rooms))

    async def send_text(self, eio_sid: str, event: str, content: str) -> None:
        """Have an event sent over a connection; its content is JSON already."""
        packet = EioPacket(MESSAGE, f'{EVENT}["{event}",{content}]')
        await self.eio.send_packet(eio_sid, packet)

    async def forget(self, sid: str) -> None:
        """Take a socket that is gone out of the books."""
        await self.manager.disconnect(sid, _NAMESPACE)


def close_codes() -> list[int]:
    """Return the codes with which the WebSocket of this task was closed."""
    return _close_codes.get() or []


def lacking(server: Server, connection: object) -> list[str]:
    """Return the parts used here that the installed libraries lack; `connection` is one of the transport's.

    The server must have been initialised, as it is by its first connection.
    """
    used: list[tuple[object, str]] = [
        *((socketio.AsyncServer, name) for name in ("_engineio_server_class", "handle_request", "shutdown")),
        *((server, name) for name in ("eio", "manager")),
        *((server.manager, name) for name in ("eio_sid_from_sid", "disconnect", "get_participants")),
        *((engineio.AsyncServer, name) for name in ("disconnect", "reason", "send_packet")),
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
