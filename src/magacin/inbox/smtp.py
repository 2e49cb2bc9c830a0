"""The SMTP side: takes any mail from anybody on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from magacin.inbox.messages import from_email
from magacin.inbox.store import Store

log = structlog.get_logger(__name__)

MAX_MAIL_BYTES = 5_000_000
MAX_RECIPIENTS = 100
# Alertmanager sends a mail within a second; who keeps a connection longer than this has forgotten it.
_IDLE_SECONDS = 60


class Handler:
    """What aiosmtpd calls."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_RCPT(  # noqa: N802, PLR0913, RUF100  the name and the arguments are aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient."""
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Keep a mail."""
        content = envelope.content
        data = content if isinstance(content, bytes) else (content or "").encode()
        message = await self._store.add(from_email(data, envelope.mail_from or "", envelope.rcpt_tos))
        log.info("email_received", message_id=message.id, alert=message.alert, bytes=message.size)
        return f"250 2.0.0 OK: in the inbox as {message.id}"


@asynccontextmanager
async def smtp_server(store: Store, host: str, port: int) -> AsyncIterator[asyncio.Server]:
    """Listen for SMTP as long as the context lasts."""
    loop = asyncio.get_running_loop()
    handler = Handler(store)
    server = await loop.create_server(
        lambda: SMTP(
            handler,
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname="inbox",
            ident="Magacin Track inbox",
            timeout=_IDLE_SECONDS,
            loop=loop,
        ),
        host,
        port,
    )
    try:
        yield server
    finally:
        server.close()
