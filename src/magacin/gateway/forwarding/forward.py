"""Forwarding: the path of every scan. Bytes go in and out; nothing is parsed here that the service parses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import aiohttp
import orjson
from multidict import CIMultiDict
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import (
    ADDRESS_HEADER,
    REQUEST_ID_HEADER,
    ROLE_HEADER,
    USER_HEADER,
    Identity,
)
from magacin.contracts.tasks.operations import RECORD_OPERATIONS
from magacin.contracts.tasks.scans import SCAN
from magacin.core.errors import DependencyUnavailable, MalformedJson, Unprocessable
from magacin.gateway.client_address import Network, client_address
from magacin.gateway.forwarding.gathering import MOST_BYTES, Answered, Gathering
from magacin.gateway.forwarding.hop import Hop
from magacin.gateway.forwarding.table import Forwarded
from magacin.gateway.forwarding.upstream import Body, BrokenHalfway, ClientGone, Service
from magacin.gateway.metrics import Upstream
from magacin.gateway.people.callers import Callers
from magacin.gateway.people.users import Users

# What a client may say to a service. Everything else stays here: its token, its cookies, and above all
# any `X-Magacin-*` of its own.
_PASSED = {
    b"accept": "Accept",
    b"content-type": "Content-Type",
    b"if-match": "If-Match",
    b"if-none-match": "If-None-Match",
}
# Of a service's answer: what concerns the connection to it, and what our own server and middleware add.
_DROPPED = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"date",
        b"server",
        b"x-request-id",
    }
)
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=-._~"
_MAX_ID = 2**63 - 1
_UNWATCHED = nullcontext()
# Answers of unknown or larger size go through as they come.
_BUFFERED_BYTES = 256 * 1024
_PARSED_AT_ONCE = 64 * 1024


class _InFlight:
    """A request that waits for a service, while its client may go away."""

    __slots__ = ("gone", "receive", "since", "task", "until", "watcher")

    def __init__(self, receive: Receive, seconds: float) -> None:
        self.task = asyncio.current_task()
        self.receive = receive
        self.since = time.monotonic()
        self.until = self.since + seconds
        self.watcher: asyncio.Task[None] | None = None
        self.gone = False

    async def watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        if self.task is not None:
            self.gone = True
            self.task.cancel()

    def left(self) -> float:
        """Return how many seconds are left to answer it; never none, which would be no limit."""
        return max(0.01, self.until - time.monotonic())

    def finished(self) -> None:
        self.task = None
        if self.watcher is not None:
            self.watcher.cancel()


class _Seconds(NamedTuple):
    """How long requests may take."""

    scan: float
    forward: float
    upload: float

    def of(self, endpoint: Endpoint) -> float:
        if endpoint.bulk:
            return self.upload
        return self.scan if endpoint.repeatable else self.forward


class Forwarder:
    """Sends requests on to the services."""

    def __init__(
        self,
        services: Mapping[Upstream, Service],
        callers: Callers,
        users: Users,
        hop: Hop,
        *,
        trusted: Sequence[Network],
        scan_seconds: float,
        forward_seconds: float,
        upload_seconds: float,
    ) -> None:
        self._services = services
        self._callers = callers
        self._users = users
        self._trusted = trusted
        self._seconds = _Seconds(scan_seconds, forward_seconds, upload_seconds)
        self._waiting: set[_InFlight] = set()
        self.gathering = Gathering(services[Upstream.TASKS], hop)

    async def forward(
        self, row: Forwarded, params: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request with what the service says; raise an `AppError` when it may not or cannot."""
        identity = await self._callers.may(scope, row.endpoint)
        _check(params)
        endpoint = row.endpoint
        streams = endpoint.bulk and endpoint.body is not None
        body: bytes | Body | None = Body(receive) if streams else await _read(receive)
        flight = _InFlight(receive, self._seconds.of(endpoint))
        if endpoint.checks_workers and isinstance(body, bytes):
            await self._check_workers(body, flight.left())
        if endpoint is RECORD_OPERATIONS and isinstance(body, bytes):
            await self._check_owner(body, flight.left())
        if not streams:
            self._waiting.add(flight)
        try:
            if endpoint is SCAN and isinstance(body, bytes) and 0 < len(body) <= MOST_BYTES:
                await self._gathered(row, identity, scope, body, send, flight)
            else:
                await self._exchange(row, identity, scope, body or None, send, flight)
        except asyncio.CancelledError:
            if not flight.gone or (task := asyncio.current_task()) is None:
                raise
            task.uncancel()
            raise ClientGone("The client went away before the answer.") from None
        finally:
            flight.finished()
            self._waiting.discard(flight)

    async def watch_clients(self) -> bool:
        """Start to watch for the client of each request that takes long: a step for a `BackgroundLoop`.

        Watching costs a task, which a scan that is answered in milliseconds should not pay for.
        """
        long_ago = time.monotonic() - 0.5
        for flight in self._waiting:
            if flight.watcher is None and flight.since < long_ago:
                flight.watcher = asyncio.create_task(flight.watch())
        self.gathering.look_for_hanging()
        return False

    async def close(self) -> None:
        """Give up what was gathered and is on its way."""
        await self.gathering.close()

    async def _gathered(
        self,
        row: Forwarded,
        identity: Identity,
        scope: Scope,
        body: bytes,
        send: Send,
        flight: _InFlight,
    ) -> None:
        try:
            async with asyncio.timeout(flight.left()):
                answer = await self.gathering.send(identity, scope["state"]["request_id"], body)
        except TimeoutError:
            raise DependencyUnavailable(row.to, reason="did not answer in time") from None
        if isinstance(answer, Answered):
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})
            return
        with answer or nullcontext():
            await self._exchange(row, identity, scope, body, send, flight)

    async def _exchange(
        self,
        row: Forwarded,
        identity: Identity,
        scope: Scope,
        body: bytes | Body | None,
        send: Send,
        flight: _InFlight,
    ) -> None:
        service, endpoint = self._services[row.to], row.endpoint
        headers = _request_headers(scope, identity, streams=isinstance(body, Body))
        if endpoint.audited:
            headers[ADDRESS_HEADER] = client_address(HTTPConnection(scope), self._trusted)
        with service.exchange(body, repeatable=endpoint.repeatable) as exchange:
            async with service.while_it_lives() if endpoint.bulk else _UNWATCHED:
                status = await self._pass_through(row, headers, scope, body, send, flight)
            exchange.answered(status)

    async def _pass_through(
        self,
        row: Forwarded,
        headers: CIMultiDict[str],
        scope: Scope,
        body: bytes | Body | None,
        send: Send,
        flight: _InFlight,
    ) -> int:
        service, endpoint = self._services[row.to], row.endpoint
        response = await service.send(
            endpoint.method,
            _target(scope),
            headers,
            body,
            repeatable=endpoint.repeatable,
            seconds=flight.left(),
            is_bulk=endpoint.bulk,
        )
        async with response:
            if response.status == 401:
                # It is about our service token; the client would take it for its own.
                raise DependencyUnavailable(row.to, reason="does not accept the gateway's service token")
            await _pass_on(response, send)
        return response.status

    async def _check_workers(self, body: bytes, seconds: float) -> None:
        if not body:
            return  # the service says what is missing
        try:
            # Names of workers are short. What is not is nonsense, which must not keep scans waiting.
            parse = orjson.loads
            content = parse(body) if len(body) < _PARSED_AT_ONCE else await asyncio.to_thread(parse, body)
        except orjson.JSONDecodeError:
            # Not left to the service: what it can read and we cannot, such as UTF-16, would go unchecked.
            raise MalformedJson("The body is not valid JSON in UTF-8.") from None
        workers = content.get("workers") if isinstance(content, dict) else None
        if isinstance(workers, list) and 0 < len(workers) <= 100 and all(isinstance(w, str) for w in workers):
            await self._ask_users(self._users.require_active(workers), seconds)

    async def _check_owner(self, body: bytes, seconds: float) -> None:
        """Raise `UnknownWorkers` where what is handed in is of nobody: of somebody who was erased."""
        if b"on_behalf_of" not in body and b"\\u" not in body:
            return
        try:
            content = await asyncio.to_thread(orjson.loads, body)
        except orjson.JSONDecodeError:
            return  # the service says so, and keeps that it refused it
        owner = content.get("on_behalf_of") if isinstance(content, dict) else None
        if isinstance(owner, str):
            await self._ask_users(self._users.require_known(owner), seconds)

    async def _ask_users(self, question: Awaitable[None], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await question
        except TimeoutError:
            raise DependencyUnavailable("postgresql") from None


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        _require_client(message)
        return body
    chunks = [body]
    while message.get("more_body", False):
        message = await receive()
        _require_client(message)
        chunks.append(message.get("body", b""))
    return b"".join(chunks)


def _require_client(message: Message) -> None:
    if message["type"] == "http.disconnect":
        raise ClientGone("The client went away before its request was whole.")


async def _pass_on(response: aiohttp.ClientResponse, send: Send) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": response.status,
        "headers": [(n, v) for name, v in response.raw_headers if (n := name.lower()) not in _DROPPED],
    }
    length = response.content_length
    if length is not None and length <= _BUFFERED_BYTES:
        # Read before anything is sent: when it breaks off now, the client still gets a proper error.
        body = await response.read()
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return
    await send(start)
    try:
        async for chunk in response.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise BrokenHalfway("a service broke off an answer that was already on its way") from error
    await send({"type": "http.response.body", "body": b""})


