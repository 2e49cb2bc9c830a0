"""Who is asking: established by the gateway, handed to the services in headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from magacin.core.errors import Forbidden, Unauthorized

USER_HEADER = "X-Magacin-User"
ROLE_HEADER = "X-Magacin-Role"

# Names go into headers, logs and rooms: short, plain, never reused for somebody else.
USERNAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,31}$"


class Role(StrEnum):
    """What a person may do; each role may do what the ones before it may."""

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


_RANKS = {role: rank for rank, role in enumerate(Role)}  # asked for with every request


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as the gateway established it from their token."""

    username: str
    role: Role

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Identity:
        """Return the person behind a request that the gateway forwarded; raise `Unauthorized` of another.

        Only meaningful behind `ServiceTokenMiddleware`, which proves that the gateway set the headers.
        """
        username, role = headers.get(USER_HEADER), headers.get(ROLE_HEADER)
        if not username or role not in _RANKS:
            raise Unauthorized("The request names no person: it did not come through the gateway.")
        return cls(username, Role(role))

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
