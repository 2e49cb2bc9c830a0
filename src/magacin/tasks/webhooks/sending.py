"""One attempt: a request to a receiver, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from sqlalchemy import RowMapping

from magacin import __version__
from magacin.tasks.metrics import WebhookResult
from magacin.tasks.webhooks.addresses import Addresses
from magacin.tasks.webhooks.signing import Signatures, WrongKey, message_id

# Of an answer: the log shows the beginning of one that refuses.
_READ_BYTES = 4096
_SHOWN_CHARACTERS = 300
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of it; `trouble` says why it failed."""

    result: WebhookResult
    status: int | None = None
    trouble: str | None = None


def open_session(addresses: Addresses, seconds: float) -> aiohttp.ClientSession:
    """Return a client that connects to addresses that are allowed, and waits no longer than that.

    A connection is closed after each request: receivers are few, and the next one asks for the address anew.
    """
    connector = aiohttp.TCPConnector(
        limit=0, force_close=True, use_dns_cache=False, socket_factory=addresses.socket
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": f"magacin-track/{__version__}"},
    )


def body_of(type_: str, occurred_at: datetime, data: str) -> str:
    """Return what is sent of an event; `data` is JSON."""
    content = {"type": type_, "timestamp": occurred_at, "data": orjson.Fragment(data)}
    return orjson.dumps(content, option=orjson.OPT_UTC_Z).decode()


async def attempt(session: aiohttp.ClientSession, signatures: Signatures, row: RowMapping) -> Attempt:
    """Send a delivery once. Redirects are not followed: they would lead to where nobody looked."""
    body = body_of(row["type"], row["occurred_at"], row["data"])
    try:
        headers = _signed(signatures, row, body)
        async with session.post(
            row["url"], data=body.encode(), headers=headers, allow_redirects=False
        ) as response:
            return await _understood(response)
    except WrongKey:
        return Attempt(
            WebhookResult.UNREACHABLE,
            trouble="The secret was made with another key than the Task Service has now. Replace the secret.",
        )
    except TimeoutError:
        return Attempt(WebhookResult.UNREACHABLE, trouble="The receiver took too long.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Attempt(WebhookResult.UNREACHABLE, trouble=_shown(_why(error)))


def _signed(signatures: Signatures, row: RowMapping, body: str) -> Mapping[str, str]:
    signed = signatures.headers(
        message_id(row["event_id"]), body, seed=row["seed"], former=row["former"], mark=row["key_mark"]
    )
    return {"Content-Type": "application/json", **signed}


async def _understood(response: aiohttp.ClientResponse) -> Attempt:
    status = response.status
    if 200 <= status < 300:
        return Attempt(WebhookResult.DELIVERED, status)
    if status == HTTPStatus.GONE:
        return Attempt(WebhookResult.GONE, status, "The receiver is gone for good (410).")
    if 300 <= status < 400:
        return Attempt(WebhookResult.REFUSED, status, "The receiver redirects, which is not followed.")
    said = (await response.content.read(_READ_BYTES)).decode(errors="replace")
    return Attempt(WebhookResult.REFUSED, status, _shown(f"The receiver refuses it ({status}): {said}"))


def _why(error: Exception) -> str:
    cause: Any = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return f"The receiver cannot be reached: {cause or type(cause).__name__}."


def _shown(text: str) -> str:
    return _UNSEEN.sub(" ", text).strip()[:_SHOWN_CHARACTERS]
