"""An endpoint of ours: besides what HTTP says, who may ask and how the gateway passes it on."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from magacin.contracts.actions import Action
from magacin.contracts.identity import Role, Scope
from magacin.core import endpoint


@dataclass(frozen=True, kw_only=True)
class Endpoint(endpoint.Endpoint):
    """One endpoint. It is declared beside its payloads, and `contracts.api` knows it by that.

    `role` is the lowest that may ask, None where nobody has to log in. `scope` is what the key of a program
    needs to ask; without one no key may. What a role may do to a single object
    (a task that is not theirs) is the service's to decide. The gateway forwards what has a role and is
    another service's: requests that are `repeatable` a second time when the connection was lost, because the
    service recognises them by their `operation_id` (the HTTP client does that of itself with all but POST);
    those that are `bulk` streaming both ways, for as long as it takes. `checks_workers` has it look first
    whether the workers of the body are active users. `audited` is what the audit log calls what it does.
    """

    role: Role | None
    scope: Scope | None = None
    repeatable: bool = False
    bulk: bool = False
    checks_workers: bool = False
    audited: tuple[Action, ...] = ()


def declared_in(*modules: ModuleType) -> tuple[Endpoint, ...]:
    """Return the endpoints that modules declare, in their order."""
    return tuple(
        value for module in modules for value in vars(module).values() if isinstance(value, Endpoint)
    )
