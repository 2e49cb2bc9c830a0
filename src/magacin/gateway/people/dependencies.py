"""What endpoints of the gateway itself are handed: the person who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Identity, Role
from magacin.core import endpoint as declared
from magacin.core import router
from magacin.gateway.openapi import described
from magacin.gateway.state import State


async def _current(request: Request, state: State) -> Identity:
    return state.tokens.identify(request.scope)


CurrentUser = Annotated[Identity, Depends(_current)]


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
