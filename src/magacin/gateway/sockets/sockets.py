"""Live updates: Socket.IO for browsers and scanners, with the same access token as everything else.

Rooms: `user:<name>` always; the board for supervisors and above; `task:<id>` and `import:<id>` as asked
for with `watch`. What is emitted comes from the Realtime Worker over Redis; nothing is emitted here.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from socketio.exceptions import (  # type: ignore[import-untyped]  # the library has no types
    ConnectionRefusedError as SocketRefused,
)

from magacin.contracts.events import BOARD_ROOM, SOCKETIO_CHANNEL, import_room, task_room, user_room
from magacin.contracts.identity import Role
from magacin.contracts.presence import DisconnectReason
from magacin.core.errors import AppError, TooManyRequests, Unprocessable
from magacin.gateway.forwarding.forward import is_id
from magacin.gateway.metrics import SOCKETIO_CONNECTIONS
from magacin.gateway.people.tokens import Access, AccessTokens, TokenEnded, TokenExpired, TokenRefused
from magacin.gateway.settings import GatewaySettings
from magacin.gateway.sockets.library import Server, close_codes
from magacin.gateway.sockets.watching import WatchRights

log = structlog.get_logger(__name__)

PATH = "/socket.io"
# Clients say who they are and what they watch; a hundredth of this is plenty.
_MAX_MESSAGE_BYTES = 20_000
_MAX_WATCHED = 200
# A connection that has not shown a token by then is not going to.
_ANONYMOUS_SECONDS = 10.0

# How a WebSocket was closed in order: by a client or a browser that left, by a server that stops.
_GOODBYES = {
    1000: DisconnectReason.CLIENT,
    1001: DisconnectReason.CLIENT,
    1012: DisconnectReason.SERVER,
}

_REASONS = {
    "client disconnect": DisconnectReason.CLIENT,
    "server disconnect": DisconnectReason.SERVER,
    "ping timeout": DisconnectReason.PING_TIMEOUT,
}


@dataclass
class Client:
    """One connected and known socket."""

    sid: str
    eio_sid: str
    access: Access
    watched: set[str] = field(default_factory=set)


class Sockets:
    """The sockets of this process: who they are, what they see, when they have to go."""

    def __init__(self, settings: GatewaySettings, tokens: AccessTokens, rights: WatchRights) -> None:
        self._tokens = tokens
        self._rights = rights
        self.server = Server(
            settings.redis_url.get_secret_value(),
            SOCKETIO_CHANNEL,
            # Long polling needs every request of a client to reach the same process.
            transports=["websocket"] if settings.workers > 1 else None,
            cors_allowed_origins=settings.allowed_origins or None,
            ping_interval=settings.socket_ping_seconds,
            ping_timeout=settings.socket_ping_timeout_seconds,
            max_http_buffer_size=_MAX_MESSAGE_BYTES,
        )
        self._ping_timeout = settings.socket_ping_timeout_seconds
        self.clients: dict[str, Client] = {}
        self.disconnections: Counter[DisconnectReason] = Counter()
        self._closing = False
        self._anonymous: dict[str, float] = {}
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnected)
        for event, handler in (
            ("authenticate", self._authenticate),
            ("watch", self._watch),
            ("unwatch", self._unwatch),
        ):
            self.server.on(event, _acknowledged(handler))

    def count(self) -> int:
        """Return how many sockets there really are, and show it: asked of the transport, never counted up."""
        real = sum(self.server.is_open(client.eio_sid) for client in self.clients.values())
        SOCKETIO_CONNECTIONS.set(real)
        return real

    async def refresh_metrics(self) -> None:
        """Set the gauge, for a scrape."""
        self.count()

    async def sweep(self) -> None:
        """Close what has expired or never said who it is; forget what is gone."""
        now = time.time()
        ended: Counter[str] = Counter()
        for client in list(self.clients.values()):
            if not self.server.is_open(client.eio_sid):
                # The library tells of a disconnection except when it comes during the handshake.
                self._forget(client.sid, DisconnectReason.TRANSPORT)
                await self.server.forget(client.sid)
            elif client.access.expires_at <= now:
                ended[TokenExpired.code] += 1
                await self._close(client)
            elif self._tokens.generations.ended(client.access):
                ended[TokenEnded.code] += 1
                await self._close(client)
        if ended:
            log.info("sockets_closed", **ended)
        await self._close_anonymous()
        self.count()

    async def disconnect_all(self) -> None:
        """Send everybody away, and take nobody new."""
        self._closing = True
        await asyncio.gather(*(self._close(client) for client in list(self.clients.values())))
        await self.server.close_connection()

    async def close(self) -> None:
        """Disconnect everybody, and let go of Redis."""
        await self.disconnect_all()
        await self.server.shutdown()
        self.count()

    async def _connect(self, sid: str, _environ: dict[str, Any], auth: object) -> None:
        # Nothing here waits: a socket that goes away between two steps would stay in the books for ever.
        if self._closing:
            raise SocketRefused("The gateway is stopping. Connect again in a moment.", {"code": "stopping"})
        try:
            access = self._tokens.verify(_token(auth))
        except AppError as error:
            raise SocketRefused(error.message, {"code": error.code}) from error
        self.clients[sid] = Client(sid, self.server.connection_of(sid), access)
        await self._enter_own_rooms(self.clients[sid])
        self.count()

    async def _enter_own_rooms(self, client: Client) -> None:
        identity = client.access.identity
        await self.server.enter_room(client.sid, user_room(identity.username))
        if identity.role.includes(Role.SUPERVISOR):
            await self.server.enter_room(client.sid, BOARD_ROOM)
        else:
            await self.server.leave_room(client.sid, BOARD_ROOM)

    async def _disconnected(self, sid: str, reason: str) -> None:
        if (client := self.clients.get(sid)) is None:
            return
        self._forget(sid, self._reason(client, reason))
        self.server.end_writer(client.eio_sid)
        self.count()

    def _forget(self, sid: str, reason: DisconnectReason) -> None:
        if self.clients.pop(sid, None) is not None:
            self.disconnections[reason] += 1

    def _reason(self, client: Client, reason: str) -> DisconnectReason:
        if reason in _REASONS:
            return _REASONS[reason]
        for code in close_codes():
            if code in _GOODBYES:
                return _GOODBYES[code]
        # The reader and the pinger of a silent socket time out in the same moment, and the reader, who
        # does not know why, is usually first.
        asked_at = self.server.asked_at(client.eio_sid)
        if asked_at is not None and time.time() - asked_at > self._ping_timeout - 0.5:
            return DisconnectReason.PING_TIMEOUT
        return DisconnectReason.TRANSPORT

    async def _close(self, client: Client) -> None:
        await self.server.disconnect(client.sid)
        await self.server.close_connection(client.eio_sid)

    async def _close_anonymous(self) -> None:
        known = {client.eio_sid for client in self.clients.values()}
        now = time.monotonic()
        since = {
            eio_sid: self._anonymous.get(eio_sid, now)
            for eio_sid in self.server.connections()
            if eio_sid not in known
        }
        self._anonymous = since
        for eio_sid, first_seen in since.items():
            if now - first_seen > _ANONYMOUS_SECONDS:
                await self.server.close_connection(eio_sid)

    async def _authenticate(self, client: Client, data: object) -> dict[str, Any]:
        """Take a fresh token of the same person, so that the socket outlives the first one."""
        access = self._tokens.verify(_token(data))
        if access.identity.username != client.access.identity.username:
            raise TokenRefused("The token is somebody else's. Connect anew to change the user.")
        if access.identity.role is not client.access.identity.role:
            for room in client.watched:
                await self.server.leave_room(client.sid, room)
            client.watched.clear()
        client.access = access
        await self._enter_own_rooms(client)
        return {"expires_at": access.expires_at}

    async def _watch(self, client: Client, data: object) -> dict[str, Any]:
        kind, id_ = _subject(data)
        room = _room(kind, id_)
        if len(client.watched) >= _MAX_WATCHED and room not in client.watched:
            raise TooManyRequests(f"A socket can watch {_MAX_WATCHED} things; unwatch some.", retry_after=1)
        await self._rights.require(client.access.identity, kind, id_)
        if client.sid in self.clients:
            client.watched.add(room)
            await self.server.enter_room(client.sid, room)
        return {"room": room}

    async def _unwatch(self, client: Client, data: object) -> dict[str, Any]:
        room = _room(*_subject(data))
        client.watched.discard(room)
        await self.server.leave_room(client.sid, room)
        return {"room": room}

    def client(self, sid: str) -> Client:
        """Return the client behind a socket; raise `TokenRefused` when it is not one of ours."""
        client = self.clients.get(sid)
        if client is None or client.access.expires_at <= time.time():
            raise TokenRefused("The socket's access token has expired. Connect anew.")
        return client


Handler = Callable[[Client, object], Any]


def _acknowledged(handler: Handler) -> Callable[..., Any]:
    """Make what a handler returns or raises the acknowledgement of the event."""
    sockets: Sockets = handler.__self__  # type: ignore[attr-defined]  # only bound methods are given

    async def acknowledged(sid: str, data: object = None, *_: object) -> dict[str, Any]:
        try:
            return {"ok": True, **await handler(sockets.client(sid), data)}
        except AppError as error:
            return {"error": {"code": error.code, "message": error.message, "details": error.details}}

    return acknowledged


def _token(data: object) -> str:
    token = data.get("token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not token:
        raise TokenRefused('Log in first: the connection needs {"token": "<access token>"}.')
    return token


def _subject(data: object) -> tuple[str, int]:
    if isinstance(data, dict) and len(data) == 1:
        ((kind, id_),) = data.items()
        if kind in ("task_id", "import_id") and is_id(id_):
            return kind, int(id_)
    raise Unprocessable('Say what to watch: {"task_id": number} or {"import_id": number}.')


def _room(kind: str, id_: int) -> str:
    return task_room(id_) if kind == "task_id" else import_room(id_)
