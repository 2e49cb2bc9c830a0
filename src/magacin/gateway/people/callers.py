"""Who asks: a person by an access token, or a program by an API key."""

from __future__ import annotations

from starlette.types import Scope

from magacin.contracts.api_keys import KEY_PREFIX
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Identity
from magacin.gateway.keys.api_keys import ApiKeys
from magacin.gateway.people.tokens import AccessTokens, shown


class Callers:
    """Tells who asks. Whether they may, is told of keys by their scopes and of people by their role."""

    def __init__(self, tokens: AccessTokens, keys: ApiKeys) -> None:
        self._tokens = tokens
        self._keys = keys

    async def may(self, scope: Scope, endpoint: Endpoint | None = None) -> Identity:
        """Return who asks for an endpoint; raise an `AppError` unless they may.

        Without an endpoint it is one of the gateway's own: no key may, and the role is looked at elsewhere.
        """
        token = shown(scope)
        if token.startswith(KEY_PREFIX):
            return await self._keys.identify(token, endpoint)
        identity = self._tokens.verify(token).identity
        if endpoint is not None and endpoint.role is not None:
            identity.require(endpoint.role)
        return identity
