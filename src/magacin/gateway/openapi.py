"""What OpenAPI says of the gateway's operations besides what is declared: who may ask, and how to show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Depends
from fastapi.security import HTTPBearer

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.core import router

# Only for OpenAPI: it says which scheme is used. `AccessTokens.identify` does the work, for forwarded routes
# as well.
_bearer = HTTPBearer(auto_error=False, description="The `access_token` of a login.")


def described(endpoint: Endpoint, more_errors: Iterable[int] = ()) -> dict[str, Any]:
    """Return what FastAPI is told of an endpoint; see `core.router.described`."""
    if endpoint.role is None:
        return router.described(endpoint, more_errors)
    refusals = {401, 403} if endpoint.role is not Role.WORKER else {401}
    told = router.described(endpoint, {*refusals, *more_errors})
    needed = {"x-minimum-role": endpoint.role.value}
    return told | {
        "dependencies": [Depends(_bearer)],
        "openapi_extra": told.get("openapi_extra", {}) | needed,
    }
