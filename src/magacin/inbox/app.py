"""The inbox: SMTP, a Slack webhook and a heartbeat on one side, pages and an API on the other."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

from fastapi import FastAPI
from starlette.middleware import Middleware

from magacin.core.health import Check
from magacin.core.host_guard import HostGuard
from magacin.core.service import MEASURED, Running, build_app, limited
from magacin.core.settings import load_settings
from magacin.inbox import endpoints, pages
from magacin.inbox.settings import InboxSettings
from magacin.inbox.smtp import smtp_server
from magacin.inbox.store import Store


def create_app(settings: InboxSettings | None = None) -> FastAPI:
    """Return the inbox; it listens for mail when the application starts."""
    settings = settings or load_settings(InboxSettings)
    # It reports every command of every dialogue; what came is in our own log.
    logging.getLogger("mail").setLevel(logging.WARNING)
    guard = Middleware(HostGuard, names=settings.host_names, title="inbox", address="http://localhost:8025")
    return build_app(
        "inbox",
        settings,
        _open,
        title="Magacin Track inbox",
        middleware=[guard, MEASURED, limited()],
        routers=[endpoints.router, pages.router],
        error_statuses=(500,),
    )


async def _open(settings: InboxSettings, resources: AsyncExitStack) -> Running[Store]:
    store = Store(settings.inbox_messages, settings.inbox_megabytes * 1_000_000)
    await resources.enter_async_context(smtp_server(store, settings.host, settings.smtp_port))
    return Running(
        state=store,
        dependencies=[Check("smtp", lambda: _greeted(settings.host, settings.smtp_port))],
    )


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
