"""What endpoints of the gateway itself are handed: the person who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Identity, Role
from magacin.core import audit, router
from magacin.core import endpoint as declared
from magacin.gateway.client_address import client_address
from magacin.gateway.openapi import described
from magacin.gateway.state import State


async def _current(request: Request, state: State) -> Identity:
    identity = await state.callers.may(request.scope)
    address = client_address(request, state.settings.trusted_proxies)
    return replace(identity, address=address, request_id=request.state.request_id)


async def _unproved(request: Request, state: State) -> audit.Program:
    address = client_address(request, state.settings.trusted_proxies)
    return audit.Program(audit.SYSTEM.username, None, address, request.state.request_id)


Unproved = Annotated[audit.Program, Depends(_unproved)]
"""Who asks without having logged in: nobody, from somewhere."""
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
