"""What endpoints of the gateway itself are handed: the person who asks, and its resources."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.types import Scope

from magacin.contracts.identity import Identity, Role
from magacin.gateway.people.sessions import Sessions
from magacin.gateway.people.tokens import AccessTokens, TokenRefused
from magacin.gateway.people.users import Users

# Only for OpenAPI: it says which scheme is used. `identify` does the work, for forwarded routes as well.
bearer = HTTPBearer(auto_error=False, description="The `access_token` of a login.")


def identify(tokens: AccessTokens, scope: Scope) -> Identity:
    """Return who asks; raise `TokenRefused` unless the request carries a good access token."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer":
                return tokens.verify(token.strip()).identity
    error = TokenRefused("Log in first: the request has no `Authorization: Bearer …` header.")
    error.headers = {"WWW-Authenticate": "Bearer"}
    raise error


def _current(request: Request) -> Identity:
    return identify(request.app.state.tokens, request.scope)


def _admin(request: Request) -> Identity:
    identity = _current(request)
    identity.require(Role.ADMIN)
    return identity


def _users(request: Request) -> Users:
    users: Users = request.app.state.users
    return users


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


CurrentUser = Annotated[Identity, Depends(_current)]
Admin = Annotated[Identity, Depends(_admin)]
UsersOf = Annotated[Users, Depends(_users)]
SessionsOf = Annotated[Sessions, Depends(_sessions)]
