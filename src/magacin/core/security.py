"""Trust between our services: a shared token, not the network."""

from __future__ import annotations

import secrets

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from magacin.core.error_answers import error_response
from magacin.core.middleware import UNCOUNTED

SERVICE_TOKEN_HEADER = "X-Magacin-Service-Token"  # noqa: S105  a header's name, not a token
_HEADER = SERVICE_TOKEN_HEADER.lower().encode()


def may_scrape(shown: str, token: SecretStr | None) -> bool:
    """Tell whether who shows this (`Authorization`) may read the metrics; without a token anybody may."""
    if token is None:
        return True
    return secrets.compare_digest(shown.encode(), f"Bearer {token.get_secret_value()}".encode())


class ServiceTokenMiddleware:
    """Refuses every request without the service token; `/health` and `/metrics` stay open."""

    def __init__(self, app: ASGIApp, token: SecretStr) -> None:
        self.app = app
        self._token = token.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] != "http" or scope["path"] in UNCOUNTED or self._trusted(scope):
            await self.app(scope, receive, send)
            return
        refusal = error_response(
            401, "service_token_required", "This service answers the API Gateway only. Send requests there."
        )
        await refusal(scope, receive, send)

    def _trusted(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
        return secrets.compare_digest(given, self._token)
