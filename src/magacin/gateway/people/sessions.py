"""Logging in, staying logged in, logging out.

A login starts a family of refresh tokens. Each works once and is replaced; one that comes again later was
copied by somebody, so the whole family ends and whoever is real logs in again. For a short while it is more
likely that two tabs refreshed at once, or that an answer was lost: each use gets a successor of its own then.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import SecretStr
from sqlalchemy import Select, delete, false, func, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.auth import LoginIn, Tokens
from magacin.contracts.identity import Identity, Role
from magacin.core.db import Database
from magacin.core.errors import Forbidden, TooManyRequests, Unauthorized
from magacin.gateway.metrics import AUTH_ATTEMPTS, AuthOutcome
from magacin.gateway.models import refresh_tokens, users
from magacin.gateway.people.login_limit import LoginLimit
from magacin.gateway.people.passwords import Passwords
from magacin.gateway.people.tokens import AccessTokens
from magacin.gateway.people.users import Users

log = structlog.get_logger(__name__)

_WRONG = "The name or the password is wrong."


class BadCredentials(Unauthorized):
    """Name and password do not fit. Which of the two was wrong is nobody's business."""

    code = "bad_credentials"


class UserInactive(Forbidden):
    """Name and password fit, and the user was deactivated."""

    code = "user_inactive"


class RefreshRefused(Unauthorized):
    """The refresh token is unknown, expired or used; log in again."""

    code = "refresh_refused"


class Sessions:
    """Gives out pairs of tokens and takes them back."""

    def __init__(
        self,
        database: Database,
        users_: Users,
        passwords: Passwords,
        access: AccessTokens,
        limit: LoginLimit,
        refresh_lifetime: timedelta,
        refresh_grace: timedelta,
    ) -> None:
        self._database = database
        self._users = users_
        self._passwords = passwords
        self._access = access
        self._limit = limit
        self._lifetime = refresh_lifetime
        self._grace = refresh_grace

    async def login(self, credentials: LoginIn, address: str) -> Tokens:
        """Return tokens for a name and password; raise what is wrong with them."""
        username = credentials.username.strip().lower()
        try:
            attempt = await self._limit.reserve(username, address)
        except TooManyRequests:
            _count(AuthOutcome.RATE_LIMITED)
            log.warning("login_rate_limited", client=address)
            raise
        row = await self._users.find(username)
        known = row["password_hash"] if row is not None else None
        if not await self._passwords.verify(known, credentials.password) or row is None:
            _count(AuthOutcome.BAD_CREDENTIALS)
            log.info("login_refused", client=address)
            raise BadCredentials(_WRONG)
        await self._limit.refund(attempt)
        if not row["active"]:
            _count(AuthOutcome.INACTIVE)
            raise UserInactive("This user was deactivated. Ask an admin.")
        if self._passwords.outdated(row["password_hash"]):
            await self._users.replace_hash(username, row["password_hash"], credentials.password)
        async with self._database.begin() as connection:
            tokens = (
                await self._issue(connection, row, uuid.uuid4()) if await _is_still(connection, row) else None
            )
        if tokens is None:
            _count(AuthOutcome.BAD_CREDENTIALS)
            log.info("login_overtaken", client=address)
            raise BadCredentials(_WRONG)
        _count(AuthOutcome.SUCCESS)
        return tokens

    async def refresh(self, token: SecretStr) -> Tokens:
        """Return new tokens for a refresh token, which is used up by that when its grace is over."""
        async with self._database.begin() as connection:
            used = await self._use(connection, token)
            if used is not None and used["active"]:
                tokens = await self._issue(connection, used, used["family"])
                _count(AuthOutcome.REFRESHED)
                return tokens
        # In a transaction of its own, which has no lock of the user to wait for another's with, and which
        # commits before anything is raised.
        async with self._database.begin() as connection:
            reused = used is None and await _end_family(connection, token)
        _count(AuthOutcome.REFRESH_REUSED if reused else AuthOutcome.REFRESH_REFUSED)
        if reused:
            log.warning("refresh_token_reused")
        raise RefreshRefused("The refresh token is not valid, or was used before. Log in again.")

    async def logout(self, token: SecretStr) -> None:
        """End the login that a refresh token belongs to. Doing it twice is no error."""
        async with self._database.begin() as connection:
            await _end_family(connection, token)

    async def forget_expired(self) -> None:
        """Delete tokens that have run out."""
        async with self._database.begin() as connection:
            await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at < func.now()))

    async def _use(self, connection: AsyncConnection, token: SecretStr) -> RowMapping | None:
        # The user before the token, as whoever changes a user locks them: the other way round, a change that
        # ends all logins and a refresh would each wait for the other.
        await connection.execute(_owner(token).with_for_update(read=True))
        first_use = refresh_tokens.c.used_at
        statement = (
            update(refresh_tokens)
            .where(
                refresh_tokens.c.token_hash == _hash(token),
                first_use.is_(None) | (first_use > func.now() - self._grace if self._grace else false()),
                refresh_tokens.c.expires_at > func.now(),
                users.c.username == refresh_tokens.c.username,
            )
            .values(used_at=func.coalesce(first_use, func.now()))
            .returning(
                refresh_tokens.c.family, users.c.username, users.c.role, users.c.active, users.c.generation
            )
        )
        return (await connection.execute(statement)).mappings().one_or_none()

    async def _issue(self, connection: AsyncConnection, user: RowMapping, family: uuid.UUID) -> Tokens:
        refresh = secrets.token_urlsafe(32)
        await connection.execute(
            refresh_tokens.insert().values(
                token_hash=_hash(SecretStr(refresh)),
                family=family,
                username=user["username"],
                expires_at=datetime.now(UTC) + self._lifetime,
            )
        )
        access = self._access.issue(Identity(user["username"], Role(user["role"])), user["generation"])
        return Tokens(
            access_token=access, refresh_token=refresh, expires_in=int(self._access.lifetime_seconds)
        )


async def _is_still(connection: AsyncConnection, user: RowMapping) -> bool:
    """Tell whether a user is as they were when the password was checked; keep it so until the commit.

    Checking takes its time, in a queue. A deactivation or a new password in between has ended all logins
    that there were, and this one was not there yet.
    """
    statement = (
        select(users.c.username)
        .where(
            users.c.username == user["username"],
            users.c.generation == user["generation"],
            users.c.active,
        )
        .with_for_update(read=True)
    )
    return await connection.scalar(statement) is not None


def _owner(token: SecretStr) -> Select[str]:
    name = select(refresh_tokens.c.username).where(refresh_tokens.c.token_hash == _hash(token))
    return select(users.c.username).where(users.c.username == name.scalar_subquery())


async def _end_family(connection: AsyncConnection, token: SecretStr) -> bool:
    # After the refreshes that are under way: what they give out is seen then, and ends too.
    await connection.execute(_owner(token).with_for_update(key_share=True))
    family = select(refresh_tokens.c.family).where(refresh_tokens.c.token_hash == _hash(token))
    result = await connection.execute(
        delete(refresh_tokens).where(refresh_tokens.c.family == family.scalar_subquery())
    )
    return result.rowcount > 0


def _hash(token: SecretStr) -> bytes:
    # 256 random bits need no salt and no slowness: nobody can guess them.
    return hashlib.sha256(token.get_secret_value().encode()).digest()


def _count(outcome: AuthOutcome) -> None:
    AUTH_ATTEMPTS.labels(outcome).inc()
