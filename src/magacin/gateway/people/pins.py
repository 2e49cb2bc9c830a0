"""PINs: few digits, so they count on enrolled devices only, and are locked there after a few wrong ones."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.devices import PIN_TRIES, PinIn
from magacin.contracts.identity import Identity, Role
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import Forbidden, Unprocessable
from magacin.gateway.metrics import AuthMethod
from magacin.gateway.models import pin_failures, users
from magacin.gateway.people.errors import BadCredentials
from magacin.gateway.people.login_limit import LoginLimit
from magacin.gateway.people.passwords import Passwords
from magacin.gateway.people.users import Users, require_active, require_charge

# In the place of a device: where somebody proves by their PIN that it is them who sets a new one.
_NO_DEVICE = UUID(int=0)
_FORGOTTEN_AFTER = timedelta(days=1)


class PinLocked(Forbidden):
    """Too many wrong PINs in a row, of this person on this device."""

    code = "pin_locked"


class Pins:
    """Sets PINs, and counts the wrong ones."""

    def __init__(self, database: Database, users_: Users, passwords: Passwords, limit: LoginLimit) -> None:
        self._database = database
        self._users = users_
        self._passwords = passwords
        self._limit = limit

    async def set(self, by: Identity, username: str, given: PinIn, address: str) -> int:
        """Set a PIN: one's own with a proof, a worker's as a supervisor. Returns the person's new generation.

        What was locked works again; logins by the PIN before end.
        """
        _require_role(by, username)
        proved = await self._prove(username, given, address) if by.username == username else None
        hashed = await self._passwords.hash(given.pin)
        async with self._users.changing(username) as (connection, row):
            _require(by, row)
            require_active(row)
            if proved is not None and proved["generation"] != row["generation"]:
                raise _wrong_proof()
            return await replace_pin(self._users, connection, by, row, hashed)

    async def remove(self, by: Identity, username: str) -> int:
        """Remove a PIN and end the logins by it. Returns the person's new generation."""
        _require_role(by, username)
        async with self._users.changing(username) as (connection, row):
            _require(by, row)
            return await replace_pin(self._users, connection, by, row, None)

    async def count(self, username: str, device_id: UUID) -> None:
        """Count a try as a failure until it succeeds; raise `PinLocked` when there were too many before it.

        One statement: of a hundred tries at once no more than are left get through, and what was counted
        stays so through a restart.
        """
        failures = pin_failures.c.failures
        first = insert(pin_failures).values(username=username, device_id=device_id, failures=1)
        statement = first.on_conflict_do_update(
            index_elements=[pin_failures.c.username, pin_failures.c.device_id],
            set_={"failures": failures + 1, "last_at": func.now()},
            where=failures < PIN_TRIES,
        ).returning(failures)
        async with self._database.begin() as connection:
            if await connection.scalar(statement) is None:
                raise PinLocked(
                    f"The PIN is locked here after {PIN_TRIES} wrong ones. Use the password, or have a "
                    "supervisor set a new PIN."
                )

    async def forget_strangers(self) -> None:
        """Delete what was counted of names that nobody has."""
        known = select(users.c.username)
        old = pin_failures.c.last_at < func.now() - _FORGOTTEN_AFTER
        async with self._database.begin() as connection:
            await connection.execute(delete(pin_failures).where(old, pin_failures.c.username.not_in(known)))

    async def _prove(self, username: str, given: PinIn, address: str) -> RowMapping:
        """Return the person as they were when their proof was checked; raise what is wrong with it."""
        proof = given.password or given.current_pin
        if proof is None:
            raise Unprocessable("Who sets their own PIN gives their password, or the present PIN, with it.")
        async with self._limit.attempt(address, username):
            if given.password is None:
                await self.count(username, _NO_DEVICE)
            row = await self._users.find(username)
            known = None if row is None else row["password_hash" if given.password else "pin_hash"]
            if not await self._passwords.verify(known, proof) or row is None:
                raise _wrong_proof()
        return row


async def replace_pin(
    users_: Users, connection: AsyncConnection, by: audit.Actor, row: RowMapping, hashed: str | None
) -> int:
    """Give a user whose row is locked another PIN, or none; nothing of it is locked then.

    Returns their new generation.
    """
    await connection.execute(delete(pin_failures).where(pin_failures.c.username == row["username"]))
    return await users_.replace_proof(connection, by, row, AuthMethod.PIN, hashed)


async def forget_failures(connection: AsyncConnection, username: str, device_id: UUID) -> None:
    """Forget the wrong PINs of a person on a device, who has shown there who they are."""
    await connection.execute(
        delete(pin_failures).where(pin_failures.c.username == username, pin_failures.c.device_id == device_id)
    )


def _require_role(by: Identity, username: str) -> None:
    # Before anything is looked up: who may not set others' PINs does not learn either who there is.
    if by.username != username:
        by.require(Role.SUPERVISOR)


def _require(by: Identity, row: RowMapping) -> None:
    if by.username != row["username"]:
        require_charge(by, row)


def _wrong_proof() -> BadCredentials:
    return BadCredentials("The password or the present PIN is wrong. The PIN was not changed.")
