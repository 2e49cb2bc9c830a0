"""Asks each part whether it can do its job, in its own protocol."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.error import URLError

from magacin.stack import clients
from magacin.stack.parts import Part, ProbeKind
from magacin.stack.site import Site


class Answer(NamedTuple):
    """What a probe found; `detail` says what is wrong."""

    healthy: bool
    detail: str = ""


def probe(part: Part, site: Site) -> Answer:
    """Ask one part. A part that cannot be reached is an answer, not an error."""
    return _PROBES[part.probe](part, site)


def probe_all(parts: Iterable[Part], site: Site) -> dict[str, Answer]:
    """Ask several parts at once."""
    chosen = list(parts)
    if not chosen:
        return {}
    with ThreadPoolExecutor(len(chosen)) as pool:
        return dict(zip((p.name for p in chosen), pool.map(lambda p: probe(p, site), chosen), strict=True))


def _http(part: Part, site: Site) -> Answer:
    try:
        answer = clients.ask(site, part.name, part.health)
    except (OSError, http.client.HTTPException) as error:
        return Answer(False, f"no answer on {part.health} ({_reason(error)})")
    if answer.status != 200:
        return Answer(False, f"{part.health} answers {answer.status}{failing_checks(answer.text)}")
    if part.expects is not None and part.expects not in answer.text.splitlines():
        return Answer(False, f"it cannot reach {part.watches} ({part.expects} is missing)")
    return Answer(True)


def failing_checks(body: str) -> str:
    """Return `: name (reason), …` for the checks that a service's health report calls failing."""
    try:
        checks = json.loads(body)["checks"].items()
        failing = [f"{n} ({c.get('reason', '')})" for n, c in checks if c["status"] != "ok"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return f": {', '.join(failing)}" if failing else ""


def _postgres(_: Part, site: Site) -> Answer:
    try:
        asyncio.run(_select_one(site))
    except (OSError, TimeoutError) as error:
        return Answer(False, f"no connection ({_reason(error)})")
    except Exception as error:  # noqa: BLE001  asyncpg's errors have no base but Exception; each means "not healthy"
        return Answer(False, f"{type(error).__name__}: {error}")
    return Answer(True)


async def _select_one(site: Site) -> None:
    async with clients.postgres(site, seconds=clients.SECONDS) as connection:
        await connection.fetchval("SELECT 1")


def _redis(_: Part, site: Site) -> Answer:
    import redis

    try:
        with clients.redis_client(site) as client:
            client.ping()
    except redis.ConnectionError as error:
        return Answer(False, f"no connection ({_reason(error.__cause__ or error)})")
    except redis.RedisError as error:
        return Answer(False, f"{type(error).__name__}: {error}")
    return Answer(True)


def _reason(error: BaseException) -> str:
    if isinstance(error, URLError) and isinstance(error.reason, OSError):
        error = error.reason
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens"
    return str(error) or type(error).__name__


_PROBES: Mapping[ProbeKind, Callable[[Part, Site], Answer]] = {
    "http": _http,
    "postgres": _postgres,
    "redis": _redis,
}
