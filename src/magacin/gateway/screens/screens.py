"""Screens on walls: each shows a code, and is one of ours once a supervisor has entered it.

It gets a secret with its code, and access by that secret from when the code was entered until it is ended.
Why: docs/decisions/0134.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity, Role
from magacin.contracts.screens import (
    CODE_DIGITS,
    CODE_SECONDS,
    Screen,
    ScreenAccess,
    ScreenCode,
    ScreenIn,
    ScreenSession,
    ScreenSessionIn,
)
from magacin.core import audit
from magacin.core.attempts import AttemptCounts
from magacin.core.db import Database
from magacin.core.errors import NotFound, TooManyRequests, Unauthorized
from magacin.core.tokens import token_hash
from magacin.gateway.models import screen_codes, screens
from magacin.gateway.people.login_limit import LoginLimit
from magacin.gateway.people.tokens import AccessTokens

# A screen that waits asks for a code each ten minutes; a wall of them shares an address.
CODES_PER_ADDRESS = 60
# A code is guessed by one in a hundred thousand then, and the list of them stays short.
MOST_CODES = 1_000
_NO_DIGIT = re.compile(r"[^0-9]")
_GENERATION = 1


class ScreenRefused(Unauthorized):
    """The screen was ended, or its code has run out, or it was never one. It begins anew with a code."""

    code = "screen_refused"


class CodeUnknown(NotFound):
    """No screen shows this code: it was mistyped, has run out or was entered already."""

    code = "screen_code_unknown"


class ScreenNotFound(NotFound):
    """There is no such screen."""


class Screens:
    """Brings screens in, hears from them and ends them, each call in a transaction of its own."""

    def __init__(self, database: Database, tokens: AccessTokens, limit: LoginLimit) -> None:
        self._database = database
        self._tokens = tokens
        self._limit = limit
        self._codes = AttemptCounts(CODE_SECONDS)

    async def make_code(self, address: str) -> ScreenCode:
        """Return a code for whoever is at an address to show; raise `TooManyRequests`."""
        if wait := self._codes.wait(address, CODES_PER_ADDRESS):
            raise _too_many(wait)
        self._codes.add(address)
        secret = secrets.token_urlsafe(32)
        async with self._database.begin() as connection:
            await connection.execute(delete(screen_codes).where(screen_codes.c.expires_at < func.now()))
            if (await connection.scalar(select(func.count()).select_from(screen_codes)) or 0) >= MOST_CODES:
                raise _too_many(CODE_SECONDS)
            code = await _keep_code(connection, secret)
        return ScreenCode(code=code, secret=secret, seconds=CODE_SECONDS)

    async def session(self, said: ScreenSessionIn) -> ScreenSession:
        """Return what a screen asks with, nothing while its code waits; raise `ScreenRefused`."""
        async with self._database.begin() as connection:
            row = await _heard_of(connection, said)
            if row is None and not await _waits(connection, said.secret):
                raise ScreenRefused("This screen was ended at the desk, or its code has run out.")
        return ScreenSession(screen=None if row is None else self._access(row))

    async def pair(self, screen: ScreenIn, by: audit.Actor, address: str) -> Screen:
        """Bring in the screen that shows a code; raise `CodeUnknown`, or `TooManyRequests` after many."""
        async with self._limit.attempt(address, f"screens:{by.username}", counted="wrong codes"):
            return await self._pair(screen, by)

    async def _pair(self, screen: ScreenIn, by: audit.Actor) -> Screen:
        code = _NO_DIGIT.sub("", screen.code)
        used = (
            delete(screen_codes)
            .where(screen_codes.c.code == code, screen_codes.c.expires_at > func.now())
            .returning(screen_codes.c.secret_hash)
        )
        async with self._database.begin() as connection:
            secret_hash = await connection.scalar(used)
            if secret_hash is None:
                raise CodeUnknown(
                    "No screen shows this code. Look whether it shows another by now, and enter that."
                )
            said = screen.model_dump(mode="json", exclude={"code"})
            values = said | {"secret_hash": secret_hash, "paired_by": by.username}
            row = (
                (await connection.execute(insert(screens).values(values).returning(screens))).mappings().one()
            )
            paired = audit.Entry(Action.SCREEN_PAIRED, "screen", str(row["id"]), after=said)
            await audit.record(connection, by, paired)
            return _screen(row)

    async def all(self) -> list[Screen]:
        """Return all screens by name, those that were ended included."""
        by_name = select(screens).order_by(screens.c.name, screens.c.id)
        async with self._database.begin() as connection:
            return [_screen(row) for row in (await connection.execute(by_name)).mappings()]

    async def silence(self) -> list[float]:
        """Return how many screens there are, and for how many seconds the most silent was not heard of."""
        heard = func.coalesce(screens.c.last_contact_at, screens.c.paired_at)
        longest = func.extract("epoch", func.now() - func.min(heard))
        statement = select(func.count(), func.coalesce(longest, 0)).where(screens.c.ended_at.is_(None))
        async with self._database.begin() as connection:
            count, seconds = (await connection.execute(statement)).one()
        return [float(count), float(seconds)]

    async def end(self, screen_id: int, by: audit.Actor) -> None:
        """End a screen and what it asks with; raise `ScreenNotFound`. Ending it twice is no error."""
        found = select(screens.c.name, screens.c.ended_at).where(screens.c.id == screen_id)
        async with self._database.begin() as connection:
            screen = (await connection.execute(found.with_for_update())).one_or_none()
            if screen is None:
                raise ScreenNotFound("There is no such screen.", details={"screen_id": screen_id})
            if screen.ended_at is None:
                ending = update(screens).where(screens.c.id == screen_id).values(ended_at=func.now())
                await connection.execute(ending)
                was, is_ = {"name": screen.name, "active": True}, {"active": False}
                ended = audit.Entry(Action.SCREEN_ENDED, "screen", str(screen_id), was, is_)
                await audit.record(connection, by, ended)
        self._tokens.generations.learn(_ended([screen_id]))

    async def ended_within(self, period: timedelta) -> dict[str, int]:
        """Return the screens that were ended lately, as `Generations` learns it."""
        statement = select(screens.c.id).where(screens.c.ended_at > func.now() - period)
        async with self._database.begin() as connection:
            return _ended((await connection.scalars(statement)).all())

    def _access(self, row: RowMapping) -> ScreenAccess:
        token = self._tokens.issue(Identity(_username(row["id"]), Role.SCREEN), _GENERATION)
        seconds = int(self._tokens.lifetime_seconds)
        told = {"screen_id": row["id"], "access_token": token, "expires_in": seconds}
        return ScreenAccess.model_validate(dict(row) | told)


async def _keep_code(connection: AsyncConnection, secret: str) -> str:
    """Return a code that no other screen shows."""
    expires_at = datetime.now(UTC) + timedelta(seconds=CODE_SECONDS)
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        values = {"secret_hash": token_hash(secret), "code": code, "expires_at": expires_at}
        kept = upsert(screen_codes).values(values).on_conflict_do_nothing().returning(screen_codes.c.code)
        if await connection.scalar(kept) is not None:
            return code


async def _heard_of(connection: AsyncConnection, said: ScreenSessionIn) -> RowMapping | None:
    statement = (
        update(screens)
        .where(screens.c.secret_hash == token_hash(said.secret), screens.c.ended_at.is_(None))
        .values(last_contact_at=func.now(), app_version=said.app_version)
        .returning(screens)
    )
    row: RowMapping | None = (await connection.execute(statement)).mappings().one_or_none()
    return row


async def _waits(connection: AsyncConnection, secret: SecretStr) -> bool:
    statement = select(screen_codes.c.code).where(
        screen_codes.c.secret_hash == token_hash(secret), screen_codes.c.expires_at > func.now()
    )
    return await connection.scalar(statement) is not None


def _too_many(seconds: float) -> TooManyRequests:
    retry_after = math.ceil(seconds)
    return TooManyRequests(
        f"Too many screens wait for their code to be entered. Try again in {retry_after} seconds.",
        retry_after=retry_after,
    )


def _username(screen_id: int) -> str:
    # No person is called so: names have no colon.
    return f"screen:{screen_id}"


def _ended(ids: Iterable[int]) -> dict[str, int]:
    return {_username(screen_id): _GENERATION + 1 for screen_id in ids}


def _screen(row: RowMapping) -> Screen:
    return Screen.model_validate(dict(row) | {"screen_id": row["id"], "active": row["ended_at"] is None})
