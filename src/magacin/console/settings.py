"""Settings of the console."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr

from magacin.core.host_guard import host_names
from magacin.core.settings import ServerSettings, StrongSecret

MIB = 1024 * 1024
_ROOT = Path(__file__).resolve().parents[3]


class ConsoleSettings(ServerSettings):
    """All of it may be set as `MAGACIN_NAME` or `MAGACIN_NAME_FILE`."""

    port: int = Field(default=3000, ge=0, le=65535, description="TCP port to listen on.")
    workers: int = Field(default=1, ge=1, le=1, description="One: answers are shared in its memory.")

    operator_password: StrongSecret = Field(description="What the operator logs in with.")
    console_key: StrongSecret = Field(min_length=32, description="Signs sessions; a new one ends all.")
    console_session_days: float = Field(
        default=7, gt=0, le=90, description="Life of a session that is not used; each use starts it anew."
    )
    console_login_days: float = Field(
        default=30, gt=0, le=365, description="Life of a session, however much it is used."
    )
    console_login_failures: int = Field(
        default=10, ge=1, description="Failed logins from one address within a minute before it has to wait."
    )
    console_hosts: str = Field(
        default="localhost,127.0.0.1,[::1],console",
        description="Names by which a browser may ask for the console, separated by commas.",
    )
    console_https: bool = Field(
        default=False, description="Whether browsers reach it over HTTPS; the cookie is then kept off HTTP."
    )

    prometheus_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:9090"), description="Where Prometheus is."
    )
    alertmanager_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:9093"), description="Where Alertmanager is."
    )
    monitoring_user: str = Field(default="magacin", description="Who the console is to these two.")
    monitoring_password: SecretStr | None = Field(
        default=None, description="Its password; without one they are asked as anybody may ask them."
    )
    parts_file: Path | None = Field(
        default=None, description="A JSON file that lists what else runs; the inbox is found in it."
    )
    web_dir: Path = Field(default=_ROOT / "web" / "dist" / "console", description="The built pages.")
    dashboards_dir: Path = Field(
        default=_ROOT / "monitoring" / "grafana" / "dashboards", description="The dashboards that come along."
    )
    runbooks_dir: Path = Field(default=_ROOT / "docs" / "runbooks", description="A Markdown file an alert.")
    data_dir: Path = Field(
        default=_ROOT / ".magacin",
        description="The operator's own dashboards are in `dashboards/` below it; so is what was logged out.",
    )

    console_query_seconds: float = Field(
        default=30, gt=0, le=300, description="How long Prometheus may work on a query."
    )
    console_concurrent_queries: int = Field(
        default=12, ge=1, le=100, description="Requests to Prometheus at once; more wait. It works on 20."
    )
    console_answer_bytes: int = Field(
        default=32 * MIB, ge=1024, description="The largest answer that is handed on."
    )
    console_cached_samples: int = Field(
        default=500_000, ge=0, description="Samples kept of earlier answers, about 80 bytes each."
    )

    @property
    def host_names(self) -> frozenset[str]:
        """The names that a request may ask for."""
        return host_names(self.console_hosts)
