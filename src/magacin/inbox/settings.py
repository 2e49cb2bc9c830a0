"""Settings of the inbox."""

from __future__ import annotations

import ipaddress

from pydantic import Field, ValidationInfo, field_validator

from magacin.core.host_guard import host_names
from magacin.core.settings import ServerSettings


class InboxSettings(ServerSettings):
    """All of it may be set as `MAGACIN_NAME` or `MAGACIN_NAME_FILE`."""

    port: int = Field(default=8025, ge=0, le=65535, description="TCP port of the pages and the API.")
    workers: int = Field(default=1, ge=1, le=1, description="One: messages are kept in its memory.")
    smtp_port: int = Field(default=1025, ge=0, le=65535, description="TCP port for SMTP.")
    inbox_in_container: bool = Field(
        default=False,
        validate_default=True,
        description="Listen on another address than loopback. For a container, whose network lets nobody in.",
    )
    inbox_messages: int = Field(default=1000, ge=1, le=100_000, description="Messages kept; the oldest go.")
    inbox_megabytes: int = Field(default=32, ge=1, le=1024, description="Megabytes kept; the oldest go.")
    inbox_hosts: str = Field(
        default="localhost,127.0.0.1,[::1],inbox",
        description="Names by which a browser or Alertmanager may ask for the inbox, separated by commas.",
    )

    @property
    def host_names(self) -> frozenset[str]:
        """The names that a request may ask for."""
        return host_names(self.inbox_hosts)

    @field_validator("inbox_in_container")
    @classmethod
    def _stay_on_loopback(cls, in_container: bool, info: ValidationInfo) -> bool:
        host = info.data.get("host", "")
        if not (in_container or _is_loopback(host)):
            raise ValueError(
                f"the inbox shows all to everybody, so it does not listen on {host}: use 127.0.0.1. "
                "In a container, where the network keeps others out, set this to true"
            )
        return in_container


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
