"""Settings of the demo."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr

from magacin.core.settings import ServerSettings


class DemoSettings(ServerSettings):
    """All of it may be set as `MAGACIN_NAME` or `MAGACIN_NAME_FILE`."""

    port: int = Field(default=8005, ge=0, le=65535, description="TCP port on which `/health` is answered.")
    workers: int = Field(default=1, ge=1, le=1, description="One: it is one simulation.")
    gateway_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8000"), description="Where the gateway is."
    )
    admin_username: str = Field(default="admin", description="Who may create the demo's users.")
    admin_password: SecretStr = Field(description="Their password; usually MAGACIN_ADMIN_PASSWORD_FILE.")
    demo_users_path: Path = Field(
        validation_alias="MAGACIN_DEMO_USERS_FILE",
        description="Where the demo keeps the generated passwords of its users, mode 0600.",
    )
    demo_badge_file: Path | None = Field(
        default=None,
        description="Where the demo leaves a badge for whoever tries it, mode 0600; the gateway's front page "
        "shows it at the machine. None is made when unset.",
    )
    demo_scans_per_second: float = Field(default=4.0, gt=0, le=200, description="All workers together.")
    demo_hours: float = Field(default=8.0, ge=0, description="After so long nobody works any more.")
    demo_requisitions_per_hour: int = Field(
        default=1200,
        ge=0,
        description="Requisitions that the demo makes up when the sample is used up, at most.",
    )

    @property
    def base_url(self) -> str:
        """The gateway's address without a slash at its end."""
        return str(self.gateway_url).rstrip("/")
