"""Statements on the orders that imports held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, RowMapping, Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.held_orders import MOST_REJECTS, HeldQuery, HeldReason, HeldState
from magacin.contracts.order_files import RejectReason
from magacin.imports.models import held_orders, jobs, rejects

_WAITING = held_orders.c.state == HeldState.WAITING
_CLOSED: Mapping[str, Any] = {"decided_at": func.now(), "lines": None, "releasing": False}


class HeldRepository:
    """Orders that were held back, in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, job_id: int, held: Sequence[Mapping[str, Any]]) -> None:
        """Keep orders of a job."""
        if held:
            await self._connection.execute(insert(held_orders), [{"job_id": job_id, **one} for one in held])

    async def supersede(self, job_id: int, numbers: Sequence[str]) -> None:
        """Have what earlier jobs held back of these orders wait no longer: a later one has brought them."""
        older = (
            select(held_orders.c.id)
            .where(
                _WAITING,
                held_orders.c.job_id < job_id,
                held_orders.c.number == func.any(bindparam("numbers", type_=ARRAY(TEXT))),
            )
            .order_by(held_orders.c.id)
            .with_for_update()
        )
        statement = update(held_orders).where(held_orders.c.id.in_(older))
        superseded = statement.values(state=HeldState.SUPERSEDED, **_CLOSED)
        await self._connection.execute(superseded, {"numbers": list(numbers)})

    async def page(self, wanted: HeldQuery) -> Sequence[RowMapping]:
        """Return a page of them by id."""
        statement = (
            _with_file()
            .where(held_orders.c.state == wanted.state, held_orders.c.id > wanted.after)
            .order_by(held_orders.c.id)
            .limit(wanted.limit)
        )
        if wanted.job_id is not None:
            statement = statement.where(held_orders.c.job_id == wanted.job_id)
        found: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return found

    async def get(self, held_id: int) -> RowMapping | None:
        """Return one of them."""
        return await self._one(_with_file().where(held_orders.c.id == held_id))

    async def lock(self, held_id: int) -> RowMapping | None:
        """Return one of them, which nobody changes until the end of the transaction."""
        return await self._one(
            _with_file().where(held_orders.c.id == held_id).with_for_update(of=held_orders)
        )

    async def incomplete(self, job_id: int, after: int, most: int) -> Sequence[RowMapping]:
        """Return orders of a job of which rows were refused, and that wait, behind an id."""
        statement = (
            select(held_orders)
            .where(
                held_orders.c.job_id == job_id,
                _WAITING,
                held_orders.c.reason == HeldReason.INCOMPLETE,
                held_orders.c.id > after,
            )
            .order_by(held_orders.c.id)
            .limit(most)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def job(self, job_id: int) -> RowMapping:
        """Return the import that held it back."""
        return (await self._connection.execute(select(jobs).where(jobs.c.id == job_id))).mappings().one()

    async def rejects(self, job_id: int, number: str) -> Sequence[RowMapping]:
        """Return what is wrong with rows of an order, in their order."""
        statement = (
            select(rejects)
            .where(
                rejects.c.job_id == job_id,
                rejects.c.requisition == number,
                rejects.c.reason != RejectReason.HELD_BACK,
            )
            .order_by(rejects.c.position)
            .limit(MOST_REJECTS)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def change(self, held_id: int, **values: Any) -> None:
        """Change one that waits."""
        await self._connection.execute(
            update(held_orders).where(held_orders.c.id == held_id).values(**values)
        )

    async def close(self, held_id: int, state: HeldState, decided_by: str, **values: Any) -> None:
        """Have one wait no longer."""
        revision = held_orders.c.revision + 1
        await self.change(held_id, state=state, decided_by=decided_by, revision=revision, **_CLOSED, **values)

    async def _one(self, statement: Executable) -> RowMapping | None:
        return (await self._connection.execute(statement)).mappings().one_or_none()


def _with_file() -> Select[Any]:
    return select(held_orders, jobs.c.filename).join(jobs, jobs.c.id == held_orders.c.job_id)
