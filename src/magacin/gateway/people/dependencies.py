"""What endpoints of the gateway itself are handed: the person who asks, and its resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.types import Scope

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Identity, Role
from magacin.core import endpoint as declared
from magacin.core import router
from magacin.gateway.openapi import described
from magacin.gateway.people.sessions import Sessions
from magacin.gateway.people.tokens import AccessTokens, TokenRefused
from magacin.gateway.people.users import Users


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


def _users(request: Request) -> Users:
    users: Users = request.app.state.users
    return users


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


CurrentUser = Annotated[Identity, Depends(_current)]
UsersOf = Annotated[Users, Depends(_users)]
SessionsOf = Annotated[Sessions, Depends(_sessions)]


class Router(router.Router):
    """A router of the gateway's own endpoints: each refuses whoever has a lower role than it declares."""

    def described(self, endpoint: declared.Endpoint) -> dict[str, Any]:
        """Return what FastAPI is told of an endpoint, the check of the role among it."""
        if not isinstance(endpoint, Endpoint) or endpoint.role is None:
            return super().described(endpoint)
        told = described(endpoint)
        told["dependencies"].append(Depends(_required(endpoint.role)))
        return told


def _required(role: Role) -> Callable[[Identity], Awaitable[None]]:
    async def required(identity: CurrentUser) -> None:
        identity.require(role)

    return required
