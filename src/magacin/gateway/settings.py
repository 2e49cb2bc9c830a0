"""What the API Gateway needs to know."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, HttpUrl, IPvAnyAddress, IPvAnyNetwork

from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings, StrongSecret

MIB = 1024 * 1024
_ROOT = Path(__file__).resolve().parents[3]


class Link(BaseModel):
    """A part that people open: where a browser finds it, and where we do when that is somewhere else."""

    url: HttpUrl
    probe: HttpUrl | None = None


def _link(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


def _unset(value: object) -> object:
    # Compose hands over what nobody has set as the empty text.
    return None if value == "" else value


def _name(value: str) -> str:
    # Where there is no name, nothing of certificates is loaded.
    from magacin.core.certificates import CertificateError, normal_name

    try:
        return normal_name(value)
    except CertificateError as error:
        raise ValueError(f"{error.what} {error.advice}") from error


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
    quick_login_hours: float = Field(
        default=16,
        gt=0,
        le=168,
        description="How long a login by PIN or badge lasts, however often it is refreshed: a shift.",
    )
    audit_kept_days: Annotated[int | None, BeforeValidator(_unset)] = Field(
        default=None,
        ge=365,
        le=36_500,
        description="How long entries of the audit log are kept; for ever when unset. See docs/audit.md.",
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
        default=None, description="Where the Realtime Worker is, for the status page; not shown when unset."
    )
    links: dict[str, Annotated[Link, BeforeValidator(_link)]] = Field(
        default_factory=dict,
        description='Other parts to show on the status page: {"Prometheus": "http://127.0.0.1:9090"}. Where '
        'the gateway reaches one by another address than people do: {"url": "https://…", "probe": "http://…"}.',
    )
    parts_file: Path | None = Field(
        default=None,
        description="A JSON file that lists more of them; it may change at any time. Each is an object with "
        "`title`, `url`, `health` (a path) and `open` (whether people open it).",
    )
    demo_badge_file: Path | None = Field(
        default=None,
        description="Where a demo leaves the badge that the front page shows to whoever is at the machine.",
    )
    app_dir: Path = Field(
        default=_ROOT / "web" / "dist" / "worker", description="The workers' application, built."
    )
    desk_dir: Path = Field(
        default=_ROOT / "web" / "dist" / "desk", description="The supervisors' application, built."
    )
    wall_dir: Path = Field(
        default=_ROOT / "web" / "dist" / "wall", description="The application of walls, built."
    )
    scan_timeout_seconds: float = Field(
        default=5,
        gt=0,
        description="How long an operation may take that is safe to send again, such as a scan.",
    )
    forward_timeout_seconds: float = Field(
        default=10, gt=0, description="How long a service, or the gateway itself, may take to answer others."
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
    sockets_per_user: int = Field(
        default=100,
        ge=1,
        description="Live connections that one person may have at a time, in each process of the gateway.",
    )
    socket_ping_seconds: float = Field(
        default=20, gt=0, description="How often an idle socket is asked whether it is still there."
    )
    socket_ping_timeout_seconds: float = Field(
        default=10, gt=0, description="How long it may take to answer that."
    )

    lan_name: Annotated[Annotated[str, AfterValidator(_name)] | None, BeforeValidator(_unset)] = Field(
        default=None,
        description="Host name or IP address by which phones reach the gateway over HTTPS; none when unset.",
    )
    data_dir: Annotated[Path | None, BeforeValidator(_unset)] = Field(
        default=None,
        description="The data directory of a native stack, whose last backup the metrics tell.",
    )
    lan_host: IPvAnyAddress = Field(
        default=IPv4Address("0.0.0.0"),  # noqa: S104  what phones are to reach
        description="Address to listen on for phones.",
    )
    lan_port: int = Field(default=8443, ge=0, le=65535, description="TCP port for phones, with TLS.")
    lan_authority_port: int = Field(
        default=8442, ge=0, le=65535, description="TCP port of the page that says how to trust the authority."
    )
    lan_plain: bool = Field(
        default=True,
        description="Whether that page has a port without TLS, for phones that do not trust it yet.",
    )
    lan_dir: Path | None = Field(
        default=None,
        description="Folder in which an authority for the name is kept, and made where there is none.",
    )
    lan_certificate_file: Annotated[Path | None, BeforeValidator(_unset)] = Field(
        default=None,
        description="A certificate in PEM, with those of authorities in between; made here when unset.",
    )
    lan_key_file: Annotated[Path | None, BeforeValidator(_unset)] = Field(
        default=None, description="Its key, in PEM; in the same file when unset."
    )
