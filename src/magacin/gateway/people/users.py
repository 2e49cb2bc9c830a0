"""The people who may log in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.auth import User, UserChange
from magacin.contracts.devices import Worker
from magacin.contracts.erasures import PSEUDONYM_PATTERN
from magacin.contracts.identity import USERNAME_PATTERN, Identity, Role
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import Conflict, Forbidden, NotFound, Unprocessable
from magacin.gateway.metrics import AuthMethod
from magacin.gateway.models import erasures, refresh_tokens, users
from magacin.gateway.people.errors import UserInactive
from magacin.gateway.people.passwords import Passwords

_CHANGES_LOCK = 0x6D61_6761_7573
_USERNAME = re.compile(USERNAME_PATTERN)
_PSEUDONYM = re.compile(PSEUDONYM_PATTERN)
_PROOFS = {
    (AuthMethod.PIN, True): Action.PIN_SET,
    (AuthMethod.PIN, False): Action.PIN_REMOVED,
    (AuthMethod.BADGE, True): Action.BADGE_MADE,
    (AuthMethod.BADGE, False): Action.BADGE_ENDED,
}


class UserExists(Conflict):
    """The name is taken."""

    code = "user_exists"


class NameBeingErased(Conflict):
    """Somebody of that name is being erased; until it is done, the name would be two people's."""

    code = "name_being_erased"


class LastAdmin(Conflict):
    """Nobody would be left who can manage users."""

    code = "last_admin"


class NameKeptFree(Unprocessable):
    """Such names have only people who were erased."""

    code = "name_kept_free"


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

    async def add(self, by: audit.Actor, username: str, role: Role, password: SecretStr) -> User:
        """Create a user; raise `UserExists`, `NameBeingErased`, or `NameKeptFree` for a pseudonym."""
        if _PSEUDONYM.fullmatch(username):
            raise NameKeptFree(f"Only somebody who was erased is called {username}. Choose another name.")
        values = {"username": username, "role": role, "password_hash": await self._passwords.hash(password)}
        statement = insert(users).values(values).on_conflict_do_nothing().returning(users.c.username)
        async with self._database.begin() as connection:
            await _alone(connection)
            await _require_not_being_erased(connection, username)
            if await connection.scalar(statement) is None:
                raise UserExists(f"There is already a user {username}.", details={"username": username})
            made = audit.Entry(Action.USER_CREATED, "user", username, after={"role": role, "active": True})
            await audit.record(connection, by, made)
        return User(username=username, role=role, active=True)

    async def all(self) -> list[User]:
        """Return all users by name."""
        async with self._database.begin() as connection:
            rows = (await connection.execute(select(users).order_by(users.c.username))).mappings()
            return [_user(row) for row in rows]

    async def active(self) -> list[Worker]:
        """Return the users who may log in, by name, and whether they have a PIN and a badge."""
        statement = (
            select(
                users.c.username,
                users.c.role,
                users.c.pin_hash.is_not(None).label("has_pin"),
                users.c.badge_hash.is_not(None).label("has_badge"),
            )
            .where(users.c.active)
            .order_by(users.c.username)
        )
        async with self._database.begin() as connection:
            rows = (await connection.execute(statement)).mappings()
            return [Worker.model_validate(dict(row)) for row in rows]

    async def find(self, username: str) -> RowMapping | None:
        """Return the row of a user."""
        if not is_username(username):
            return None
        async with self._database.begin() as connection:
            result = await connection.execute(select(users).where(users.c.username == username))
            return result.mappings().one_or_none()

    async def known(self, username: str) -> RowMapping:
        """Return the row of a user; raise `NotFound`."""
        return _there(await self.find(username), username)

    async def change(self, by: audit.Actor, username: str, change: UserChange) -> tuple[User, int]:
        """Change what is given; return the user and their new generation.

        Access tokens given out before end. A deactivation or a new password ends all logins for good, and a
        deactivation the PIN and the badge as well: who comes back gets new ones.
        """
        values: dict[str, Any] = change.model_dump(exclude_none=True, exclude={"password"})
        if change.password is not None:
            values["password_hash"] = await self._passwords.hash(change.password)
        if change.active is False:
            values |= {"pin_hash": None, "badge_hash": None}
        async with self.changing(username) as (connection, row):
            if row["role"] == Role.ADMIN and row["active"]:
                await require_other_admin(connection, username, values)
            before = row
            if values:
                row = await _update(connection, username, values)
            if change.password is not None or change.active is False:
                await connection.execute(refresh_tokens.delete().where(refresh_tokens.c.username == username))
            await audit.record(connection, by, *_changed(before, row))
        return _user(row), row["generation"]

    @asynccontextmanager
    async def changing(self, username: str) -> AsyncIterator[tuple[AsyncConnection, RowMapping]]:
        """Open a transaction in which nobody else changes users; raise `NotFound`. Gives the user's row."""
        async with self._database.begin() as connection:
            yield connection, await self._locked(connection, username)

    @asynccontextmanager
    async def changing_each(
        self, usernames: Iterable[str]
    ) -> AsyncIterator[tuple[AsyncConnection, list[RowMapping]]]:
        """The same for several users, all of whom are changed or none."""
        async with self._database.begin() as connection:
            yield connection, [await self._locked(connection, name) for name in usernames]

    async def replace_proof(
        self,
        connection: AsyncConnection,
        by: audit.Actor,
        before: RowMapping,
        method: AuthMethod,
        hashed: str | bytes | None,
    ) -> int:
        """Give a user whose row is locked another PIN or badge, or none; end the logins by the one before.

        Returns their new generation.
        """
        username = before["username"]
        row = await _update(connection, username, {f"{method}_hash": hashed})
        if before[f"{method}_hash"] != hashed:
            had, has = before[f"{method}_hash"] is not None, hashed is not None
            done = audit.Entry(
                _PROOFS[method, has], "user", username, {method.value: had}, {method.value: has}
            )
            await audit.record(connection, by, done)
        await connection.execute(
            refresh_tokens.delete().where(
                refresh_tokens.c.username == username, refresh_tokens.c.method == method
            )
        )
        generation: int = row["generation"]
        return generation

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

    async def being_erased(self) -> list[str]:
        """Return the names of the people who are being erased: nobody's, for as long as that goes on."""
        statement = select(erasures.c.username).where(erasures.c.username.is_not(None))
        async with self._database.begin() as connection:
            return list((await connection.execute(statement)).scalars())

    async def require_known(self, username: str) -> None:
        """Raise `UnknownWorkers` where there is nobody of that name, whether active or not."""
        if await self.find(username) is None:
            raise UnknownWorkers(
                f"There is nobody called {username[:64]}, or not any more.",
                details={"unknown": [username[:64]]},
            )

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
            await _alone(connection)
            statement = select(users).where(users.c.username == username).with_for_update()
            row = (await connection.execute(statement)).mappings().one_or_none()
        return _there(row, username)


