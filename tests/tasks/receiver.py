"""A system that webhooks are sent to, which answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

from aiohttp import web
from standardwebhooks import Webhook


class Received(NamedTuple):
    """A request as it came, and what its signature was good for."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """Return what was sent; raise what the library raises of a signature that is not good."""
        return Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """Keeps what comes. `status`, `headers` and `body` are what it answers, once `answers` is set."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.body = ""
        self.answers = asyncio.Event()
        self.answers.set()
        self.most_at_once = 0
        self._at_once = 0
        self._came = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def serving(cls, host: str = "127.0.0.1") -> AsyncIterator[Self]:
        receiver = cls()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", receiver._take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, host, 0).start()
        receiver.port = runner.addresses[0][1]
        try:
            yield receiver
        finally:
            await runner.cleanup()

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def until(self, count: int) -> list[Received]:
        """Wait until so many requests have come; return them."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            async with self._came:
                self.received.append(Received(request.path, headers, await request.text()))
                self._came.notify_all()
            await self.answers.wait()
            return web.Response(status=self.status, headers=self.headers, text=self.body)
        finally:
            self._at_once -= 1
