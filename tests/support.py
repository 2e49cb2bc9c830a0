"""What tests of several services use."""

from __future__ import annotations

import asyncio
import functools
import os
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import socketio  # type: ignore[import-untyped]  # it comes without types
import uvicorn
from fastapi import FastAPI
from pydantic import TypeAdapter
from sqlalchemy import MetaData, func, select
from typer.core import TyperGroup

from magacin.cli.main import build
from magacin.contracts import api
from magacin.contracts.identity import Identity, Role
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.http import SERVER_KEEP_ALIVE_SECONDS, SERVER_OPTIONS
from magacin.core.security import SERVICE_TOKEN_HEADER
from magacin.core.service import State, state_of
from magacin.stack import ports
from tests.conftest import SERVICE_TOKEN


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve `app` by a real uvicorn on a free port of this process; give its URL."""
    async with _running(app) as (url, _):
        yield url


@asynccontextmanager
async def served(app: FastAPI, kind: type[State]) -> AsyncIterator[tuple[str, State]]:
    """Do the same; give the URL, and what the service opened when it started."""
    async with _running(app) as (url, server):
        yield url, state_of({"state": server.lifespan.state}, kind)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            log_config=None,
            lifespan="on",
            http=SERVER_OPTIONS["http"],
            timeout_keep_alive=SERVER_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=5,
        )
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("the server stopped while starting")
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        await task


def offsets(worker: int) -> range:
    """Return the port offsets at which a worker of pytest may start stacks.

    All ports are below those that the system hands out to clients, where one may be taken at any moment.
    Between looking and listening time passes as well: no two workers have a port in common.
    """
    return range(10_000 + 123 * worker, 23_000, 500)


def free_offset(worker: int | None = None) -> int:
    """Return an offset at which all ports of a stack are free now, and which no other worker takes.

    A pytest without workers, as the drills' are, runs beside another's: its number is one they never have.
    From 7 on are the workers in `tests/e2e`, which are called like the others.
    """
    if worker is None:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw5").removeprefix("gw"))
    candidates = offsets(worker)
    # In any order: somebody else's tests, in another checkout, may be looking at this moment, too.
    found = ports.free_offset(random.sample(candidates, len(candidates)))
    assert found is not None, "no offset has all its ports free"
    return found


class Caller:
    """Calls a service as the gateway does, on behalf of a person."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "ana",
        role: Role = Role.WORKER,
        **options: Any,
    ) -> tuple[int, Any]:
        headers = self.headers(user, role) | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        async with self._session.request(method, self.url + path, headers=headers, **options) as response:
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            answer = await response.json() if is_json else text
        _require_declared(f"{method} {path}", response.status, answer)
        return response.status, answer

    async def if_changed(
        self, path: str, tag: str = "", *, user: str = "ana", role: Role = Role.WORKER
    ) -> tuple[int, str, bytes]:
        """Ask for what differs from the answer with this tag; return status, tag and body."""
        headers = self.headers(user, role) | ({"If-None-Match": tag} if tag else {})
        async with self._session.get(self.url + path, headers=headers) as response:
            return response.status, response.headers["ETag"], await response.read()

    async def metrics(self) -> str:
        """Return the metrics page."""
        status, page = await self("GET", "/metrics")
        assert status == 200, page
        return str(page)

    def at(self, url: str) -> Caller:
        """Return one that calls another process of the service."""
        return Caller(self._session, url)

    def headers(self, user: str = "ana", role: Role = Role.WORKER) -> dict[str, str]:
        """Return what the gateway would send along."""
        return {SERVICE_TOKEN_HEADER: SERVICE_TOKEN, **Identity(user, role).headers()}