async def _alone(connection: AsyncConnection) -> None:
    """Have one change at a time: two admins who deactivate each other would both see another one."""
    await connection.execute(select(func.pg_advisory_xact_lock(_CHANGES_LOCK)))


async def _require_not_being_erased(connection: AsyncConnection, username: str) -> None:
    statement = select(erasures.c.id).where(erasures.c.username == username)
    if await connection.scalar(statement) is not None:
        raise NameBeingErased(
            f"Somebody called {username} is being erased. The name is free once that is done, within the "
            "hour. Try again then, or choose another one.",
            details={"username": username},
        )


def _there(row: RowMapping | None, username: str) -> RowMapping:
    if row is None:
        raise NotFound("There is no such user.", details={"username": username[:64]})
    return row


def require_charge(by: Identity, row: RowMapping) -> None:
    """Raise `Forbidden` unless somebody may give a person a PIN or a badge."""
    if by.role is Role.ADMIN or (by.role.includes(Role.SUPERVISOR) and row["role"] == Role.WORKER):
        return
    raise Forbidden(
        f"Supervisors do this for workers; {row['username']} is {row['role']}. Ask an admin.",
        details={"username": row["username"], "role": row["role"]},
    )


def require_active(row: RowMapping) -> None:
    """Raise `UserInactive` unless a user is active."""
    if not row["active"]:
        raise UserInactive("This user was deactivated. An admin has to make them active first.")


async def end_access(connection: AsyncConnection, username: str) -> int:
    """End the access tokens of a user whose row is locked; return their new generation."""
    generation: int = (await _update(connection, username, {}))["generation"]
    return generation


async def _update(connection: AsyncConnection, username: str, values: dict[str, Any]) -> RowMapping:
    statement = (
        update(users)
        .where(users.c.username == username)
        .values(**values, generation=users.c.generation + 1, changed_at=func.now())
        .returning(users)
    )
    row: RowMapping = (await connection.execute(statement)).mappings().one()
    return row


async def require_other_admin(connection: AsyncConnection, username: str, values: dict[str, Any]) -> None:
    """Raise `LastAdmin` where nobody who can manage users would be left if an admin became `values`."""
    if values.get("active", True) and values.get("role", Role.ADMIN) == Role.ADMIN:
        return
    others = select(users.c.username).where(
        users.c.role == Role.ADMIN, users.c.active, users.c.username != username
    )
    if (await connection.execute(others)).first() is None:
        raise LastAdmin("This is the last active admin; make somebody else one first.")


def _changed(before: RowMapping, after: RowMapping) -> list[audit.Entry]:
    """Return what became of a user, for the audit log: of a password, PIN or badge only that it changed."""
    differing = audit.differences(
        *({name: row[name] for name in ("role", "active")} for row in (before, after))
    )
    if before["password_hash"] != after["password_hash"]:
        differing[1]["password"] = "changed"  # noqa: S105  it says that it was
    for method in (AuthMethod.PIN, AuthMethod.BADGE):
        if before[f"{method}_hash"] is not None and after[f"{method}_hash"] is None:
            differing[0][method.value], differing[1][method.value] = True, False
    return [audit.Entry(Action.USER_CHANGED, "user", before["username"], *differing)] if differing[1] else []


def _user(row: RowMapping) -> User:
    return User(username=row["username"], role=row["role"], active=row["active"])
