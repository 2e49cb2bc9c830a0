"""The table of what is forwarded: which endpoint to which service, and who may ask.

The path is the same at the client, here and at the service. Rows are tried in the order of `contracts.api`.
"""

from __future__ import annotations

from dataclasses import dataclass

from magacin.contracts import api
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.gateway.metrics import Upstream


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One row of the table."""

    endpoint: Endpoint
    to: Upstream
    role: Role


TABLE = tuple(
    Forwarded(endpoint, to, endpoint.role)
    for to, endpoints in ((Upstream.TASKS, api.TASKS), (Upstream.IMPORTS, api.IMPORTS))
    for endpoint in endpoints
    if endpoint.role is not None
)
