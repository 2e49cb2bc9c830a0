"""The network between a phone and the gateway, which can be away, lie, and lose what was said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import aiohttp
from aiohttp import web

from magacin.stack.parts import LOOPBACK

# What a proxy keeps to itself: it is about one connection, or no longer true of what was unpacked.
_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "content-encoding", "content-length"}
_PAGE = "<!doctype html><title>Wi-Fi</title><h1>Log in to the network</h1>"

Forward = Callable[[], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Forward], Awaitable[web.StreamResponse]]


def cut(request: web.Request) -> web.StreamResponse:
    """End the connection of a request, without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def away(request: web.Request, _forward: Forward) -> web.StreamResponse:
    """Have nothing be there."""
    return cut(request)


async def answer_lost(request: web.Request, forward: Forward) -> web.StreamResponse:
    """Have it be done, and nobody hear of it."""
    await forward()
    return cut(request)


async def login_page(_request: web.Request, _forward: Forward) -> web.StreamResponse:
    """Have something else answer, as the network of a hotel does."""
    return web.Response(text=_PAGE, content_type="text/html")


class Network:
    """A proxy on a port of its own. `fault` strikes while it is set, `once` the next request to a path."""

    def __init__(self, target: str) -> None:
        self.fault: Fault | None = None
        self.url = ""
        # Instead of what the gateway has: path → what is made of the body.
        self.changed: dict[str, Callable[[bytes], bytes]] = {}
        # Paths of requests that came to an end, and how many faults struck on an operation's way.
        self.answered: list[str] = []
        self.struck = 0
        self._once: dict[str, Fault] = {}
        self._target = target
        self._sockets: list[web.Request] = []
        self._session: aiohttp.ClientSession | None = None

    def once(self, path: str, fault: Fault) -> None:
        """Have the next request to a path meet with something."""
        self._once[path] = fault

    def go(self) -> None:
        """Take the network away, also from under what is connected."""
        self.fault = away
        for request in list(self._sockets):
            cut(request)

    def come(self) -> None:
        """Bring it back."""
        self.fault = None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, or do to it what was said."""
        fault = self._once.pop(request.path, None) or self.fault
        forward = partial(self._forward, request)
        if fault is None:
            answer = await forward()
        else:
            self.struck += request.path in ("/api/scan", "/api/scans")
            answer = await fault(request, forward)
        self.answered.append(request.path)
        return answer

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        if request.path in self.changed:
            # To whoever has the one before, it is to be another.
            headers.pop("If-None-Match", None)
        url = self._target + request.path_qs
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request, url)
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=await request.read(), allow_redirects=False
            ) as there:
                body = await there.read()
                kept = {name: value for name, value in there.headers.items() if name.lower() not in _HOP}
                change = self.changed.get(request.path)
                return web.Response(status=there.status, headers=kept, body=change(body) if change else body)
        except aiohttp.ClientError:
            return cut(request)

    async def _socket(self, request: web.Request, url: str) -> web.StreamResponse:
        assert self._session is not None
        here = web.WebSocketResponse()
        try:
            async with self._session.ws_connect(url, headers={"Origin": self._target}) as there:
                await here.prepare(request)
                self._sockets.append(request)
                pumps = [asyncio.create_task(_pump(here, there)), asyncio.create_task(_pump(there, here))]
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except aiohttp.ClientError:
            return cut(request)
        finally:
            self._sockets = [one for one in self._sockets if one is not request]
        return here

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Network]:
        """Listen on a free port."""
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        self.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as self._session:
            try:
                yield self
            finally:
                self.fault = away
                await runner.cleanup()


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    with suppress(ConnectionError):
        async for message in source:
            await (
                sink.send_str(message.data)
                if message.type is aiohttp.WSMsgType.TEXT
                else sink.send_bytes(message.data)
            )
