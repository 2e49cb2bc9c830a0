"""Badges: a random code that stands for a person, of which only a hash is kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.engine import RowMapping

from magacin.contracts.badges import BADGE_ALPHABET, BADGE_LENGTH, BADGE_PREFIX, badge_in
from magacin.contracts.devices import Badge, BadgePrintIn
from magacin.contracts.identity import Identity
from magacin.core.db import Database
from magacin.core.printing.jobs import BADGE_SHEETS, BadgesJob, Card
from magacin.core.printing.press import print_pdf
from magacin.core.printing.words import WORDS
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
        code = _new_code()
        async with self._users.changing(username) as (connection, row):
            require_charge(by, row)
            require_active(row)
            generation = await self._users.replace_proof(
                connection, by, row, AuthMethod.BADGE, token_hash(code)
            )
        return Badge(code=code), generation

    async def print_new(self, by: Identity, wanted: BadgePrintIn) -> tuple[bytes, dict[str, int]]:
        """Return new badges as a PDF, and the new generations of the people. The badges before end.

        They are drawn first: what cannot be printed leaves the badges that people have.
        """
        codes = {name: _new_code() for name in wanted.usernames}
        rows = [await self._users.known(name) for name in codes]
        _require_all(by, rows)
        words = WORDS[wanted.language]
        cards = [
            Card(name=row["username"], role=words[f"role.{row['role']}"], code=codes[row["username"]])
            for row in rows
        ]
        sheet = BADGE_SHEETS[wanted.sheet]
        drawn = await print_pdf(BadgesJob(sheet=sheet, language=wanted.language, cards=cards))
        generations = {}
        async with self._users.changing_each(codes) as (connection, locked):
            _require_all(by, locked)
            for row in locked:
                name = row["username"]
                generations[name] = await self._users.replace_proof(
                    connection, by, row, AuthMethod.BADGE, token_hash(codes[name])
                )
        return drawn, generations

    async def end(self, by: Identity, username: str) -> int:
        """End a person's badge and the logins by it. Returns their new generation."""
        async with self._users.changing(username) as (connection, row):
            require_charge(by, row)
            return await self._users.replace_proof(connection, by, row, AuthMethod.BADGE, None)

    async def owner(self, read: SecretStr) -> RowMapping | None:
        """Return the row of the person whose badge was read."""
        code = badge_in(read.get_secret_value())
        if code is None:
            return None
        async with self._database.begin() as connection:
            result = await connection.execute(select(users).where(users.c.badge_hash == token_hash(code)))
            return result.mappings().one_or_none()


def _new_code() -> str:
    return BADGE_PREFIX + "".join(secrets.choice(BADGE_ALPHABET) for _ in range(BADGE_LENGTH))


def _require_all(by: Identity, rows: Sequence[RowMapping]) -> None:
    for row in rows:
        require_charge(by, row)
        require_active(row)
