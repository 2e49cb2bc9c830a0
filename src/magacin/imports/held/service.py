"""What becomes of an order that was held back: somebody releases or discards it, as they have seen it.

A release is sent to the Task Service without a transaction that waits for the answer. That it is under way is
noted before, and the Task Service gives the same job the same answer again: where the answer was lost, the
next decision finds out what came of it.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import aiohttp
import orjson
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.held_orders import (
    MOST_DIFFERENCES,
    MOST_LINES,
    HeldLine,
    HeldOrder,
    HeldOrderDetails,
    HeldQuery,
    HeldState,
)
from magacin.contracts.imports import Reject
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.requisitions import (
    ComparedRequisition,
    Difference,
    Hindrance,
    RequisitionOutcome,
)
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import AppError
from magacin.imports import sending
from magacin.imports.duplicates import hindered, listed
from magacin.imports.errors import (
    HeldOrderChanged,
    HeldOrderHindered,
    HeldOrderNotFound,
    HeldOrderRefused,
)
from magacin.imports.held.repository import HeldRepository

_DECIDED = {
    HeldState.RELEASED: "was released",
    HeldState.DISCARDED: "was discarded",
    HeldState.SUPERSEDED: "came again with a later file",
}


async def page(connection: AsyncConnection, wanted: HeldQuery) -> Page[HeldOrder]:
    """Return a page of them, what has waited longest first."""
    rows = await HeldRepository(connection).page(wanted)
    return Page.of([_held(row) for row in rows], wanted.limit, lambda: rows[-1]["id"])


async def get(connection: AsyncConnection, held_id: int) -> HeldOrderDetails:
    """Return one with what is in it; raise `HeldOrderNotFound`."""
    repository = HeldRepository(connection)
    row = _found(await repository.get(held_id), held_id)
    lines = orjson.loads(row["lines"] or "[]")[:MOST_LINES]
    wrong = await repository.rejects(row["job_id"], row["number"])
    return HeldOrderDetails(
        **dict(_held(row, most=MOST_LINES)),
        lines=[HeldLine.model_validate(line) for line in lines],
        rejects=[Reject.model_validate({**one, "file": row["filename"]}) for one in wrong],
    )


async def compare_incomplete(
    database: Database, client: aiohttp.ClientSession, url: str, job_id: int, *, orders: int, lines: int
) -> None:
    """Find out which orders of a job that were held back are there already, and how they differ.

    They are asked about some at a time: so many orders with so many lines, or one. Raises
    `DependencyUnavailable` where the Task Service does not answer. Safe to do again.
    """
    after = 0
    while True:
        async with database.begin() as connection:
            rows = await HeldRepository(connection).incomplete(job_id, after, orders)
        if not rows:
            return
        totals = accumulate(row["line_count"] for row in rows)
        some = rows[: max(1, sum(total <= lines for total in totals))]
        after = some[-1]["id"]
        try:
            found = await sending.compare(client, url, some, replace=True)
        except sending.BatchRefused:
            # It is in the log, and whoever releases one of them is told.
            continue
        async with database.begin() as connection:
            for row, one in zip(some, found, strict=True):
                if one.outcome is not RequisitionOutcome.CREATED and not row["is_there"]:
                    await _keep(connection, row["id"], one)


class Releaser:
    """Decides on orders that were held back, for whoever asks."""

    def __init__(self, database: Database, client: aiohttp.ClientSession, task_service_url: str) -> None:
        self._database = database
        self._client = client
        self._url = task_service_url

    async def release(self, held_id: int, revision: int, by: audit.Actor) -> HeldOrder:
        """Import one after all.

        Raises `HeldOrderNotFound`; `HeldOrderChanged` where it, or what is there, is not as it was seen, and
        `HeldOrderHindered` where somebody has begun with what is there: both have how it is now; and
        `DependencyUnavailable` where the Task Service does not answer.
        """
        async with self._database.begin() as connection:
            repository = HeldRepository(connection)
            row = _as_seen(await repository.lock(held_id), held_id, revision)
            job = await repository.job(row["job_id"])
            await repository.change(held_id, releasing=True)
        seen = row["differences"] if row["is_there"] else None
        try:
            result = await sending.release(self._client, self._url, job, row, seen)
        except sending.BatchRefused as refused:
            async with self._database.begin() as connection:
                await HeldRepository(connection).change(held_id, releasing=False)
            raise HeldOrderRefused(
                f"{row['number']} was not released: the Task Service does not take it. The log says why."
            ) from refused
        if result.outcome is RequisitionOutcome.DUPLICATE and result.differences:
            raise await self._stays(held_id, revision, result)
        return await self._released(held_id, result.outcome, by)

    async def discard(self, held_id: int, revision: int, by: audit.Actor) -> HeldOrder:
        """Leave everything as it is; raises what `release` does."""
        async with self._database.begin() as connection:
            row = _as_seen(await HeldRepository(connection).lock(held_id), held_id, revision)
        if row["releasing"]:
            await self._require_not_released(row)
        async with self._database.begin() as connection:
            repository = HeldRepository(connection)
            row = _as_seen(await repository.lock(held_id), held_id, revision)
            await repository.close(held_id, HeldState.DISCARDED, by.username)
            await audit.record(connection, by, _entry(Action.HELD_DISCARDED, row))
            return _held(_found(await repository.get(held_id), held_id))

    async def _released(self, held_id: int, outcome: RequisitionOutcome, by: audit.Actor) -> HeldOrder:
        """Note what has happened, also where somebody has discarded it while it did."""
        async with self._database.begin() as connection:
            repository = HeldRepository(connection)
            row = _found(await repository.lock(held_id), held_id)
            if row["state"] == HeldState.RELEASED:
                raise _decided(_held(row))
            await repository.close(held_id, HeldState.RELEASED, by.username, outcome=outcome.value)
            await audit.record(connection, by, _entry(Action.HELD_RELEASED, row, outcome=outcome.value))
            return _held(_found(await repository.get(held_id), held_id))

    async def _stays(self, held_id: int, revision: int, result: ComparedRequisition) -> AppError:
        """Keep how it is now, and return what says so."""
        async with self._database.begin() as connection:
            _as_seen(await HeldRepository(connection).lock(held_id), held_id, revision)
            now = await _look(connection, held_id, result)
        if result.hindrance in (Hindrance.CHANGED, None):
            return _changed(now)
        return HeldOrderHindered(hindered(now.number, result.hindrance), now)

    async def _require_not_released(self, row: RowMapping) -> None:
        """Raise `HeldOrderChanged` where a release of which the answer was lost has come to something."""
        [there] = await sending.compare(self._client, self._url, [row], replace=True)
        is_there = there.outcome is not RequisitionOutcome.CREATED
        seen = [Difference.model_validate(one) for one in row["differences"]]
        if is_there == row["is_there"] and there.differences == seen:
            return
        async with self._database.begin() as connection:
            _as_seen(await HeldRepository(connection).lock(row["id"]), row["id"], row["revision"])
            now = await _look(connection, row["id"], there)
        raise _changed(now)


async def _look(connection: AsyncConnection, held_id: int, found: ComparedRequisition) -> HeldOrder:
    """Keep what is there now, and return how the order is: whoever saw it before has to look again."""
    repository = HeldRepository(connection)
    row = _found(await repository.get(held_id), held_id)
    await _keep(connection, held_id, found, revision=row["revision"] + 1, releasing=False)
    return _held(_found(await repository.get(held_id), held_id))


async def _keep(connection: AsyncConnection, held_id: int, found: ComparedRequisition, **more: Any) -> None:
    await HeldRepository(connection).change(
        held_id,
        is_there=found.outcome is not RequisitionOutcome.CREATED,
        differences=[one.model_dump(mode="json") for one in found.differences],
        hindrance=None if found.hindrance in (Hindrance.CHANGED, None) else found.hindrance.value,
        **more,
    )


def _changed(now: HeldOrder) -> HeldOrderChanged:
    differs = [Difference.model_validate(one) for one in now.differences]
    said = f"it differs now: {listed(differs)}" if differs else "it is there with this content now"
    return HeldOrderChanged(
        f"{now.number} has changed since it was looked at: {said}. Nothing was done. Look at it again.", now
    )


def _decided(now: HeldOrder) -> HeldOrderChanged:
    by = f" by {now.decided_by}" if now.decided_by else ""
    return HeldOrderChanged(f"{now.number} {_DECIDED[now.state]}{by} meanwhile. Nothing was done.", now)


def _found(row: RowMapping | None, held_id: int) -> RowMapping:
    if row is None:
        raise HeldOrderNotFound(held_id)
    return row


def _as_seen(row: RowMapping | None, held_id: int, revision: int) -> RowMapping:
    """Return one that waits and is as somebody has seen it; raise `HeldOrderChanged` for any other."""
    row = _found(row, held_id)
    now = _held(row)
    if now.state is not HeldState.WAITING:
        raise _decided(now)
    if now.revision != revision:
        raise _changed(now)
    return row


def _entry(action: Action, row: RowMapping, **what: str) -> audit.Entry:
    found = [Difference.model_validate(one) for one in row["differences"]]
    before = {"differs": listed(found)} if found else None
    after = {"number": row["number"], "reason": row["reason"], **what}
    return audit.Entry(action, "import", row["job_id"], before, after)


def _held(row: RowMapping, most: int = MOST_DIFFERENCES) -> HeldOrder:
    differences: list[Any] = row["differences"]
    told = {**row, "held_id": row["id"], "difference_count": len(differences)}
    return HeldOrder.model_validate({**told, "differences": differences[:most]})
