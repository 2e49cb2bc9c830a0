"""Connections to the servers of a stack, for everybody outside the services.

How PostgreSQL, Redis and what speaks HTTP are reached is decided here alone: with which password, within
which time, and whether the way is encrypted. None is reached by way of a proxy that the environment names.
"""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

from magacin.stack import logins
from magacin.stack.parts import LOOPBACK, PORTS
from magacin.stack.secrets import APP_ROLE, DATABASE
from magacin.stack.site import Site

# The libraries are loaded by whoever connects, so that other commands start at once.
if TYPE_CHECKING:
    import aiohttp
    import asyncpg
    import redis
    import redis.asyncio

# For whoever wants to know how it is now.
SECONDS = 5.0
# For whoever has work to do.
_CONNECT_SECONDS = 10.0
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PostgresOptions(TypedDict, total=False):
    """Whose session of PostgreSQL it is, where, and how long to wait.

    It connects, and each statement answers, within `seconds`; without, a statement may take for ever.
    """

    role: str
    database: str
    application: str
    password: str
    seconds: float


async def connect_postgres(
    site: Site, **options: Unpack[PostgresOptions]
) -> asyncpg.Connection[asyncpg.Record]:
    """Open a session of a stack's PostgreSQL, which whoever calls closes; the services' own by default.

    Raises one of `postgres_gone()` when the server does not answer, asyncpg.PostgresError when it refuses.
    """
    import asyncpg

    role = options.get("role", APP_ROLE)
    return await asyncpg.connect(
        host=LOOPBACK,
        port=site.port("postgres"),
        user=role,
        password=options.get("password") or site.secrets.password(role),
        database=options.get("database", DATABASE),
        ssl=False,
        timeout=options.get("seconds", _CONNECT_SECONDS),
        command_timeout=options.get("seconds"),
        server_settings={"application_name": options.get("application", "magacin")},
    )


@contextlib.asynccontextmanager
async def postgres(
    site: Site, **options: Unpack[PostgresOptions]
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Give a session as `connect_postgres` opens it, and close it in the end, if the server still is there.

    Should this process be killed, the server ends the session and what it holds.
    """
    connection = await connect_postgres(site, **options)
    try:
        yield connection
    finally:
        with contextlib.suppress(*postgres_gone()):
            await connection.close(timeout=SECONDS)


def postgres_gone() -> tuple[type[Exception], ...]:
    """Return the errors that say that PostgreSQL is not there, went away, or is starting or stopping."""
    import asyncpg

    # Also a time-out is an OSError.
    return OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError


def redis_client(
    site: Site, *, password: str | None = None, seconds: float = SECONDS, decode: bool = False
) -> redis.Redis:
    """Return a client of a stack's Redis, to be closed; with `decode` it answers text instead of bytes.

    It tries once: what it says is how it is, not how it is on the fourth try. An empty `password` is none.
    """
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis(
        **_redis_options(site, password, seconds), decode_responses=decode, retry=Retry(NoBackoff(), 0)
    )


def async_redis_client(site: Site, *, seconds: float = SECONDS) -> redis.asyncio.Redis:
    """Return a client of a stack's Redis for a program that does more than one thing at a time."""
    from redis.asyncio import Redis

    return Redis(**_redis_options(site, None, seconds))


def _redis_options(site: Site, password: str | None, seconds: float) -> dict[str, Any]:
    return {
        "host": LOOPBACK,
        "port": site.port("redis"),
        "password": site.secrets.value("redis-password") if password is None else password or None,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
    }


class Response(NamedTuple):
    """What came back over HTTP."""

    status: int
    content: bytes

    @property
    def text(self) -> str:
        """The content as text, with what is none of it replaced."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """Return the content as JSON; raise ValueError where it is none."""
        return json.loads(self.content)


def http(
    url: str,
    body: bytes | None = None,
    *,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    most: int | None = None,
) -> Response:
    """Ask over HTTP; with a body it is a POST. Every status is an answer. `most` is how many bytes are read.

    Raises OSError (URLError among them) where nobody answers, HTTPException where it is not HTTP, ValueError
    for what is no address.
    """
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)  # noqa: S310  the next line refuses others
    if request.type not in ("http", "https"):
        raise ValueError("the address is none of http or https")
    limit = () if most is None else (most,)
    try:
        with _opener.open(request, timeout=seconds) as answer:
            return Response(answer.status, answer.read(*limit))
    except urllib.error.HTTPError as error:
        # Whatever becomes of its words, the status is the answer.
        with error, contextlib.suppress(OSError, HTTPException):
            return Response(error.code, error.read(*limit))
        return Response(error.code, b"(and broke off)")


def ask(
    site: Site,
    name: str,
    path: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Response:
    """Ask a part of a stack over HTTP, with the login that it wants. Raises as `http` does."""
    known = {**logins.headers(site, name, path), **(headers or {})}
    return http(site.url(name) + path, body, headers=known, seconds=seconds)


def http_session(
    *, total: float | None, read: float | None = None, site: Site | None = None
) -> aiohttp.ClientSession:
    """Return a session for many requests at a time, each within `total` seconds.

    `read` is how many of them the other side may be silent. With `site`, the parts of that stack are asked
    with the login that they want.
    """
    import aiohttp

    return aiohttp.ClientSession(
        middlewares=() if site is None else (_logged_in(site),),
        timeout=aiohttp.ClientTimeout(total=total, sock_connect=SECONDS, sock_read=read),
        connector=aiohttp.TCPConnector(limit=0),
    )


def _logged_in(site: Site) -> aiohttp.ClientMiddlewareType:
    names = {site.port(name): name for name in PORTS}

    async def logged_in(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        name = names.get(request.url.port or 0) if request.url.host == LOOPBACK else None
        if name is not None and "Authorization" not in request.headers:
            request.headers.update(logins.headers(site, name, request.url.path))
        return await handler(request)

    return logged_in
