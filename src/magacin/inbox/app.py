"""The inbox: SMTP, a Slack webhook and a heartbeat on one side, pages and an API on the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from magacin.core.app import build_app
from magacin.core.host_guard import HostGuard
from magacin.core.settings import load_settings
from magacin.inbox import endpoints, pages
from magacin.inbox.settings import InboxSettings
from magacin.inbox.smtp import smtp_server
from magacin.inbox.store import Store


def create_app(settings: InboxSettings | None = None) -> FastAPI:
    """Return the inbox."""
    settings = settings or load_settings(InboxSettings)
    # It reports every command of every dialogue; what came is in our own log.
    logging.getLogger("mail").setLevel(logging.WARNING)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = Store(settings.inbox_messages, settings.inbox_megabytes * 1_000_000)
        app.state.store = store
        async with smtp_server(store, settings.host, settings.smtp_port) as server:
            host, port = server.sockets[0].getsockname()[:2]
            app.state.smtp_port = port
            app.state.health.add_dependency("smtp", lambda: _greeted(host, port))
            yield

    app = build_app(
        "inbox",
        settings,
        title="Magacin Track inbox",
        routers=[endpoints.router, pages.router],
        lifespan=lifespan,
        internal=False,
        error_statuses=(500,),
    )
    app.add_middleware(HostGuard, names=settings.host_names, title="inbox", address="http://localhost:8025")
    return app


async def _greeted(host: str, port: int) -> None:
    """Raise unless the SMTP side greets who connects."""
    reader, writer = await asyncio.open_connection("127.0.0.1" if host == "0.0.0.0" else host, port)  # noqa: S104  asks itself
    try:
        if not (await reader.readline()).startswith(b"220 "):
            raise RuntimeError("does not greet")
        writer.write(b"QUIT\r\n")
        await writer.drain()
    finally:
        writer.close()
