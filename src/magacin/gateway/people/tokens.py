"""Access tokens: signed, short-lived, and ended early when their owner changes."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from starlette.types import Scope

from magacin.contracts.identity import Identity, Role
from magacin.core.errors import Unauthorized
from magacin.core.jwt import jwt

ISSUER = "magacin"
AUDIENCE = "magacin-api"
# One algorithm, whatever a token's header says: a token that names its own could name `none`.
ALGORITHM = "HS256"

_REQUIRED = ("sub", "role", "gen", "iat", "exp", "jti", "iss", "aud")
_CACHED = 10_000


class TokenRefused(Unauthorized):
    """The access token is missing, forged, expired or was ended; log in or refresh."""


class TokenExpired(TokenRefused):
    """The access token was good and has run out."""

    code = "token_expired"


class TokenEnded(TokenRefused):
    """The user was changed or deactivated after the token was given out."""

    code = "token_ended"


@dataclass(frozen=True, slots=True)
class Access:
    """What a good token says."""

    identity: Identity
    generation: int
    expires_at: float


class Generations:
    """Users who were changed lately, and the first generation of their tokens that is still good.

    Each process holds this small table in memory, so that no scan waits for a database to ask about it.
    """

    def __init__(self) -> None:
        self._valid_from: dict[str, int] = {}
        self._nobody: frozenset[str] = frozenset()

    def learn(self, changed: Mapping[str, int]) -> None:
        """Take what the database, or a change made by this process, says. Generations only grow."""
        for username, generation in changed.items():
            self._valid_from[username] = max(generation, self._valid_from.get(username, 0))

    def are_nobody(self, usernames: Iterable[str]) -> None:
        """Take who is being erased, as the database says: no token of theirs is good any more.

        Whoever gets the name when that is done begins anew, so what was known of the former is dropped.
        """
        self._nobody = frozenset(usernames)
        for username in self._nobody:
            self._valid_from.pop(username, None)

    def is_nobody(self, username: str) -> None:
        """Take that somebody is being erased since a moment ago."""
        self._nobody |= {username}

    def ended(self, access: Access) -> bool:
        """Tell whether the token was given out before its owner's last change, or is of nobody any more."""
        if access.identity.username in self._nobody:
            return True
        valid_from = self._valid_from.get(access.identity.username)
        return valid_from is not None and access.generation < valid_from


class AccessTokens:
    """Issues and verifies. Verified tokens are remembered until they expire: every scan brings one."""

    def __init__(self, key: SecretStr, lifetime_seconds: float, generations: Generations) -> None:
        self._key = key.get_secret_value()
        self.lifetime_seconds = lifetime_seconds
        self.generations = generations
        self._known: OrderedDict[str, Access] = OrderedDict()

    def issue(self, identity: Identity, generation: int, since: datetime | None = None) -> str:
        """Return a new token. It says `since` when its owner is there, in seconds since 1970.

        A device tells by that a person from another one who had the same name before.
        """
        now = time.time()
        claims = {
            "sub": identity.username,
            "role": identity.role.value,
            "gen": generation,
            "iat": int(now),
            "exp": now + self.lifetime_seconds,
            "jti": uuid.uuid4().hex,
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        if since is not None:
            claims["since"] = int(since.timestamp())
        return jwt.encode(claims, self._key, ALGORITHM)

    def verify(self, token: str) -> Access:
        """Return what a token says; raise `TokenRefused` unless it is ours, in time and not ended."""
        access = self._known.get(token)
        if access is None:
            access = self._decode(token)
            self._remember(token, access)
        if access.expires_at <= time.time():
            self._known.pop(token, None)
            raise TokenExpired("The access token has expired. Refresh it, or log in again.")
        if self.generations.ended(access):
            raise TokenEnded("The user was changed after this token was issued. Refresh it, or log in again.")
        return access

    def _remember(self, token: str, access: Access) -> None:
        self._known[token] = access
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)

    def _decode(self, token: str) -> Access:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": list(_REQUIRED)},
            )
            return Access(
                Identity(str(claims["sub"]), Role(claims["role"])), int(claims["gen"]), float(claims["exp"])
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenExpired("The access token has expired. Refresh it, or log in again.") from error
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise TokenRefused("The access token is not valid. Log in again.") from error


def shown(scope: Scope) -> str:
    """Return the token that a request shows; raise `TokenRefused` where it shows none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            said: str = value.decode("latin-1")
            scheme, _, token = said.partition(" ")
            if scheme.lower() == "bearer":
                return token.strip()
    error = TokenRefused("Log in first: the request has no `Authorization: Bearer …` header.")
    error.headers = {"WWW-Authenticate": "Bearer"}
    raise error
