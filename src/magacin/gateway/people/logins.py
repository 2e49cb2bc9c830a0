"""The logins of a person that go on, for administrators: which there are, and ending them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.auth import OpenLogin
from magacin.contracts.identity import Identity
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import NotFound
from magacin.gateway.models import devices, refresh_tokens
from magacin.gateway.people.users import Users, end_access

_REASON = "ended by an administrator"


class LoginNotFound(NotFound):
    """The person has no such login, or not any more."""

    code = "login_not_found"


class Logins:
    """Lists logins and ends them, each call in a transaction of its own."""

    def __init__(self, database: Database, users: Users) -> None:
        self._database = database
        self._users = users

    async def of(self, username: str) -> list[OpenLogin]:
        """Return where somebody is logged in, the last used first; raise `NotFound`."""
        await self._users.known(username)
        async with self._database.begin() as connection:
            rows = await _open(connection, username)
        return [OpenLogin.model_validate(dict(row)) for row in rows]

    async def end(self, by: Identity, username: str, login_id: UUID) -> int:
        """End one login; raise `LoginNotFound`. Returns the person's new generation."""
        async with self._users.changing(username) as (connection, _row):
            rows = [row for row in await _open(connection, username) if row["login_id"] == login_id]
            if not rows:
                raise LoginNotFound(f"{username} has no such login, or not any more.")
            return await _end(connection, by, username, rows)

    async def end_all(self, by: Identity, username: str) -> int:
        """End all logins. Where there is none that is no error. Returns the person's new generation."""
        async with self._users.changing(username) as (connection, _row):
            return await _end(connection, by, username, await _open(connection, username))


async def _open(connection: AsyncConnection, username: str) -> list[RowMapping]:
    ends_at = func.max(refresh_tokens.c.expires_at)
    renewed_at = func.max(refresh_tokens.c.used_at)
    login_id = refresh_tokens.c.family.label("login_id")
    statement = (
        select(
            login_id,
            refresh_tokens.c.method,
            devices.c.name.label("device"),
            renewed_at.label("renewed_at"),
            ends_at.label("ends_at"),
        )
        .outerjoin(devices, devices.c.device_id == refresh_tokens.c.device_id)
        .where(
            refresh_tokens.c.username == username,
            refresh_tokens.c.expires_at > func.now(),
            # On a device that was ended no login goes on.
            devices.c.ended_at.is_(None),
        )
        .group_by(login_id, refresh_tokens.c.method, devices.c.name)
        .order_by(ends_at.desc(), login_id)
    )
    return [*(await connection.execute(statement)).mappings()]


async def _end(connection: AsyncConnection, by: Identity, username: str, logins: list[RowMapping]) -> int:
    ended = [row["login_id"] for row in logins]
    await connection.execute(
        delete(refresh_tokens).where(
            refresh_tokens.c.username == username, refresh_tokens.c.family.in_(ended)
        )
    )
    entries = [
        audit.Entry(
            Action.LOGIN_ENDED,
            "user",
            username,
            before={"method": row["method"], "device": row["device"]},
            after={"reason": _REASON},
        )
        for row in logins
    ]
    if entries:
        await audit.record(connection, by, *entries)
    # Which login an access token is of does not stand in it: the others ask for new ones by themselves.
    return await end_access(connection, username)