class SocketClient(socketio.AsyncClient):  # type: ignore[misc]  # its base has no types
    """A Socket.IO client that waits for its connection: the library's gives up after a second.

    Where it is refused it leaves nothing open, either.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"request_timeout": 60} | options))

    async def connect(self, url: str, **options: Any) -> None:
        try:
            await super().connect(url, **({"wait_timeout": 60} | options))
        except socketio.exceptions.ConnectionError:
            if self.eio.http is not None and not self.eio.external_http:
                await self.eio.http.close()
            raise


_PATHS = {
    re.compile(f"{one.method} " + re.sub(r"{\w+}", "[^/]+", one.template)): one
    for one in (*api.TASKS, *api.IMPORTS)
}


def _require_declared(request: str, status: int, answer: Any) -> None:
    """Fail when a service answers a success that its endpoint does not declare."""
    for path, endpoint in _PATHS.items():
        if status < 400 and path.fullmatch(request.partition("?")[0]):
            is_trial = endpoint.trial is not None and status == 200
            declared = 200 if is_trial else endpoint.status
            assert status == declared, f"{endpoint} answers {status}, and declares {declared}"
            if (model := endpoint.trial if is_trial else endpoint.answer) is not None:
                _adapter(model).validate_python(answer)


@functools.cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    """Make what validates a model once: of a list of models it takes longer than the answer."""
    return TypeAdapter(model)


# To truncate twenty tables takes sixty milliseconds, as they and their indexes get new files; to delete a
# few rows takes two. The locks are the same, so that who still writes is waited for, and no trigger is asked.
# Deleted rows stay in the files: of a test with many of them, the next one gets rid in the other way.
_EMPTY = """
DO $$
DECLARE
    emptied regclass[] := ARRAY[{names}]::regclass[];
BEGIN
    -- Whoever follows the ledger holds some of them and waits for others: two would wait for each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('tasks.reports', 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('tasks.closing', 0));
    LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;
    IF (SELECT max(pg_relation_size(one)) FROM unnest(emptied) AS one) > 1 << 20 THEN
        TRUNCATE {tables};
    ELSE
        SET LOCAL session_replication_role = replica;
        {deletes}
    END IF;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE EXISTS (
        SELECT FROM pg_depend WHERE objid = seqrelid AND refobjid = ANY (emptied)
    );
END $$
"""


async def empty_tables(database: Database, metadata: MetaData) -> None:
    """Empty the tables of a service, and start their ids at 1 again."""
    await empty(database, [f"{table.schema}.{table.name}" for table in metadata.sorted_tables])


async def empty(database: Database, tables: Sequence[str]) -> None:
    """Do so with tables that are named with their schema."""
    statement = _EMPTY.format(
        tables=", ".join(tables),
        names=", ".join(f"'{table}'" for table in tables),
        deletes=" ".join(f"DELETE FROM {table};" for table in tables),
    )
    async with database.begin() as connection:
        await connection.exec_driver_sql(statement)


def sample(page: str, series: str) -> float:
    """Return the value on the first line of a metrics page that begins with `series`."""
    found = [line for line in page.splitlines() if line.startswith(series)]
    assert found, f"there is no {series} on the page that begins with {page[:200]!r}"
    return float(found[0].rpartition(" ")[2])


def parse_command(arguments: Sequence[str]) -> None:
    """Parse what stands after `./magacin`, and run nothing; raise what it would say of a wrong option."""
    name, *rest = arguments
    if name.startswith("-"):
        return
    group = cast(TyperGroup, build(name))
    context = group.make_context("magacin", [], resilient_parsing=True)
    command = group.get_command(context, name)
    assert command is not None, f"./magacin {name} does not exist"
    while isinstance(command, TyperGroup) and rest and (found := command.get_command(context, rest[0])):
        command, rest = found, rest[1:]
    # A bare name is how a sentence speaks of a command.
    if rest and "--help" not in rest:
        command.make_context(name, list(rest))


async def audited(database: Database, since: int = 0) -> list[dict[str, Any]]:
    """Return what the audit log has after an entry, in its order."""
    async with database.begin() as connection:
        statement = select(audit.entries).where(audit.entries.c.id > since).order_by(audit.entries.c.id)
        return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def last_audited(database: Database) -> int:
    """Return the id of the newest entry, 0 for none."""
    async with database.begin() as connection:
        return await connection.scalar(select(func.max(audit.entries.c.id))) or 0
