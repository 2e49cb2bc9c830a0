"""Who is asking: established by the gateway, handed to the services in headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

from magacin.core.errors import Forbidden, Unauthorized

USER_HEADER = "X-Magacin-User"
ROLE_HEADER = "X-Magacin-Role"
ADDRESS_HEADER = "X-Magacin-Address"
REQUEST_ID_HEADER = "X-Request-ID"

# Names go into headers, logs and rooms: short, plain, never given to somebody else before whoever had one was
# erased (docs/decisions/0149).
USERNAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,31}$"


class Role(StrEnum):
    """What somebody may do; each role may do what the ones before it may."""

    SCREEN = "screen"  # nobody: a screen on the wall, which may read its board and nothing else
    WORKER = "worker"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Return the place in the order of the roles, the lowest first."""
        return _RANKS[self]

    def includes(self, other: Role) -> bool:
        """Tell whether this role may do what `other` may."""
        return self.rank >= other.rank


PersonRole = Literal[Role.WORKER, Role.SUPERVISOR, Role.MANAGER, Role.ADMIN]
"""What a person may be."""
PEOPLE: tuple[Role, ...] = get_args(PersonRole)

_RANKS = {role: rank for rank, role in enumerate(Role)}  # asked for with every request


class Scope(StrEnum):
    """What a program may do whose key has it."""

    ARTICLES_READ = "articles:read"
    ARTICLES_WRITE = "articles:write"
    IMPORTS_READ = "imports:read"
    IMPORTS_WRITE = "imports:write"
    REPORTS_READ = "reports:read"
    REQUISITIONS_READ = "requisitions:read"
    REQUISITIONS_WRITE = "requisitions:write"
    SHORTAGES_READ = "shortages:read"
    TASKS_READ = "tasks:read"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, or a screen, as the gateway established it; and where a request of theirs came from.

    That is for the audit log. It is no part of who they are, and not there for requests that change nothing.
    """

    username: str
    role: Role
    address: str | None = field(default=None, compare=False)
    request_id: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Identity:
        """Return the person behind a request that the gateway forwarded; raise `Unauthorized` of another.

        Only meaningful behind `ServiceTokenMiddleware`, which proves that the gateway set the headers.
        """
        username, role = headers.get(USER_HEADER), headers.get(ROLE_HEADER)
        if not username or role not in _RANKS:
            raise Unauthorized("The request names no person: it did not come through the gateway.")
        return cls(username, Role(role), headers.get(ADDRESS_HEADER), headers.get(REQUEST_ID_HEADER))

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the identity to a service."""
        return {USER_HEADER: self.username, ROLE_HEADER: self.role.value}

    def require(self, role: Role) -> None:
        """Raise `Forbidden` unless the person has `role` or a higher one."""
        if not self.role.includes(role):
            raise Forbidden(
                f"This needs the role {role.value}; you are {self.role.value}.",
                details={"required_role": role.value, "role": self.role.value},
            )
