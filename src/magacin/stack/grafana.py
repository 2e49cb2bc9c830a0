"""Grafana in a native stack, where somebody has installed it: its configuration and its provisioning."""

from __future__ import annotations

import shutil
from pathlib import Path

from magacin.core.files import write_private
from magacin.stack import logins
from magacin.stack.paths import make_private
from magacin.stack.render import to_loopback
from magacin.stack.site import Site

# Where Compose mounts what the files in monitoring/grafana name.
_DASHBOARDS = "/etc/grafana/dashboards"
_PASSWORD = "/run/secrets/grafana_admin_password"  # noqa: S105  a path, with no password in it
# Kinds that Grafana looks for; it complains of folders that are not there.
_PROVISIONED = ("datasources", "dashboards", "alerting", "plugins")


def write(site: Site, monitoring: Path) -> None:
    """Write Grafana's configuration and provisioning, of the files in monitoring/grafana."""
    source = monitoring / "grafana"
    text = _native((source / "grafana.ini").read_text(encoding="utf-8"), site, monitoring)
    write_private(site.data.etc / "grafana.ini", text + _own(site))
    target = provisioning(site)
    shutil.rmtree(target, ignore_errors=True)
    for kind in _PROVISIONED:
        make_private(target / kind)
        for file in sorted((source / "provisioning" / kind).glob("*.yml")):
            write_private(
                target / kind / file.name, _native(file.read_text(encoding="utf-8"), site, monitoring)
            )


def provisioning(site: Site) -> Path:
    """Return the folder that Grafana provisions itself from."""
    return site.data.etc / "grafana"


def _native(text: str, site: Site, monitoring: Path) -> str:
    text = text.replace(_PASSWORD, str(site.secrets.file("grafana-admin-password")))
    text = logins.to_native(text, site.data)
    # The files themselves, so that a change of them shows without a restart.
    text = text.replace(_DASHBOARDS, str((monitoring / "grafana" / "dashboards").resolve()))
    return to_loopback(text, site.offset)


def _own(site: Site) -> str:
    """Return what only a native stack sets: in Compose the image and its network do."""
    folder = site.data.grafana
    return f"""
[server]
root_url = http://localhost:{site.port("grafana")}/

[paths]
data = {folder}
logs = {folder / "log"}
plugins = {folder / "plugins"}
provisioning = {provisioning(site)}
"""
