"""Finds the servers that are not ours, and installs the Debian packages of those that are missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from magacin.stack import apt
from magacin.stack.errors import StackError

Progress = Callable[[int, str], None]


class Program(NamedTuple):
    """An executable: the names it goes by, upstream's first, and the Debian package that has it."""

    names: tuple[str, ...]
    package: str


PROGRAMS: Mapping[str, Program] = {
    "postgres": Program(("postgres",), "postgresql"),
    "redis-server": Program(("redis-server",), "redis-server"),
    "prometheus": Program(("prometheus",), "prometheus"),
    "promtool": Program(("promtool",), "prometheus"),
    "alertmanager": Program(("alertmanager", "prometheus-alertmanager"), "prometheus-alertmanager"),
    "amtool": Program(("amtool",), "prometheus-alertmanager"),
    "node-exporter": Program(("node_exporter", "prometheus-node-exporter"), "prometheus-node-exporter"),
    "redis-exporter": Program(("redis_exporter", "prometheus-redis-exporter"), "prometheus-redis-exporter"),
    "postgres-exporter": Program(
        ("postgres_exporter", "prometheus-postgres-exporter"), "prometheus-postgres-exporter"
    ),
    "docker-compose": Program(("docker-compose",), "docker-compose"),
    "age": Program(("age",), "age"),
    "certutil": Program(("certutil",), "libnss3-tools"),
    "chromium": Program(("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "spin": Program(("spin",), "spin"),
    "gcc": Program(("gcc",), "build-essential"),
    "debootstrap": Program(("debootstrap",), "debootstrap"),
    "slirp4netns": Program(("slirp4netns",), "slirp4netns"),
}
POSTGRES_FOLDERS = Path("/usr/lib/postgresql")
# Servers are looked for there too: a plain user's PATH often leaves those folders out.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin")


def search_path() -> str:
    """Return PATH with the system's folders of servers appended."""
    return os.pathsep.join([os.environ.get("PATH", ""), *_SYSTEM_FOLDERS])


def find(name: str, *, postgres_version: str | None = None) -> Path | None:
    """Return where a program is, by any of its names, or None."""
    if name == "postgres":
        return find_postgres(postgres_version)
    for candidate in PROGRAMS[name].names:
        if found := shutil.which(candidate, path=search_path()):
            return Path(found)
    return None


def find_grafana() -> Path | None:
    """Return where Grafana is, or None. No package of Debian's has it: it is used where somebody put it."""
    names = (shutil.which(name, path=search_path()) for name in ("grafana", "grafana-server"))
    return next((Path(name) for name in names if name), None)


def grafana_home(program: Path) -> Path | None:
    """Return the folder with Grafana's pages and defaults: beside its program, or where packages put it."""
    folder = program.resolve().parent.parent
    homes = (folder, folder / "share" / "grafana", Path("/usr/share/grafana"))
    return next((home for home in homes if (home / "conf" / "defaults.ini").is_file()), None)


def find_postgres(version: str | None = None, folders: Path = POSTGRES_FOLDERS) -> Path | None:
    """Return a PostgreSQL server that has initdb beside it: of major `version`, or the newest.

    Where no version is named, one on PATH comes first.
    """
    found = shutil.which("postgres", path=search_path())
    own = Path(found) if found and Path(found).with_name("initdb").exists() else None
    if version is None and own:
        return own
    majors = [f for f in folders.glob("*") if f.name.isdigit() and version in (None, f.name)]
    for folder in sorted(majors, key=lambda folder: int(folder.name), reverse=True):
        if all(os.access(folder / "bin" / program, os.X_OK) for program in ("postgres", "initdb")):
            return folder / "bin" / "postgres"
    return own if own and version == _postgres_major(own) else None


def _postgres_major(server: Path) -> str | None:
    done = subprocess.run([server, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return found[1] if found else None


def how_to_get_postgres(version: str | None) -> str:
    """Return the command that installs a major version of PostgreSQL, or for None the one that is there.

    A release of Debian has one version. All others are in PostgreSQL's own archive, which a script that
    Debian has adds.
    """
    if version is None:
        return "sudo apt-get install postgresql"
    package = f"sudo apt-get install postgresql-{version}"
    known = shutil.which("apt-cache", path=search_path())
    if known is None or _has_package(known, f"postgresql-{version}"):
        return package
    add = "sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y"
    return f"sudo apt-get install postgresql-common && {add} && {package}"


def _has_package(apt_cache: str, package: str) -> bool:
    # It says what is in no archive as well, when something names it; what can be installed has a description.
    done = subprocess.run([apt_cache, "show", package], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "Package:" in done.stdout


def locate(name: str, *, postgres_version: str | None = None) -> Path:
    """Return where a program is; raise StackError with the package's name when it is nowhere."""
    if found := find(name, postgres_version=postgres_version):
        return found
    package = PROGRAMS[name].package + (f"-{postgres_version}" if postgres_version else "")
    raise StackError(
        f"{' or '.join(PROGRAMS[name].names)} is not installed.",
        f"Install it: sudo apt-get install {package}",
    )


def missing_packages(programs: Iterable[str], find_program: Callable[[str], Path | None] = find) -> list[str]:
    """Return the Debian packages of the programs that are nowhere, each once, in order."""
    return list(dict.fromkeys(PROGRAMS[name].package for name in programs if find_program(name) is None))


def by_hand(packages: Iterable[str]) -> str:
    """Return the command a person can run instead."""
    command = f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    return (
        f"Run by hand, then start again: {command}\n"
        "(Debian then starts services of its own on these ports: sudo systemctl disable --now NAME)"
    )


def root_prefix(user_id: int, sudo: str | None, interactive: bool) -> list[str] | None:
    """Return what makes a command run as root: nothing, sudo, or None where there is no way."""
    if user_id == 0:
        return []
    if sudo is None:
        return None
    # Without a terminal sudo cannot ask for a password, and would wait for one for ever.
    return [sudo, "--"] if interactive else [sudo, "-n", "--"]


def install_packages(packages: list[str], progress: Progress) -> None:
    """Install Debian packages; no system service is started, stopped, enabled or changed by it."""
    if shutil.which("apt-get", path=search_path()) is None:
        raise StackError(
            f"these are missing, and this system has no apt-get: {', '.join(packages)}.",
            "Put the servers on PATH by the means of your system, then start again.",
        )
    prefix = root_prefix(os.geteuid(), shutil.which("sudo"), sys.stdin is not None and sys.stdin.isatty())
    if prefix is None:
        raise StackError(
            f"installing {', '.join(packages)} needs root, and there is no sudo.", by_hand(packages)
        )
    command = [*prefix, sys.executable, "-I", str(Path(apt.__file__).resolve()), *packages]
    _run(command, packages, progress)


def _run(command: list[str], packages: list[str], progress: Progress) -> None:
    # stderr stays the terminal's: sudo asks for the password there.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        try:
            failed = _read_events(process, progress)
        except KeyboardInterrupt:
            # It got the same signal, lets apt-get reach a safe point and puts everything back.
            progress(100, "Stopping apt-get at a safe point")
            process.communicate()
            raise
    if process.returncode == apt.INTERRUPTED:
        raise KeyboardInterrupt
    if process.returncode:
        raise StackError(f"apt-get could not install {', '.join(packages)}.", *failed, by_hand(packages))


def _read_events(process: subprocess.Popen[str], progress: Progress) -> list[str]:
    failed: list[str] = []
    for line in process.stdout or ():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if "progress" in event:
            progress(event["progress"], event["doing"])
        failed = event.get("failed", failed)
    return [line for line in failed if not re.match(r"\s*$", line)]
