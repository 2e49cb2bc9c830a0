"""The longest callback on the loops that scans go through, while large bodies come: 10,000 lines, 1 MB.

A gateway and a Task Service run in this process, on the stores of the stack, so that their loop can be
watched. They are uvicorn's, on the loop of asyncio instead of uvloop: the callbacks are the same.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import uvicorn
from fastapi import FastAPI
from pydantic import HttpUrl, SecretStr

from benchmarks.report import Measurement
from benchmarks.stack import BenchStack
from benchmarks.watching import longest_callback
from magacin.contracts.identity import Identity, Role
from magacin.core.security import SERVICE_TOKEN_HEADER
from magacin.gateway.app import create_app as create_gateway
from magacin.gateway.settings import GatewaySettings
from magacin.tasks.app import create_app as create_task_service
from magacin.tasks.settings import TaskSettings

_LINES = 10_000
# What a piece of a sum is that others wait for at most.
_MOST_MILLISECONDS = 50
_ROUNDS = 3
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Large:
    """A request with a large body, or for one."""

    name: str
    method: str
    path: str
    body: Callable[[], bytes | None]


def measure(stack: BenchStack) -> list[Measurement]:
    """Send each request some times, and report the shortest of their longest callbacks.

    What else happens in it, such as a socket that is opened, is no matter of the body.
    """
    return asyncio.run(_measure(stack))


async def _measure(stack: BenchStack) -> list[Measurement]:
    settings: dict[str, Any] = {
        "database_url": SecretStr(stack.secret("database-url")),
        "redis_url": SecretStr(stack.secret("redis-url")),
        "service_token": SecretStr(stack.secret("service-token")),
        "port": 0,
    }
    async with (
        aiohttp.ClientSession() as session,
        _serving(create_task_service(TaskSettings(**settings))) as tasks,
        _serving(create_gateway(_gateway(stack, settings, tasks))) as gateway,
    ):
        bearer = await stack.login(session)
        caller = Identity("admin", Role.SUPERVISOR).headers()
        trusted = {SERVICE_TOKEN_HEADER: stack.secret("service-token"), **caller}
        found = [
            await _longest(session, one, tasks, trusted, "task-service")
            for one in await _to_task_service(session, tasks, trusted)
        ]
        return found + [
            await _longest(session, one, gateway, bearer, "api-gateway") for one in _THROUGH_GATEWAY
        ]


def _gateway(stack: BenchStack, settings: dict[str, Any], tasks: str) -> GatewaySettings:
    key = SecretStr(stack.secret("jwt-key"))
    return GatewaySettings(**settings, jwt_key=key, task_service_url=HttpUrl(tasks))


async def _longest(
    session: aiohttp.ClientSession, large: Large, url: str, headers: dict[str, str], service: str
) -> Measurement:
    found = []
    for _ in range(_ROUNDS):
        body = large.body()
        with longest_callback() as longest:
            await _send(session, large.method, url + large.path, headers, body)
        found.append(longest.seconds)
    what = f"longest callback of {service}: {large.name}"
    return Measurement(what, 1000 * min(found), "ms", at_most=_MOST_MILLISECONDS)


async def _send(
    session: aiohttp.ClientSession, method: str, url: str, headers: dict[str, str], body: bytes | None
) -> bytes:
    headers = headers | {"Content-Type": "application/json"}
    async with session.request(method, url, data=body, headers=headers) as response:
        answer = await response.read()
        if response.status >= 500:
            raise SystemExit(f"{method} {url} answered {response.status}: {answer[:500]!r}")
        return answer


async def _to_task_service(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> list[Large]:
    """Return the requests to the Task Service, of which two read what was made for them."""
    made = orjson.loads(await _send(session, "POST", f"{url}/api/requisitions", headers, _order()))
    wanted = orjson.dumps({"requisition_ids": [made["requisition_id"]]})
    (task,) = orjson.loads(await _send(session, "POST", f"{url}/api/tasks", headers, wanted))
    await _send(session, "POST", f"{url}/api/tasks/{task['task_id']}/claim", headers, None)
    return [
        *_BODIES,
        Large("a batch of 500", "POST", "/api/scans", lambda: _operations(task["task_id"])),
        Large("reading an order", "GET", f"/api/requisitions/{made['requisition_id']}", lambda: None),
        Large("reading a task", "GET", f"/api/tasks/{task['task_id']}", lambda: None),
    ]


def _lines(count: int = _LINES) -> list[dict[str, Any]]:
    return [{"sku": f"CALL{i}", "quantity": 1, "barcode": f"B-CALL{i}"} for i in range(count)]


def _order() -> bytes:
    return orjson.dumps({"number": f"CALL-{uuid.uuid4()}", "lines": _lines()})


def _repeated() -> bytes:
    return orjson.dumps({"number": f"CALL-{uuid.uuid4()}", "lines": [*_lines(_LINES - 1), *_lines(1)]})


def _invalid() -> bytes:
    return orjson.dumps({"number": "CALL", "lines": [{"sku": "", "quantity": 0}] * _LINES})


def _batch() -> bytes:
    orders = [{"number": f"CALL-{uuid.uuid4()}", "lines": _lines(10)} for _ in range(_LINES // 10)]
    job_id = 10**9 + next(_numbers)
    return orjson.dumps({"job_id": job_id, "release": True, "requisitions": orders})


def _operations(task_id: int) -> bytes:
    scan = {"kind": "scan", "task_id": task_id}
    some = [scan | {"code": f"CALL{i}", "operation_id": str(uuid.uuid4())} for i in range(500)]
    return orjson.dumps({"operations": some})


_BODIES = (
    Large("an order", "POST", "/api/requisitions", _order),
    Large("an order with a SKU twice", "POST", "/api/requisitions", _repeated),
    Large("an order of invalid lines", "POST", "/api/requisitions", _invalid),
    Large("a batch of an import", "POST", "/internal/requisitions", _batch),
)
_THROUGH_GATEWAY = (
    Large("an order", "POST", "/api/requisitions", _order),
    Large("an order of invalid lines", "POST", "/api/requisitions", _invalid),
    Large("500 tasks", "GET", "/api/tasks?limit=500", lambda: None),
)


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application on a free port of this process; give its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on", loop="asyncio"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            raise SystemExit("A service of the benchmark stopped while it started.")
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
