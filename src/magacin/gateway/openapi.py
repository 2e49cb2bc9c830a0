"""What OpenAPI says of the gateway's operations besides what is declared: who may ask, and how to show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Depends
from fastapi.security import HTTPBearer

from magacin.contracts.endpoint import Endpoint
from magacin.core import router

# Only for OpenAPI: it says which scheme is used. `Callers.may` does the work, for forwarded routes
# as well.
_bearer = HTTPBearer(
    auto_error=False,
    description="The `access_token` of a login, or an API key where the operation has an `x-scope`.",
)


def described(endpoint: Endpoint, more_errors: Iterable[int] = ()) -> dict[str, Any]:
    """Return what FastAPI is told of an endpoint; see `core.router.described`."""
    if endpoint.role is None:
        return router.described(endpoint, more_errors)
    refusals = {401, 403}  # of a key without the scope, too
    told = router.described(endpoint, {*refusals, *more_errors})
    needed = {"x-minimum-role": endpoint.role.value}
    if endpoint.scope is not None:
        needed["x-scope"] = endpoint.scope.value
    return told | {
        "dependencies": [Depends(_bearer)],
        "openapi_extra": told.get("openapi_extra", {}) | needed,
    }
