"""Do the parts fit together: servers, packages, tables, and the configuration that they were started with?"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from magacin import __version__
from magacin.ops.doctor.findings import Finding, broken, warning
from magacin.ops.doctor.patient import Patient, Skipped
from magacin.ops.schemas import SCHEMAS, heads
from magacin.stack import install, postgres, render
from magacin.stack.errors import StackError
from magacin.stack.parts import services
from magacin.stack.paths import ROOT

# The oldest that our files were tried with.
_OLDEST = {
    "postgres": (13, 0),
    "redis-server": (6, 2),
    "prometheus": (2, 42),
    "alertmanager": (0, 25),
}
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$")


def servers(patient: Patient) -> Iterator[Finding]:
    """The servers are there, and not older than what was tried."""
    del patient
    for name, oldest in _OLDEST.items():
        program = install.find(name)
        if program is None:
            yield broken(
                "server-missing",
                name,
                f"{name} is not installed.",
                "The part that needs it cannot start.",
                f"sudo apt-get install {install.PROGRAMS[name].package}",
            )
            continue
        version = version_of(program)
        if version is not None and version < oldest:
            yield warning(
                "server-old",
                name,
                f"{name} has the version {'.'.join(map(str, version))}; the oldest that was tried is "
                f"{'.'.join(map(str, oldest))}.",
                "It may refuse our configuration, or measure by other names.",
                f"sudo apt-get install --only-upgrade {install.PROGRAMS[name].package}",
            )


def version_of(program: Path) -> tuple[int, int] | None:
    """Return the version that a program says it has."""
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"(?:version |\) |v=|v)?(\d+)\.(\d+)", done.stdout + done.stderr)
    return (int(match[1]), int(match[2])) if match else None


def running(patient: Patient) -> Iterator[Finding]:
    """What runs is what is installed: an update took effect."""
    pairs: list[tuple[str, str, str]] = []
    for part in services():
        if patient.runs(part.name):
            _, page = patient.get(part.name, "/metrics")
            if match := re.search(r'^magacin_build_info\{version="([^"]+)"\}', page, re.MULTILINE):
                pairs.append((part.name, match[1], __version__))
    program = install.find("prometheus")
    if patient.runs("prometheus") and program is not None:
        now = patient.prometheus("status/buildinfo")["version"]
        installed = version_of(program)
        running_version = tuple(int(number) for number in now.split(".")[:2])
        if installed is not None and installed != running_version:
            pairs.append(("prometheus", now, ".".join(map(str, installed))))
    for name, has, should in pairs:
        if has != should:
            yield warning(
                "older-process",
                name,
                f"{name} runs version {has}, and {should} is installed.",
                "What was mended in between is not mended yet.",
                patient.restart(name),
            )


def packages(patient: Patient) -> Iterator[Finding]:
    """The Python packages are those that were tested together."""
    del patient
    requirements = ROOT / "requirements.txt"
    if not requirements.exists():
        raise Skipped(f"{requirements} is not there")
    wanted = pinned(requirements.read_text(encoding="utf-8"))
    wrong = []
    for name, version in sorted(wanted.items()):
        try:
            has = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            has = "none"
        if has != version:
            wrong.append(f"{name} {has} (not {version})")
    if wrong:
        yield warning(
            "packages",
            "requirements.txt",
            f"Python packages differ from requirements.txt: {', '.join(wrong[:5])}"
            + (f" and {len(wrong) - 5} more." if len(wrong) > 5 else "."),
            "This combination was never tested.",
            f"rm -f {ROOT}/.venv/.magacin-* && ./magacin --version",
        )


def pinned(text: str) -> dict[str, str]:
    """Return the versions of a requirements file that are meant for this Python."""
    from packaging.markers import Marker

    found = {}
    for match in filter(None, map(_PINNED.match, text.splitlines())):
        if match[3] is None or Marker(match[3]).evaluate():
            found[match[1]] = match[2]
    return found


def cluster(patient: Patient) -> Iterator[Finding]:
    """The PostgreSQL that made the data is installed."""
    file = patient.data.postgres / "PG_VERSION"
    try:
        major = file.read_text().strip()
    except FileNotFoundError as error:
        raise Skipped("there is no database yet") from error
    except OSError as error:
        raise Skipped(f"{file} cannot be read") from error
    if postgres.server_for(patient.data.postgres.resolve()) is None:
        yield broken(
            "postgres-major",
            major,
            f"The data in {patient.data.postgres} was made by PostgreSQL {major}, which is not installed.",
            "The database cannot start.",
            install.how_to_get_postgres(major),
        )


def migrations(patient: Patient) -> Iterator[Finding]:
    """The tables of every service are up to date."""

    async def ask(connection: Any) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for schema in SCHEMAS:
            there = await connection.fetchval("SELECT to_regclass($1)", f"{schema}.alembic_version")
            query = f'SELECT version_num FROM "{schema}".alembic_version'  # noqa: S608  the names are ours
            found[schema] = await connection.fetchval(query) if there else None
        return found

    has = patient.database(ask)
    pending = {schema: head for schema, head in heads().items() if has.get(schema) != head}
    if pending:
        yield broken(
            "migrations",
            ", ".join(sorted(pending)),
            "Tables are not up to date: "
            + ", ".join(
                f"{schema} is at {has.get(schema)}, not {head}" for schema, head in sorted(pending.items())
            )
            + ".",
            "A service that needs the missing tables answers 500.",
            patient.command("migrate"),
        )


def supervisor(patient: Patient) -> Iterator[Finding]:
    """The supervisor runs the parts with the options of this checkout."""
    file = patient.data.etc / "supervisord.conf"
    try:
        wanted = render.supervisord_conf(patient.site)
    except StackError as error:
        raise Skipped(error.what) from error
    if not file.exists() or file.read_text(encoding="utf-8") == wanted:
        return
    changed = sorted(_differing(file.read_text(encoding="utf-8"), wanted))
    yield warning(
        "supervisor-older",
        ", ".join(changed),
        f"{file} was not made by this checkout: {', '.join(changed)} differ.",
        "Parts run with options of an older version.",
        patient.renew(),
    )


def _differing(one: str, other: str) -> set[str]:
    def sections(text: str) -> dict[str, str]:
        pieces = re.split(r"(?m)^\[(?:program:)?([\w-]+)[^\]]*\]$", text)
        return dict(zip(pieces[1::2], pieces[2::2], strict=True))

    first, second = sections(one), sections(other)
    return {name for name in {*first, *second} if first.get(name, "").strip() != second.get(name, "").strip()}
