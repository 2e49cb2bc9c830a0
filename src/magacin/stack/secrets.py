"""The secrets of a stack: generated once, kept in files that only their owner can read."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from magacin.core.files import write_private
from magacin.stack import parts
from magacin.stack.paths import DataDir

# Random, and the same for the life of a data directory.
GENERATED = (
    "postgres-superuser-password",
    "postgres-app-password",
    "postgres-monitor-password",
    "redis-password",
    "service-token",
    "jwt-key",
    "webhook-key",
    "grafana-admin-password",
    "operator-password",
    "console-key",
    "heartbeat-token",
    "monitoring-password",
    "scrape-token",
)
DATABASE = "magacin"
APP_ROLE = "magacin"
MONITOR_ROLE = "magacin_monitor"
SUPERUSER = "postgres"
_ROLE_PASSWORDS = {
    APP_ROLE: "postgres-app-password",
    MONITOR_ROLE: "postgres-monitor-password",
    SUPERUSER: "postgres-superuser-password",
}


@dataclass(frozen=True)
class Secrets:
    """Reads the secrets of one data directory; `file` gives the path for programs that read it themselves."""

    folder: Path

    def file(self, name: str) -> Path:
        """Return the file that holds a secret."""
        return self.folder / name

    def value(self, name: str) -> str:
        """Return a secret."""
        return self.file(name).read_text(encoding="utf-8").strip()

    def password(self, role: str) -> str:
        """Return the password of one of our roles in PostgreSQL."""
        return self.value(_ROLE_PASSWORDS[role])


def renew(known: Secrets, name: str) -> None:
    """Replace a generated secret. Whoever has read the old one has to be started anew."""
    write_private(known.file(name), secrets.token_hex(32) + "\n")


def ensure(data: DataDir, offset: int) -> Secrets:
    """Generate what is missing, and write the files that are made of secrets and addresses."""
    known = Secrets(data.secrets)
    for name in GENERATED:
        if not known.file(name).exists():
            renew(known, name)
    for name, text in _composed(known, offset).items():
        write_private(known.file(name), text)
    return known


def database_url(known: Secrets, offset: int, database: str = DATABASE) -> str:
    """Return the address of a database of a stack, as the services are given it: with the password in it."""
    where = f"{parts.address('postgres', offset)}/{database}"
    return f"postgresql+asyncpg://{APP_ROLE}:{known.password(APP_ROLE)}@{where}"


def _composed(known: Secrets, offset: int) -> dict[str, str]:
    redis, password = parts.address("redis", offset), known.value("redis-password")
    return {
        "database-url": database_url(known, offset) + "\n",
        "redis-url": f"redis://:{password}@{redis}/0\n",
        # The exporter looks passwords up by the address it was given.
        "redis-exporter-passwords.json": json.dumps({f"redis://{redis}": password}) + "\n",
    }
