"""Live updates: Socket.IO for browsers and scanners, with the same access token as everything else.

Rooms: for people `user:<name>`, the board where they are supervisors and above, `task:<id>` and `import:<id>`
as asked for with `watch`; for screens on walls the board, and nothing else. What they are shown comes from
the feed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import orjson
import structlog
from socketio.exceptions import (  # type: ignore[import-untyped]  # the library has no types
    ConnectionRefusedError as SocketRefused,
)

from magacin.contracts.events import (
    BOARD_ROOM,
    SOCKET_BRIEF,
    SOCKET_EVENT,
    SOCKET_EVENTS,
    SOCKET_MISSED,
    import_room,
    task_room,
    user_room,
)
from magacin.contracts.identity import Identity, Role
from magacin.contracts.presence import ClientKind, DisconnectReason
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

# A screen on a wall reads anew when it is told; once a second is often enough for who looks at it.
_SCREEN_SECONDS = 1.0

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


class Manner(Enum):
    """How a client is told of events."""

    EACH = "each"
    """A message for each."""
    TOGETHER = "together"
    """One message for all that came within a tenth of a second."""
    BRIEF = "brief"
    """One message for all that came together, and only which operations it was."""


# Longer than this people see; a page that is drawn ten times a second seems to move by itself.
_PAUSES = {Manner.EACH: 0.0, Manner.TOGETHER: 0.1, Manner.BRIEF: 0.0}


class Untold(NamedTuple):
    """An event, as JSON, and the operation that it is of, if of any."""

    event: str
    operation_id: str | None


@dataclass
class Client:
    """One connected and known socket."""

    sid: str
    eio_sid: str
    access: Access
    kind: ClientKind
    manner: Manner = Manner.EACH
    watched: set[str] = field(default_factory=set)
    untold: list[Untold] = field(default_factory=list)
    """What it has yet to be told of."""
    number: int = 0
    """Of the last message that was sent, from 1."""
    told_at: float = 0.0
    """When it was last told of what came together."""

    @property
    def pause(self) -> float:
        """Seconds between two messages at least."""
        return _SCREEN_SECONDS if self.is_screen else _PAUSES[self.manner]

    @property
    def is_screen(self) -> bool:
        """Tell whether it is a screen on a wall: then it is told that something happened, and no more."""
        return self.access.identity.role is Role.SCREEN


class Sockets:
    """The sockets of this process: who they are, what they see, when they have to go."""

    def __init__(self, settings: GatewaySettings, tokens: AccessTokens, rights: WatchRights) -> None:
        self._tokens = tokens
        self._rights = rights
        self.server = Server(
            # Long polling needs every request of a client to reach the same process.
            transports=["websocket"] if settings.workers > 1 else None,
            cors_allowed_origins=settings.allowed_origins or None,
            ping_interval=settings.socket_ping_seconds,
            ping_timeout=settings.socket_ping_timeout_seconds,
            max_http_buffer_size=_MAX_MESSAGE_BYTES,
        )
        self._per_user = settings.sockets_per_user
        self._ping_timeout = settings.socket_ping_timeout_seconds
        self.clients: dict[str, Client] = {}
        self.disconnections: Counter[tuple[ClientKind, DisconnectReason]] = Counter()
        self._closing = False
        self._anonymous: dict[str, float] = {}
        self._untold: dict[str, Client] = {}
        self._flushing: asyncio.Task[None] | None = None
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnected)
        for event, handler in (
            ("authenticate", self._authenticate),
            ("watch", self._watch),
            ("unwatch", self._unwatch),
        ):
            self.server.on(event, _acknowledged(handler))

    def counts(self) -> dict[ClientKind, int]:
        """Return how many sockets of each kind there really are, and show how many it are together.

        That is asked of the transport, never counted up.
        """
        clients = self.clients.values()
        real = Counter(client.kind for client in clients if self.server.is_open(client.eio_sid))
        SOCKETIO_CONNECTIONS.set(real.total())
        return {kind: real[kind] for kind in ClientKind}

    def count(self) -> int:
        """Return how many sockets there really are, and show it."""
        return sum(self.counts().values())

    async def refresh_metrics(self) -> None:
        """Set the gauge, for a scrape."""
        self.count()

    async def show(self, rooms: list[str], event: str, operation_id: str | None) -> None:
        """Show an event, a JSON object, of an operation or of none, to everybody who is in these rooms."""
        untold = Untold(event, operation_id)
        for sid in self.server.members(rooms):
            if (client := self.clients.get(sid)) is None:
                continue
            if client.manner is Manner.EACH:
                await self._tell(client, SOCKET_EVENT, f",{event[1:]}")
            else:
                client.untold.append(untold)
                self._untold[sid] = client

    async def flush(self) -> None:
        """Show what was shown since the last time to those who are told of it together.

        Who was told just now is told a moment later, of what comes meanwhile as well.
        """
        told, self._untold = self._untold, {}
        now = time.monotonic()
        # Most desks see the same: it is written once for all of them.
        written: dict[tuple[int, ...], str] = {}
        for sid, client in told.items():
            if now - client.told_at < client.pause:
                self._untold[sid] = client
                continue
            untold, client.untold, client.told_at = client.untold, [], now
            if client.manner is Manner.BRIEF:
                await self._tell(client, SOCKET_BRIEF, _briefly(untold, of_nobody=client.is_screen))
                continue
            same = tuple(map(id, untold))
            if (content := written.get(same)) is None:
                content = written[same] = f',"events":[{",".join(one.event for one in untold)}]}}'
            await self._tell(client, SOCKET_EVENTS, content)
        self._flush_later(now)

    def _flush_later(self, now: float) -> None:
        if self._untold and self._flushing is None:
            due = min(client.told_at + client.pause for client in self._untold.values())
            self._flushing = asyncio.create_task(self._flush_in(due - now))

    async def _flush_in(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._flushing = None
        await self.flush()

    async def leave_to(self, task_id: int, workers: frozenset[str]) -> None:
        """Show a task's events no longer to workers other than those whose task it has become.

        One that nobody has is everybody's to see, as for a request.
        """
        room = task_room(task_id)
        for sid in list(self.server.members([room])):
            client = self.clients.get(sid)
            if client is not None and not _may_see(client.access.identity, workers):
                client.watched.discard(room)
                await self.server.leave_room(sid, room)

    async def say_missed(self) -> int:
        """Tell everybody that there may be events that they were not shown; return how many there are."""
        for client in list(self.clients.values()):
            await self._tell(client, SOCKET_MISSED, "}")
        return len(self.clients)

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
        if self._flushing is not None:
            self._flushing.cancel()
        await asyncio.gather(*(self._close(client) for client in list(self.clients.values())))
        await self.server.close_connection()

    async def close(self) -> None:
        """Disconnect everybody."""
        await self.disconnect_all()
        await self.server.shutdown()
        self.count()

    async def _connect(self, sid: str, _environ: dict[str, Any], auth: object) -> None:
        # Nothing here waits: a socket that goes away between two steps would stay in the books for ever.
        if self._closing:
            raise SocketRefused("The gateway is stopping. Connect again in a moment.", {"code": "stopping"})
        try:
            access = self._tokens.verify(_token(auth))
            self._require_room_for(access.identity.username)
        except AppError as error:
            raise SocketRefused(error.message, {"code": error.code}) from error
        eio_sid = self.server.connection_of(sid)
        self.clients[sid] = Client(sid, eio_sid, access, _kind(auth), _manner(auth, access))
        await self._enter_own_rooms(self.clients[sid])
        self.count()

    def _require_room_for(self, username: str) -> None:
        own = sum(client.access.identity.username == username for client in self.clients.values())
        if own >= self._per_user:
            raise TooManyRequests(
                f"You have {own} live connections open already. Close pages that are not needed.",
                retry_after=10,
            )

    async def _enter_own_rooms(self, client: Client) -> None:
        identity = client.access.identity
        if identity.role is Role.SCREEN:
            await self.server.enter_room(client.sid, BOARD_ROOM)
            return
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
        if (client := self.clients.pop(sid, None)) is not None:
            self.disconnections[client.kind, reason] += 1

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

    async def _tell(self, client: Client, event: str, rest: str) -> None:
        client.number += 1
        await self.server.send_text(client.eio_sid, event, f'{{"number":{client.number}{rest}')

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


def _may_see(identity: Identity, workers: frozenset[str]) -> bool:
    return identity.username in workers or identity.role.includes(Role.SUPERVISOR)


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


def _kind(data: object) -> ClientKind:
    return ClientKind.said(data.get("client") if isinstance(data, dict) else None)


def _manner(auth: object, access: Access) -> Manner:
    said = auth if isinstance(auth, dict) else {}
    # A screen is to know that something happened, and not who has done what.
    if access.identity.role is Role.SCREEN or said.get("brief") is True:
        return Manner.BRIEF
    return Manner.TOGETHER if said.get("together") is True else Manner.EACH


def _briefly(untold: Sequence[Untold], *, of_nobody: bool) -> str:
    operations = [one.operation_id for one in untold if one.operation_id is not None and not of_nobody]
    said = orjson.dumps({"operation_ids": operations, "others": len(untold) - len(operations)})
    return f",{said.decode()[1:]}"


def _subject(data: object) -> tuple[str, int]:
    if isinstance(data, dict) and len(data) == 1:
        ((kind, id_),) = data.items()
        if kind in ("task_id", "import_id") and is_id(id_):
            return kind, int(id_)
    raise Unprocessable('Say what to watch: {"task_id": number} or {"import_id": number}.')


def _room(kind: str, id_: int) -> str:
    return task_room(id_) if kind == "task_id" else import_room(id_)
