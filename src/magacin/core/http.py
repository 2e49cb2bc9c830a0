"""The HTTP client for calls between our services, with kept-alive connections."""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson
from pydantic import SecretStr

from magacin.core.security import SERVICE_TOKEN_HEADER

# How long a connection without a request stays open. Servers wait longer than our own clients: the other way
# round, a request would now and then go into a connection that is just being closed.
CLIENT_KEEP_ALIVE_SECONDS = 60
SERVER_KEEP_ALIVE_SECONDS = 75

GRACEFUL_SECONDS = 15
"""What a server that ends gives its requests: more than any may take, less than the supervisor waits."""

SERVER_OPTIONS: dict[str, Any] = {
    "http": "magacin.core.http_protocol:LimitedHttp",
    "access_log": False,
    "log_config": None,
    "proxy_headers": False,
    "server_header": False,
    "timeout_keep_alive": SERVER_KEEP_ALIVE_SECONDS,
    "timeout_graceful_shutdown": GRACEFUL_SECONDS,
}
"""uvicorn's, for whichever sockets a service listens on."""

_CONNECT_SECONDS = 2


def limits(total_seconds: float | None) -> aiohttp.ClientTimeout:
    """Return how long a request may take in all; a server that is gone is known sooner."""
    return aiohttp.ClientTimeout(total=total_seconds, sock_connect=_CONNECT_SECONDS)


def service_client(
    token: SecretStr, *, connections: int = 100, total_seconds: float = 30
) -> aiohttp.ClientSession:
    """Return a session that shows the service token on every request.

    Redirects and cookies are for browsers; a service that answers with one is misconfigured.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections, keepalive_timeout=CLIENT_KEEP_ALIVE_SECONDS, use_dns_cache=True
        ),
        timeout=limits(total_seconds),
        headers={SERVICE_TOKEN_HEADER: token.get_secret_value()},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        json_serialize=lambda value: orjson.dumps(value).decode(),
    )
