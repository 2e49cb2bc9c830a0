"""Logging in, staying logged in, logging out.

A login starts a family of refresh tokens. Each works once and is replaced; one that comes again later was
copied by somebody, so the whole family ends and whoever is real logs in again. For a short while it is more
likely that two tabs refreshed at once, or that an answer was lost: each use gets a successor of its own then.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import SecretStr
from sqlalchemy import Select, delete, false, func, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.auth import LoginIn, Tokens
from magacin.contracts.devices import BadgeLoginIn, PinLoginIn
from magacin.contracts.identity import Identity, Role
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import AppError, TooManyRequests
from magacin.core.tokens import token_hash
from magacin.gateway.devices.devices import DeviceRefused, Devices, note_user
from magacin.gateway.metrics import AUTH_ATTEMPTS, AuthMethod, AuthOutcome
from magacin.gateway.models import devices, refresh_tokens, users
from magacin.gateway.people.badges import Badges
from magacin.gateway.people.errors import BadCredentials, RefreshRefused, UserInactive
from magacin.gateway.people.login_limit import LoginLimit
from magacin.gateway.people.passwords import Passwords
from magacin.gateway.people.pins import PinLocked, Pins, forget_failures
from magacin.gateway.people.tokens import AccessTokens
from magacin.gateway.people.users import Users, is_username

log = structlog.get_logger(__name__)

_WRONG = "The name or the password is wrong."
_WRONG_PIN = "The name or the PIN is wrong."
_WRONG_BADGE = "This badge is not valid. Log in by name, and ask a supervisor for a new badge."

# What a refused login is counted as.
_OUTCOMES: dict[type[AppError], AuthOutcome] = {
    TooManyRequests: AuthOutcome.RATE_LIMITED,
    BadCredentials: AuthOutcome.BAD_CREDENTIALS,
    UserInactive: AuthOutcome.INACTIVE,
    PinLocked: AuthOutcome.PIN_LOCKED,
    DeviceRefused: AuthOutcome.DEVICE_REFUSED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifetimes:
    """How long what a login gives out lasts."""

    refresh: timedelta
    grace: timedelta
    """How long after its first use a refresh token still works."""
    quick: timedelta
    """How long a login by PIN or badge lasts, however often it is refreshed."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login as its refresh tokens carry it along: by what, on which device, until when at the latest."""

    family: uuid.UUID
    method: AuthMethod
    device_id: uuid.UUID | None = None
    ends_at: datetime | None = None


