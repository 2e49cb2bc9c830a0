"""Where a stack lives, for whoever starts its parts or talks to them."""

from __future__ import annotations

from dataclasses import dataclass

from magacin.stack import parts
from magacin.stack.paths import DataDir
from magacin.stack.secrets import Secrets


@dataclass(frozen=True)
class Site:
    """Where a stack lives: its directory, its secrets, and how far its ports are moved."""

    data: DataDir
    secrets: Secrets
    offset: int

    def port(self, name: str) -> int:
        """Return the port of a part in this stack."""
        return parts.PORTS[name] + self.offset

    def url(self, name: str) -> str:
        """Return the base URL of a part in this stack."""
        return f"http://{parts.address(name, self.offset)}"
