"""Replaces the names of people who were erased, a piece at a time, in all that they did.

Wherever this is interrupted, it goes on there; what was replaced before is found replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from multidict import CIMultiDict
from pydantic import ValidationError
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.erasures import Renamed, RenamingIn
from magacin.contracts.imports import RENAME_IN_IMPORTS
from magacin.contracts.tasks.people import RENAME_IN_TASKS
from magacin.core.db import Database
from magacin.core.endpoint import JSON
from magacin.core.errors import DependencyUnavailable
from magacin.core.renaming import InColumns, TooLate, Who, rename, require_in_time
from magacin.gateway.forwarding.upstream import Service
from magacin.gateway.metrics import Upstream
from magacin.gateway.models import (
    api_keys,
    devices,
    erasures,
    live_drills,
    screens,
)
from magacin.gateway.people.erasing import forget

_OWN = (
    InColumns(devices, "enrolled_by", "last_user"),
    InColumns(screens, "paired_by"),
    InColumns(live_drills, "acknowledged_by"),
    InColumns(api_keys, "created_by"),
)
_ELSEWHERE: tuple[tuple[Upstream, Endpoint], ...] = (
    (Upstream.TASKS, RENAME_IN_TASKS),
    (Upstream.IMPORTS, RENAME_IN_IMPORTS),
)
_RENAME_ENTRIES = text("SELECT audit.rename(:former, :pseudonym, :after, :most)")
_COUNT_RENAMED = text(
    "SELECT coalesce(sum((after->>'entries')::bigint), 0) FROM audit.entries"
    " WHERE action = 'audit.renamed' AND subject_kind = 'user' AND subject_id = :pseudonym"
)
_ENTRIES = 2_000
# For as long nobody else goes on with what somebody does, and they may.
_LEASE = timedelta(seconds=30)
# What does not answer is asked again after so long.
_PAUSE = timedelta(seconds=5)


class Eraser:
    """Replaces names that were erased; `step` is for a `BackgroundLoop`, of several processes as well.

    After a round it waits until `settle` has gone by: then no access token from before is good any more, and
    nothing under the name is on its way. It goes round again until a round finds nothing.
    """

    def __init__(self, database: Database, services: Mapping[Upstream, Service], settle: timedelta) -> None:
        self._database = database
        self._services = services
        self._settle = settle
        self._parts = (self._in_gateway, *(_Elsewhere(self, *one) for one in _ELSEWHERE), self._in_log)

    async def step(self) -> bool:
        """Do a portion of an erasure that is due; return whether there was one."""
        claimed = await self._claim()
        if claimed is None:
            return False
        part = self._parts[claimed.part]
        try:
            done = await part(claimed)
        except DependencyUnavailable as error:
            await self._set(claimed, waiting_for=error.dependency, due_at=func.now() + _PAUSE)
            raise
        await self._keep(claimed, done)
        return True

    async def _claim(self) -> Row[Any] | None:
        due = (
            select(erasures.c.id)
            .where(erasures.c.username.is_not(None), erasures.c.due_at <= func.now())
            .order_by(erasures.c.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(erasures)
            .where(erasures.c.id == due.scalar_subquery())
            .values(due_at=func.now() + _LEASE)
            .returning(erasures)
        )
        async with self._database.begin() as connection:
            claimed: Row[Any] | None = (await connection.execute(statement)).one_or_none()
        return claimed

    async def _keep(self, claimed: Row[Any], done: Renamed) -> None:
        """Write down how far it is; whoever else went on meanwhile has done the same."""
        found = claimed.found + done.rows
        values: dict[str, Any] = {
            "found": found,
            "place": done.place,
            "due_at": func.now(),
            "waiting_for": None,
        }
        if done.place is None:
            values["part"] = claimed.part + 1
            if values["part"] == len(self._parts):
                values |= await self._after_a_round(claimed, found)
        await self._set(claimed, **values)

    async def _set(self, claimed: Row[Any], **values: Any) -> None:
        """Write something down, unless all of it was done meanwhile."""
        still = (erasures.c.id == claimed.id) & erasures.c.username.is_not(None)
        async with self._database.begin() as connection:
            await connection.execute(update(erasures).where(still).values(values))

    async def _after_a_round(self, claimed: Row[Any], found: int) -> dict[str, Any]:
        settled = erasures.c.requested_at + self._settle
        is_settled = select(settled <= func.now()).where(erasures.c.id == claimed.id)
        async with self._database.begin() as connection:
            over = await connection.scalar(is_settled)
        if over and not found:
            return {"username": None, "finished_at": func.now()}
        return {"part": 0, "found": 0, "due_at": func.greatest(func.now(), settled)}

    async def _in_gateway(self, claimed: Row[Any]) -> Renamed:
        who = Who(claimed.username, claimed.pseudonym)
        async with self._database.begin() as connection:
            await _require_still(connection, claimed)
            await forget(connection, who.former)
            rows, following = await rename(connection, _OWN, who, claimed.place)
        return Renamed(rows=rows, place=following)

    async def _in_log(self, claimed: Row[Any]) -> Renamed:
        pseudonym = {"pseudonym": claimed.pseudonym}
        after = {"after": int(claimed.place or 0), "most": _ENTRIES}
        values = {"former": claimed.username, **pseudonym, **after}
        async with self._database.begin() as connection:
            await _require_still(connection, claimed)
            before = await connection.scalar(_COUNT_RENAMED, pseudonym) or 0
            last = await connection.scalar(_RENAME_ENTRIES, values)
            rows = (await connection.scalar(_COUNT_RENAMED, pseudonym) or 0) - before
        return Renamed(rows=int(rows), place=None if last is None else str(last))

    async def ask(self, upstream: Upstream, endpoint: Endpoint, wanted: RenamingIn) -> Renamed:
        """Have a service do a portion; raise `DependencyUnavailable` where it cannot now."""
        service = self._services[upstream]
        headers = CIMultiDict({"Content-Type": JSON})
        body = wanted.model_dump_json().encode()
        with service.exchange(repeatable=True) as exchange:
            response = await service.send(endpoint.method, endpoint.path, headers, body, repeatable=True)
            async with response:
                content = await response.read()
            exchange.answered(response.status)
        if response.status != endpoint.status:
            raise DependencyUnavailable(upstream, reason=f"answered with status {response.status}")
        try:
            return Renamed.model_validate_json(content)
        except ValidationError as error:
            raise DependencyUnavailable(upstream, reason="gave an answer that is not understood") from error


class _Elsewhere(NamedTuple):
    """What another service has to do of it."""

    eraser: Eraser
    upstream: Upstream
    endpoint: Endpoint

    async def __call__(self, claimed: Row[Any]) -> Renamed:
        wanted = RenamingIn(
            username=claimed.username,
            pseudonym=claimed.pseudonym,
            place=claimed.place,
            until=claimed.due_at,
        )
        return await self.eraser.ask(self.upstream, self.endpoint, wanted)


async def _require_still(connection: AsyncConnection, claimed: Row[Any]) -> None:
    """Keep the name from becoming free before the commit; raise `TooLate` where it is, or may be soon."""
    await require_in_time(connection, claimed.due_at)
    still = select(erasures.c.id).where(erasures.c.id == claimed.id, erasures.c.username == claimed.username)
    if await connection.scalar(still.with_for_update()) is None:
        raise TooLate("All of it was done meanwhile.")
