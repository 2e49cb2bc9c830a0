"""The secrets of an installation in Docker: files that Compose mounts into the containers one by one."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from magacin.core.files import write_whole
from magacin.stack import logins

# Below the checkout; Compose finds it by the generated .env.
FOLDER = Path(".magacin-docker") / "secrets"
GENERATED = (
    "postgres_password",
    "database_password",
    "postgres_exporter_password",
    "redis_password",
    "redis_exporter_password",
    "service_token",
    "jwt_key",
    "webhook_key",
    "grafana_admin_password",
    "smtp_password",
    "operator_password",
    "monitoring_password",
    "scrape_token",
)
# Where notifications go until somebody puts a real address there (docs/notifications.md).
_TO_THE_INBOX = {
    "slack_webhook_critical": "http://inbox:8025/slack",
    "slack_webhook_warning": "http://inbox:8025/slack",
    "heartbeat_url": "http://inbox:8025/heartbeat",
}
_EXPORTER_MAY = (
    "+auth +hello +ping +select +client|setname +info +config|get +latency|latest +latency|histogram "
    "+slowlog|get +slowlog|len"
)
_ENVIRONMENT = {
    "MAGACIN_SECRETS_DIR": f"./{FOLDER}",
    "COMPOSE_PROJECT_NAME": "magacin-track",
    "COMPOSE_IGNORE_ORPHANS": "true",
}


def ensure(root: Path) -> Path:
    """Make what is missing below the checkout `root`, secrets and Compose's .env, and return the folder."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for closed in (folder.parent, folder):
        closed.chmod(0o700)
    for name in GENERATED:
        _write(folder / name, _value(folder, name) or secrets.token_hex(32))
    for name, address in _TO_THE_INBOX.items():
        _write(folder / name, _value(folder, name) or address)
    known = {name: _value(folder, name).strip() for name in GENERATED}
    for name, text in (_composed(known) | _logins(folder, known)).items():
        _write(folder / name, text)
    _ensure_environment(root / ".env")
    return folder


def _value(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _composed(known: Mapping[str, str]) -> dict[str, str]:
    """Return what holds passwords in the form that a program wants, and so has to follow them."""
    redis, exporter = known["redis_password"], known["redis_exporter_password"]
    # Older exporters (Debian's 1.45) look the password up without the user in the address.
    passwords = {"redis://exporter@redis:6379": exporter, "redis://redis:6379": exporter}
    return {
        "database_url": f"postgresql+asyncpg://magacin:{known['database_password']}@postgres:5432/magacin",
        "redis_url": f"redis://:{redis}@redis:6379/0",
        "redis_exporter_passwords": json.dumps(passwords) + "\n",
        "redis_acl": f"user default on #{_sha256(redis)} ~* &* +@all\n"
        f"user exporter on #{_sha256(exporter)} resetkeys resetchannels -@all {_EXPORTER_MAY}\n",
    }


def _logins(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Return the files by which Prometheus and the like look at who asks, and by which people log in."""
    passwords = {name: known[name.replace("-", "_")] for name in logins.SECRET_OF.values()}
    files = {f"web_{kind}": kind for kind in logins.USERS}
    own = {name: logins.web_config(kind, passwords, _value(folder, name)) for name, kind in files.items()}
    return own | logins.for_curl(passwords)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    """Write a secret whole or not at all; one that is there already stays the file that it is.

    The folder is closed to everybody else. The file is readable, because the containers, which see single
    files and not the folder, run as users of their own (docs/decisions/0010).
    """
    if _value(path.parent, path.name) != text:
        write_whole(path, text, 0o444)


def _ensure_environment(file: Path) -> None:
    # Compose reads .env by itself, so that a plain `docker compose up -d` finds the secrets too.
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    there = {line.partition("=")[0] for line in text.splitlines()}
    missing = "".join(f"{key}={value}\n" for key, value in _ENVIRONMENT.items() if key not in there)
    if missing:
        file.write_text(text + missing, encoding="utf-8")
