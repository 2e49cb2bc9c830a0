"""What has to be there before parts can start: programs, pages, a database cluster, configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from magacin.stack import grafana, install, postgres, render, webapp
from magacin.stack.errors import StackError
from magacin.stack.parts import PARTS, Part
from magacin.stack.paths import Identity
from magacin.stack.reporter import Reporter
from magacin.stack.site import Site


def install_programs(missing: Iterable[Part], report: Reporter) -> None:
    """Install the packages of those programs that the parts need and this machine lacks."""
    packages = install.missing_packages(program for part in missing for program in part.programs)
    if packages:
        report.done(f"Installing, without starting any system service: {' '.join(packages)}")
        install.install_packages(packages, report.percent)
        report.done(f"Installed {len(packages)} packages")


def build_pages(missing: Collection[Part], report: Reporter) -> StackError | None:
    """Build the pages where what serves them is to start. Returns what went wrong with that.

    A warehouse must be able to work on a day when npm's registry cannot be reached.
    """
    try:
        if PARTS["console"] in missing or PARTS["api-gateway"] in missing:
            webapp.ensure(report)
    except StackError as error:
        return error
    return None


def configure(
    site: Site, identity: Identity, missing: Collection[Part], names: set[str], monitoring: Path
) -> set[str]:
    """Write all configuration, and make the database's cluster where there is none.

    `names` are the parts that run or are to run. Returns the names of the monitoring's files that changed.
    """
    if PARTS["postgres"] in missing:
        user = postgres.server_user()
        cluster = postgres.place(site.data, identity, user)
        postgres.prepare(cluster, site.secrets, site.port("postgres"), user)
    changed = render_monitoring(site, monitoring, names)
    render.write_configuration(site)
    if PARTS["grafana"] in missing:
        grafana.write(site, monitoring)
    render.write_parts(site, names)
    if "demo" not in names:
        # One of an earlier demo would still open the door.
        site.data.demo_badge.unlink(missing_ok=True)
    render.write_targets(site, names)
    return changed


def render_monitoring(site: Site, monitoring: Path, names: set[str]) -> set[str]:
    """Write the monitoring's files, checked where its programs are. Returns the names of what changed."""
    # Without the programs there is nothing to check with, and nothing to check for.
    check = bool(install.find("promtool") and install.find("amtool"))
    return render.monitoring(site.data, site.offset, monitoring, names, check=check)