class Sessions:
    """Gives out pairs of tokens and takes them back."""

    def __init__(
        self,
        database: Database,
        users_: Users,
        passwords: Passwords,
        access: AccessTokens,
        limit: LoginLimit,
        devices_: Devices,
        pins: Pins,
        badges: Badges,
        lifetimes: Lifetimes,
    ) -> None:
        self._database = database
        self._users = users_
        self._passwords = passwords
        self._access = access
        self._limit = limit
        self._devices = devices_
        self._pins = pins
        self._badges = badges
        self._lifetimes = lifetimes

    async def login(self, credentials: LoginIn, address: str) -> Tokens:
        """Return tokens for a name and password; raise what is wrong with them."""
        username = _name(credentials.username)
        with _counted(AuthMethod.PASSWORD, address):
            async with self._limit.attempt(address, username):
                if credentials.device_id and credentials.device_secret:
                    await self._devices.require(credentials.device_id, credentials.device_secret)
                row = await self._users.find(username)
                known = row["password_hash"] if row is not None else None
                if not await self._passwords.verify(known, credentials.password) or row is None:
                    raise BadCredentials(_WRONG)
            if not row["active"]:
                raise UserInactive("This user was deactivated. Ask an admin.")
            if self._passwords.outdated(row["password_hash"]):
                await self._users.replace_hash(username, row["password_hash"], credentials.password)
            return await self._begin(row, AuthMethod.PASSWORD, credentials.device_id, _WRONG)

    async def login_by_pin(self, credentials: PinLoginIn, address: str) -> Tokens:
        """Return tokens for a name and PIN on an enrolled device; raise what is wrong with them.

        A name that nobody has, a person without a PIN and a wrong PIN cost the same and get the same answer.
        """
        username = _name(credentials.username)
        with _counted(AuthMethod.PIN, address):
            async with self._limit.attempt(address):
                await self._devices.require(credentials.device_id, credentials.device_secret)
                if is_username(username):
                    await self._pins.count(username, credentials.device_id)
                row = await self._users.find(username)
                known = row["pin_hash"] if row is not None else None
                if not await self._passwords.verify(known, credentials.pin) or row is None:
                    raise BadCredentials(_WRONG_PIN)
            return await self._begin(row, AuthMethod.PIN, credentials.device_id, _WRONG_PIN)

    async def login_by_badge(self, credentials: BadgeLoginIn, address: str) -> Tokens:
        """Return tokens for a badge that was read on an enrolled device; raise what is wrong with it."""
        with _counted(AuthMethod.BADGE, address):
            async with self._limit.attempt(address):
                await self._devices.require(credentials.device_id, credentials.device_secret)
                row = await self._badges.owner(credentials.code)
                if row is None:
                    raise BadCredentials(_WRONG_BADGE)
            return await self._begin(row, AuthMethod.BADGE, credentials.device_id, _WRONG_BADGE)

    async def refresh(self, token: SecretStr, by: audit.Program) -> Tokens:
        """Return new tokens for a refresh token, which is used up by that when its grace is over."""
        async with self._database.begin() as connection:
            used = await self._use(connection, token)
            if used is not None and used["active"]:
                login = Login(
                    used["family"], AuthMethod(used["method"]), used["device_id"], used["login_ends_at"]
                )
                tokens = await self._issue(connection, used, login)
                _count(AuthMethod.REFRESH, AuthOutcome.REFRESHED)
                return tokens
        # In a transaction of its own, which has no lock of the user to wait for another's with, and which
        # commits before anything is raised.
        async with self._database.begin() as connection:
            reused = used is None and await _end_family(
                connection, token, by, reason="refresh token used twice"
            )
        _count(AuthMethod.REFRESH, AuthOutcome.REFRESH_REUSED if reused else AuthOutcome.REFRESH_REFUSED)
        if reused:
            log.warning("refresh_token_reused")
        raise RefreshRefused("The refresh token is not valid, or was used before. Log in again.")

    async def logout(self, token: SecretStr, by: audit.Program) -> None:
        """End the login that a refresh token belongs to. Doing it twice is no error."""
        async with self._database.begin() as connection:
            await _end_family(connection, token, by)

    async def forget_expired(self) -> None:
        """Delete tokens that have run out."""
        async with self._database.begin() as connection:
            await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at < func.now()))

    async def _use(self, connection: AsyncConnection, token: SecretStr) -> RowMapping | None:
        # The user before the token, as whoever changes a user locks them: the other way round, a change that
        # ends all logins and a refresh would each wait for the other.
        await connection.execute(_owner(token).with_for_update(read=True))
        first_use = refresh_tokens.c.used_at
        active_devices = select(devices.c.device_id).where(devices.c.ended_at.is_(None))
        statement = (
            update(refresh_tokens)
            .where(
                refresh_tokens.c.token_hash == token_hash(token),
                first_use.is_(None)
                | (first_use > func.now() - self._lifetimes.grace if self._lifetimes.grace else false()),
                refresh_tokens.c.expires_at > func.now(),
                refresh_tokens.c.device_id.is_(None) | refresh_tokens.c.device_id.in_(active_devices),
                users.c.username == refresh_tokens.c.username,
            )
            .values(used_at=func.coalesce(first_use, func.now()))
            .returning(
                refresh_tokens.c.family,
                refresh_tokens.c.method,
                refresh_tokens.c.device_id,
                refresh_tokens.c.login_ends_at,
                users.c.username,
                users.c.role,
                users.c.active,
                users.c.generation,
                users.c.created_at,
            )
        )
        return (await connection.execute(statement)).mappings().one_or_none()

    async def _begin(
        self, row: RowMapping, method: AuthMethod, device_id: uuid.UUID | None, wrong: str
    ) -> Tokens:
        """Begin the login of a person who has shown who they are; raise when they were changed meanwhile."""
        quick = method is not AuthMethod.PASSWORD
        ends_at = datetime.now(UTC) + self._lifetimes.quick if quick else None
        async with self._database.begin() as connection:
            if await _is_still(connection, row):
                if device_id is not None:
                    await forget_failures(connection, row["username"], device_id)
                    await note_user(connection, device_id, row["username"])
                return await self._issue(connection, row, Login(uuid.uuid4(), method, device_id, ends_at))
        raise BadCredentials(wrong)

    async def _issue(self, connection: AsyncConnection, user: RowMapping, login: Login) -> Tokens:
        refresh = secrets.token_urlsafe(32)
        expires_at = datetime.now(UTC) + self._lifetimes.refresh
        await connection.execute(
            refresh_tokens.insert().values(
                token_hash=token_hash(refresh),
                family=login.family,
                username=user["username"],
                expires_at=min(expires_at, login.ends_at or expires_at),
                method=login.method,
                device_id=login.device_id,
                login_ends_at=login.ends_at,
            )
        )
        identity = Identity(user["username"], Role(user["role"]))
        access = self._access.issue(identity, user["generation"], user["created_at"])
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
    name = select(refresh_tokens.c.username).where(refresh_tokens.c.token_hash == token_hash(token))
    return select(users.c.username).where(users.c.username == name.scalar_subquery())


async def _end_family(
    connection: AsyncConnection, token: SecretStr, by: audit.Program, *, reason: str | None = None
) -> bool:
    # After the refreshes that are under way: what they give out is seen then, and ends too.
    owner = await connection.scalar(_owner(token).with_for_update(key_share=True))
    family = select(refresh_tokens.c.family).where(refresh_tokens.c.token_hash == token_hash(token))
    result = await connection.execute(
        delete(refresh_tokens).where(refresh_tokens.c.family == family.scalar_subquery())
    )
    if owner is None or not result.rowcount:
        return False
    # Whoever has the token ends the login: its owner, but where a copy of it has come to light.
    actor = by if reason else replace(by, username=owner)
    ended = audit.Entry(Action.LOGIN_ENDED, "user", owner, after={"reason": reason or "logged out"})
    await audit.record(connection, actor, ended)
    return True


@contextmanager
def _counted(method: AuthMethod, address: str) -> Iterator[None]:
    """Count a login by what becomes of it. What is no fault of the login's is counted elsewhere."""
    try:
        yield
    except tuple(_OUTCOMES) as error:
        outcome = _OUTCOMES[type(error)]
        _count(method, outcome)
        level = log.warning if outcome is AuthOutcome.RATE_LIMITED else log.info
        level("login_refused", method=method, outcome=outcome, client=address)
        raise
    _count(method, AuthOutcome.SUCCESS)


def _name(typed: str) -> str:
    return typed.strip().lower()


def _count(method: AuthMethod, outcome: AuthOutcome) -> None:
    AUTH_ATTEMPTS.labels(method, outcome).inc()
