"""Erasing people: who they were goes at once.

What is left of them is a pseudonym, under which all figures stay as they are (docs/decisions/0149). The name
goes from all that they did a piece at a time, see eraser.py.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, RowMapping, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.erasures import Erasure, ErasureIn
from magacin.contracts.identity import Role
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import Conflict, NotFound, Unprocessable
from magacin.gateway.models import (
    device_queues,
    devices,
    erasures,
    pin_failures,
    refresh_tokens,
    users,
)
from magacin.gateway.people.users import Users, require_other_admin

_NEXT_NUMBER = text("SELECT nextval(pg_get_serial_sequence('gateway.erasures', 'id'))")
_ADD = text(
    "INSERT INTO gateway.erasures (id, username, pseudonym) OVERRIDING SYSTEM VALUE"
    " VALUES (:id, :username, :pseudonym) RETURNING *"
)


class NotConfirmed(Unprocessable):
    """Another name was typed than that of the person."""

    code = "name_differs"


class OwnUser(Conflict):
    """Nobody erases themself."""

    code = "own_user"


class StillActive(Conflict):
    """Only who may not log in any more is erased."""

    code = "user_active"


class OperationsWaiting(Conflict):
    """A device holds what the person scanned and did not send yet."""

    code = "operations_waiting"


class Erasures:
    """Begins to erase people, and says who was; each call in a transaction of its own."""

    def __init__(self, database: Database, users_: Users) -> None:
        self._database = database
        self._users = users_

    async def all(self) -> list[Erasure]:
        """Return who was erased, the last one first."""
        statement = select(erasures).order_by(erasures.c.id.desc())
        async with self._database.begin() as connection:
            return [_erasure(row) for row in await connection.execute(statement)]

    async def begin(self, by: audit.Actor, username: str, wanted: ErasureIn) -> Erasure:
        """Have somebody erased: they are nobody from now on. What goes on already is answered the same.

        Raises `NotFound`, `NotConfirmed`, `OwnUser`, `LastAdmin`, `StillActive` or `OperationsWaiting`.
        """
        if wanted.username != username:
            raise NotConfirmed(
                f"The name in the body is not that of the path, {username[:64]}: nobody was erased."
            )
        if by.username == username:
            raise OwnUser("Nobody erases themself. Another administrator has to.")
        try:
            return await self._begin(by, username)
        except NotFound:
            # Asked for twice, perhaps at once: the second one finds nobody any more.
            if (present := await self._present(username)) is not None:
                return present
            raise

    async def _begin(self, by: audit.Actor, username: str) -> Erasure:
        async with self._users.changing(username) as (connection, row):
            await _require_gone(connection, row)
            await _require_nothing_waits(connection, username)
            await forget(connection, username)
            made = await _add(connection, username)
            await audit.record(connection, by, audit.Entry(Action.USER_ERASED, "user", made.pseudonym))
        return _erasure(made)

    async def _present(self, username: str) -> Erasure | None:
        statement = select(erasures).where(erasures.c.username == username)
        async with self._database.begin() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _erasure(row)


async def _require_gone(connection: AsyncConnection, row: RowMapping) -> None:
    """Raise `LastAdmin` or `StillActive` where somebody may still log in."""
    if not row["active"]:
        return
    if row["role"] == Role.ADMIN:
        await require_other_admin(connection, row["username"], {"active": False})
    raise StillActive(f"{row['username']} may still log in. Deactivate them first.")


async def _require_nothing_waits(connection: AsyncConnection, username: str) -> None:
    """Raise `OperationsWaiting` where a device that is not ended said that it holds something of theirs."""
    statement = (
        select(devices.c.name)
        .join(device_queues, device_queues.c.device_id == devices.c.device_id)
        .where(device_queues.c.username == username, device_queues.c.queued > 0, devices.c.ended_at.is_(None))
        .order_by(devices.c.name)
    )
    if names := list((await connection.execute(statement)).scalars()):
        raise OperationsWaiting(
            f"Scans of {username} are still on {', '.join(names)}, and nobody could send them afterwards. "
            "Have a supervisor hand them in there, or end the device.",
            details={"devices": names},
        )


async def forget(connection: AsyncConnection, username: str) -> None:
    """Remove who somebody was, and by what they logged in."""
    for table in (refresh_tokens, pin_failures, device_queues, users):
        await connection.execute(delete(table).where(table.c.username == username))


async def _add(connection: AsyncConnection, username: str) -> Row[Any]:
    while True:
        number = await connection.scalar(_NEXT_NUMBER)
        pseudonym = f"erased-{number}"
        # From before it was kept free, somebody may be called that.
        taken = select(users.c.username).where(users.c.username == pseudonym)
        if (await connection.execute(taken)).first() is None:
            break
    values = {"id": number, "username": username, "pseudonym": pseudonym}
    return (await connection.execute(_ADD, values)).one()


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        pseudonym=row.pseudonym,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        waiting_for=row.waiting_for,
    )
