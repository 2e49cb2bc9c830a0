"""A running inbox, reached as Alertmanager and people reach it: over SMTP and HTTP."""

from __future__ import annotations

import asyncio
import email.policy
import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import aiohttp
import pytest

from magacin.inbox.app import create_app
from magacin.inbox.settings import InboxSettings
from tests.conftest import free_port
from tests.support import serving


@dataclass
class Inbox:
    session: aiohttp.ClientSession
    url: str
    smtp_port: int

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.get(self.url + path, **options) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else await response.text()

    async def post(self, path: str, **options: Any) -> tuple[int, str]:
        async with self.session.post(self.url + path, **options) as response:
            return response.status, await response.text()

    async def page(self, path: str) -> tuple[str, Any]:
        async with self.session.get(self.url + path) as response:
            assert response.status == 200, await response.text()
            return await response.text(), response.headers

    async def all(self, **wanted: Any) -> list[dict[str, Any]]:
        status, page = await self.get("/api/messages", params=wanted)
        assert status == 200, page
        items: list[dict[str, Any]] = page["items"]
        return items

    async def send(self, content: bytes | EmailMessage, *to: str) -> None:
        """Send a mail over SMTP, as bytes where it is not to be well-formed."""
        data = content.as_bytes(policy=email.policy.SMTP) if isinstance(content, EmailMessage) else content
        await asyncio.to_thread(self._send, data, to or ("oncall@example.org",))

    def _send(self, data: bytes, to: tuple[str, ...]) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=60) as client:
            client.sendmail("alerts@example.org", to, data)


@pytest.fixture
def settings() -> InboxSettings:
    return InboxSettings(port=0, smtp_port=free_port(), inbox_messages=50, inbox_megabytes=1)


@pytest.fixture
async def inbox(settings: InboxSettings) -> AsyncIterator[Inbox]:
    async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
        yield Inbox(session, url, settings.smtp_port)


def mail(subject: str = "Hello", text: str = "text", html: str | None = None, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", subject
    for name, value in headers.items():
        message[f"X-Magacin-{name}"] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message
