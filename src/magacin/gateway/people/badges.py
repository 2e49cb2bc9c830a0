"""Badges: a random code that stands for a person, of which only a hash is kept."""

from __future__ import annotations

import secrets

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.engine import RowMapping

from magacin.contracts.badges import BADGE_ALPHABET, BADGE_LENGTH, BADGE_PREFIX, badge_in
from magacin.contracts.devices import Badge
from magacin.contracts.identity import Identity
from magacin.core.db import Database
from magacin.core.tokens import token_hash
from magacin.gateway.metrics import AuthMethod
from magacin.gateway.models import users
from magacin.gateway.people.users import Users, require_active, require_charge


class Badges:
    """Makes badges, ends them and knows whose they are."""

    def __init__(self, database: Database, users_: Users) -> None:
        self._database = database
        self._users = users_

    async def make(self, by: Identity, username: str) -> tuple[Badge, int]:
        """Return the code for a badge, and the person's new generation. The badge before it ends."""
        code = BADGE_PREFIX + "".join(secrets.choice(BADGE_ALPHABET) for _ in range(BADGE_LENGTH))
        async with self._users.changing(username) as (connection, row):
            require_charge(by, row)
            require_active(row)
            generation = await self._users.replace_proof(
                connection, username, AuthMethod.BADGE, token_hash(code)
            )
        return Badge(code=code), generation

    async def end(self, by: Identity, username: str) -> int:
        """End a person's badge and the logins by it. Returns their new generation."""
        async with self._users.changing(username) as (connection, row):
            require_charge(by, row)
            return await self._users.replace_proof(connection, username, AuthMethod.BADGE, None)

    async def owner(self, read: SecretStr) -> RowMapping | None:
        """Return the row of the person whose badge was read."""
        code = badge_in(read.get_secret_value())
        if code is None:
            return None
        async with self._database.begin() as connection:
            result = await connection.execute(select(users).where(users.c.badge_hash == token_hash(code)))
            return result.mappings().one_or_none()
