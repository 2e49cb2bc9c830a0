"""The receivers of an Alertmanager configuration, as they can be tried one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class SecretMissing(Exception):
    """A file with a secret cannot be used."""


@dataclass(frozen=True)
class Secret:
    """A secret of the configuration: in a file, or written there. Read when it is needed."""

    value: str | None
    file: Path | None

    def read(self) -> str:
        """Return it; raise SecretMissing that says what is the matter with the file."""
        if self.file is None:
            return self.value or ""
        try:
            text = self.file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SecretMissing(f"cannot read the secret in {self.file}: {error.strerror}") from error
        if not text:
            raise SecretMissing(f"the secret in {self.file} is empty")
        return text

    def __bool__(self) -> bool:
        return self.file is not None or bool(self.value)


@dataclass(frozen=True)
class EmailReceiver:
    """An `email_configs` entry with the global settings filled in."""

    receiver: str
    host: str
    port: int
    sender: str
    to: str
    username: str
    password: Secret
    require_tls: bool
    tls: Mapping[str, Any]


@dataclass(frozen=True)
class SlackReceiver:
    """A `slack_configs` entry."""

    receiver: str
    url: Secret
    channel: str


@dataclass(frozen=True)
class WebhookReceiver:
    """A `webhook_configs` entry."""

    receiver: str
    url: Secret


Receiver = EmailReceiver | SlackReceiver | WebhookReceiver


def receivers(config: Path) -> list[Receiver]:
    """Return all receivers that a configuration defines."""
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings = content.get("global") or {}
    return [one for item in content["receivers"] for one in _of(item, settings)]


def _of(item: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Receiver]:
    name = item["name"]
    for entry in item.get("email_configs") or []:
        yield _email(name, entry, settings)
    for entry in item.get("slack_configs") or []:
        url = _secret(entry, "api_url") or _secret(settings, "slack_api_url")
        yield SlackReceiver(name, url, entry.get("channel", ""))
    for entry in item.get("webhook_configs") or []:
        yield WebhookReceiver(name, _secret(entry, "url"))


def _email(name: str, entry: Mapping[str, Any], settings: Mapping[str, Any]) -> EmailReceiver:
    def either(key: str, default: Any = "") -> Any:
        return entry.get(key, settings.get(f"smtp_{key}", default))

    host, _, port = either("smarthost").rpartition(":")
    return EmailReceiver(
        receiver=name,
        host=host,
        port=int(port or 25),
        sender=either("from"),
        to=entry["to"],
        username=either("auth_username"),
        password=_secret(entry, "auth_password") or _secret(settings, "smtp_auth_password"),
        require_tls=either("require_tls", True),
        tls=either("tls_config", {}),
    )


def _secret(entry: Mapping[str, Any], key: str) -> Secret:
    file = entry.get(f"{key}_file")
    return Secret(entry.get(key), Path(file) if file else None)
