"""The people who may log in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.auth import User, UserChange
from magacin.contracts.identity import USERNAME_PATTERN, Role
from magacin.core.db import Database
from magacin.core.errors import Conflict, NotFound, Unprocessable
from magacin.gateway.models import refresh_tokens, users
from magacin.gateway.people.passwords import Passwords

_CHANGES_LOCK = 0x6D61_6761_7573
_USERNAME = re.compile(USERNAME_PATTERN)


class UserExists(Conflict):
    """The name is taken."""

    code = "user_exists"


class LastAdmin(Conflict):
    """Nobody would be left who can manage users."""

    code = "last_admin"


class UnknownWorkers(Unprocessable):
    """A task was given to people who do not exist or may not log in."""

    code = "unknown_workers"


def is_username(text: str) -> bool:
    """Tell whether somebody could be called that; what could not is never asked of the database."""
    return _USERNAME.fullmatch(text) is not None


class Users:
    """Creates, changes and looks up users, each call in a transaction of its own."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def add(self, username: str, role: Role, password: SecretStr) -> User:
        """Create a user; raise `UserExists` when the name is taken."""
        values = {"username": username, "role": role, "password_hash": await self._passwords.hash(password)}
        statement = insert(users).values(values).on_conflict_do_nothing().returning(users.c.username)
        async with self._database.begin() as connection:
            if await connection.scalar(statement) is None:
                raise UserExists(f"There is already a user {username}.", details={"username": username})
        return User(username=username, role=role, active=True)

    async def all(self) -> list[User]:
        """Return all users by name."""
        async with self._database.begin() as connection:
            rows = (await connection.execute(select(users).order_by(users.c.username))).mappings()
            return [_user(row) for row in rows]

    async def find(self, username: str) -> RowMapping | None:
        """Return the row of a user."""
        if not is_username(username):
            return None
        async with self._database.begin() as connection:
            result = await connection.execute(select(users).where(users.c.username == username))
            return result.mappings().one_or_none()

    async def change(self, username: str, change: UserChange) -> tuple[User, int]:
        """Change what is given; return the user and their new generation.

        Access tokens given out before end. A deactivation or a new password ends all logins for good.
        """
        values: dict[str, Any] = change.model_dump(exclude_none=True, exclude={"password"})
        if change.password is not None:
            values["password_hash"] = await self._passwords.hash(change.password)
        async with self._database.begin() as connection:
            row = await self._locked(connection, username)
            if row["role"] == Role.ADMIN and row["active"]:
                await _require_other_admin(connection, username, values)
            if values:
                row = await _update(connection, username, values)
            if change.password is not None or change.active is False:
                await connection.execute(refresh_tokens.delete().where(refresh_tokens.c.username == username))
        return _user(row), row["generation"]

    async def require_active(self, usernames: Iterable[str]) -> None:
        """Raise `UnknownWorkers`, naming them, unless each is an active user."""
        wanted = set(usernames)
        known = {name for name in wanted if is_username(name)}
        statement = select(users.c.username).where(users.c.username.in_(known), users.c.active)
        async with self._database.begin() as connection:
            active = set((await connection.execute(statement)).scalars())
        if missing := sorted(wanted - active):
            raise UnknownWorkers(
                f"There is no active user called {', '.join(missing)}.", details={"unknown": missing}
            )

    async def changed_within(self, period: timedelta) -> dict[str, int]:
        """Return the generations of the users who were changed in the last `period`."""
        statement = select(users.c.username, users.c.generation).where(
            users.c.changed_at > func.now() - period, users.c.generation > 1
        )
        async with self._database.begin() as connection:
            return {row.username: row.generation for row in await connection.execute(statement)}

    async def replace_hash(self, username: str, old: str, password: SecretStr) -> None:
        """Store a hash made with today's parameters, unless the password was changed meanwhile."""
        statement = (
            update(users)
            .where(users.c.username == username, users.c.password_hash == old)
            .values(password_hash=await self._passwords.hash(password))
        )
        async with self._database.begin() as connection:
            await connection.execute(statement)

    async def _locked(self, connection: AsyncConnection, username: str) -> RowMapping:
        row = None
        if is_username(username):
            # One change at a time: two admins who deactivate each other would both see another one.
            await connection.execute(select(func.pg_advisory_xact_lock(_CHANGES_LOCK)))
            statement = select(users).where(users.c.username == username).with_for_update()
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            raise NotFound("There is no such user.", details={"username": username[:64]})
        return row


async def _update(connection: AsyncConnection, username: str, values: dict[str, Any]) -> RowMapping:
    statement = (
        update(users)
        .where(users.c.username == username)
        .values(**values, generation=users.c.generation + 1, changed_at=func.now())
        .returning(users)
    )
    row: RowMapping = (await connection.execute(statement)).mappings().one()
    return row


async def _require_other_admin(connection: AsyncConnection, username: str, values: dict[str, Any]) -> None:
    if values.get("active", True) and values.get("role", Role.ADMIN) == Role.ADMIN:
        return
    others = select(users.c.username).where(
        users.c.role == Role.ADMIN, users.c.active, users.c.username != username
    )
    if (await connection.execute(others)).first() is None:
        raise LastAdmin("This is the last active admin; make somebody else one first.")


def _user(row: RowMapping) -> User:
    return User(username=row["username"], role=row["role"], active=row["active"])