def _request_headers(scope: Scope, identity: Identity, *, streams: bool) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    headers[USER_HEADER] = identity.username
    headers[ROLE_HEADER] = identity.role.value
    headers[REQUEST_ID_HEADER] = scope["state"]["request_id"]
    for name, value in scope["headers"]:
        if (known := _PASSED.get(name)) is not None or (streams and name == b"content-length"):
            headers[known or "Content-Length"] = value.decode("latin-1")
    return headers


def _target(scope: Scope) -> str:
    """Return path and query exactly as the client encoded them: `%2F` in a SKU is not a slash."""
    raw: bytes = scope["raw_path"]
    if query := scope["query_string"]:
        raw = raw + b"?" + query
    # A client that sends other bytes than URLs may have gets them encoded, byte by byte.
    return raw.decode("ascii") if raw.isascii() else quote(raw, safe=_URL_CHARACTERS)


def _check(params: Mapping[str, str]) -> None:
    problems = [
        {"field": name, "message": "must be a whole number from 1"}
        for name, value in params.items()
        if name.endswith("_id") and not is_id(unquote(value))
    ]
    if problems:
        summary = "; ".join(f"{problem['field']} {problem['message']}" for problem in problems)
        raise Unprocessable(f"The path is not valid: {summary}.", details={"problems": problems})


def is_id(value: Any) -> bool:
    """Tell whether a client's value can be the id of something."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= _MAX_ID
