"""Settings of the heartbeat receiver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from magacin.core.mail import host_and_port
from magacin.core.settings import ServerSettings, StrongSecret


class HeartbeatSettings(ServerSettings):
    """All of it may be set as `MAGACIN_NAME` or `MAGACIN_NAME_FILE`.

    Mail server and webhook are its own: what Alertmanager uses may be what is broken.
    """

    port: int = Field(default=8026, ge=0, le=65535, description="TCP port to listen on.")
    workers: int = Field(default=1, ge=1, le=1, description="One: the watch is kept in its memory.")
    heartbeat_token: StrongSecret = Field(
        min_length=32, description="Ends the address that beats are posted to: /beat/TOKEN"
    )
    heartbeat_state: Path = Field(description="The file that remembers the state over a restart.")
    heartbeat_timeout_seconds: float = Field(
        default=300, gt=0, le=86_400, description="Silence after which it speaks up. Beats come every minute."
    )
    heartbeat_repeat_seconds: float = Field(
        default=14_400, gt=0, description="While the silence lasts, it says so again this often."
    )
    heartbeat_name: str = Field(default="Magacin Track", description="What is watched, as messages call it.")
    heartbeat_smtp_host: Annotated[str, AfterValidator(host_and_port)] = Field(
        default="", description="Mail server as HOST:PORT; empty for no email."
    )
    heartbeat_smtp_username: str = Field(default="", description="Empty to log in nowhere.")
    heartbeat_smtp_password: SecretStr = Field(default=SecretStr(""), description="Better given as a file.")
    heartbeat_smtp_require_tls: bool = Field(default=True, description="Refuse to send without STARTTLS.")
    heartbeat_email_from: str = Field(default="", description="Sender of its mails.")
    heartbeat_email_to: str = Field(default="", description="Recipients, separated by commas.")
    heartbeat_slack_url: SecretStr = Field(
        default=SecretStr(""), description="An incoming webhook of Slack; empty for no Slack."
    )
    heartbeat_slack_channel: str = Field(
        default="#alerts-critical", description="Named in the message; a webhook of today has its own."
    )

    @model_validator(mode="after")
    def _somebody_is_told(self) -> HeartbeatSettings:
        if self.heartbeat_smtp_host and not (self.heartbeat_email_from and self.heartbeat_email_to):
            raise ValueError("heartbeat_smtp_host wants heartbeat_email_from and heartbeat_email_to")
        if not (self.heartbeat_smtp_host or self.heartbeat_slack_url.get_secret_value()):
            raise ValueError("set heartbeat_smtp_host or heartbeat_slack_url: it has nobody to tell")
        return self
