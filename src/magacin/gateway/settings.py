"""What the API Gateway needs to know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, HttpUrl, IPvAnyNetwork

from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings, StrongSecret

MIB = 1024 * 1024


class Link(BaseModel):
    """A part that people open: where a browser finds it, and where we do when that is somewhere else."""

    url: HttpUrl
    probe: HttpUrl | None = None


def _link(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


class GatewaySettings(DatabaseSettings, RedisSettings, ServiceSettings):
    """Settings of the API Gateway, each from `MAGACIN_<NAME>` or a file named by `MAGACIN_<NAME>_FILE`."""

    port: int = Field(default=8000, ge=0, le=65535, description="TCP port to listen on.")
    database_pool_size: int = Field(
        default=4, ge=1, le=50, description="Connections kept open; only logins and user management need any."
    )

    jwt_key: StrongSecret = Field(
        min_length=32, description="Signs access tokens. All gateways share it; a new one ends all of them."
    )
    access_token_minutes: float = Field(default=15, gt=0, le=60, description="Life of an access token.")
    refresh_token_days: float = Field(
        default=14, gt=0, le=90, description="Life of a refresh token; each use starts it anew."
    )
    refresh_grace_seconds: float = Field(
        default=30,
        ge=0,
        le=300,
        description="How long after its first use a refresh token still works: for two tabs that refresh at "
        "once, and for answers that were lost. Later a second use ends the login.",
    )
    login_window_seconds: int = Field(
        default=300, ge=1, le=86_400, description="Period in which failed logins are counted."
    )
    login_failures_per_user: int = Field(
        default=10, ge=1, description="Failed logins of one name in the window before it has to wait."
    )
    login_failures_per_address: int = Field(
        default=100, ge=1, description="The same for one client address; a warehouse shares one."
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default_factory=list,
        description='Proxies whose X-Forwarded-For is believed, as a client\'s address: ["10.0.0.0/8"]. '
        "None when empty: anybody can write that header.",
    )

    task_service_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8001"), description="Where the Task Service is."
    )
    import_service_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8003"), description="Where the Import Service is."
    )
    realtime_worker_url: HttpUrl | None = Field(
        default=None, description="Where the Realtime Worker is, for the front page; not shown when unset."
    )
    links: dict[str, Annotated[Link, BeforeValidator(_link)]] = Field(
        default_factory=dict,
        description='Other parts to show on the front page: {"Prometheus": "http://127.0.0.1:9090"}. Where '
        'the gateway reaches one by another address than people do: {"url": "https://…", "probe": "http://…"}.',
    )
    parts_file: Path | None = Field(
        default=None,
        description="A JSON file that lists more of them; it may change at any time. Each is an object with "
        "`title`, `url`, `health` (a path) and `open` (whether people open it).",
    )
    forward_timeout_seconds: float = Field(
        default=30, gt=0, description="How long a service may take to answer."
    )
    upload_timeout_seconds: float = Field(
        default=600, gt=0, description="How long an upload may take, from its first byte to the answer."
    )
    max_upload_bytes: int = Field(
        default=100 * MIB,
        ge=1,
        description="The largest import that is accepted, multipart overhead included.",
    )
    upstream_connections: int = Field(
        default=200, ge=1, le=10_000, description="Connections to each service, at most, per process."
    )
    allowed_origins: list[str] = Field(
        default_factory=list,
        description="Origins whose pages may connect over Socket.IO; only our own when empty.",
    )
    socket_ping_seconds: float = Field(
        default=20, gt=0, description="How often an idle socket is asked whether it is still there."
    )
    socket_ping_timeout_seconds: float = Field(
        default=10, gt=0, description="How long it may take to answer that."
    )
