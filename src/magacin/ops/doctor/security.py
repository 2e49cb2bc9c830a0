"""Are the secrets secret, strong and not the usual ones, and does nothing listen to the whole world?"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import shlex
import stat
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from magacin.contracts.auth import MIN_PASSWORD_LENGTH
from magacin.ops.doctor.findings import Finding, broken, note, warning
from magacin.ops.doctor.patient import Patient, Skipped
from magacin.stack import clients, lan
from magacin.stack.parts import PARTS
from magacin.stack.secrets import GENERATED

# What people try first. The names of our own users and of the product are among them.
COMMON = (
    "admin",
    "admin123",
    "password",
    "password123",
    "changeme",
    "change-me",
    "secret",
    "magacin",
    "magacin123",
    "magacin-track",
    "administrator",
    "12345678",
    "123456789012",
    "passwordpassword",
    "adminadminadmin",
    "administrator123",
)
_SHORTEST = 16
_SHORTEST_KEY = 32


def modes(patient: Patient) -> Iterator[Finding]:
    """Only their owner can read secrets, and what is rendered with secrets in it."""
    for path in sorted(_private(patient)):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            continue
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            right = "700" if path.is_dir() else "600"
            yield broken(
                "file-mode",
                str(path.relative_to(patient.data.path)),
                f"{path} has the mode {mode:04o}: other users may get at it.",
                "Whoever reads a secret can come in with it.",
                f"chmod {right} {shlex.quote(str(path))}",
            )


def _private(patient: Patient) -> Iterable[Path]:
    data = patient.data
    yield from (folder for folder in (data.secrets, data.etc, data.run) if folder.exists())
    # What is in run/ is no secret, but for the way in: the supervisor's socket, which its folder guards.
    for folder in (data.secrets, data.etc, data.lan):
        yield from (path for path in folder.rglob("*") if path.is_file())
    states = (data.path / name for name in ("heartbeat.json", "console-logouts.json"))
    yield from (path for path in (data.identity_file, *states) if path.exists())


def strength(patient: Patient) -> Iterator[Finding]:
    """Each generated secret is there, long, and not a word that people try first."""
    for name in GENERATED:
        file = patient.data.secrets / name
        try:
            value = file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            problem = "is not there"
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
        else:
            problem = weakness(value, _SHORTEST_KEY if name == "jwt-key" else _SHORTEST) or ""
        if problem:
            yield broken(
                "weak-secret",
                name,
                f"The secret in {file} {problem}.",
                "It can be guessed, or the part that needs it does not start.",
                f"rm -f {shlex.quote(str(file))} && {patient.renew()}",
            )


def weakness(value: str, shortest: int) -> str | None:
    """Return what is weak about a secret, without showing it, or None."""
    if value.lower() in COMMON:
        return "is one of those that people try first"
    if len(value) < shortest:
        return f"has {len(value)} characters; it needs {shortest}"
    if len(set(value)) < 8:
        return "is made of few different characters"
    return None


def admins(patient: Patient) -> Iterator[Finding]:
    """No user of the application has a password that people try first."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    async def ask(connection: Any) -> list[tuple[str, str]]:
        rows = await connection.fetch(
            "SELECT username, password_hash FROM gateway.users WHERE active AND role = 'admin'"
            " ORDER BY changed_at DESC LIMIT 5"
        )
        return [(row["username"], row["password_hash"]) for row in rows]

    hasher = PasswordHasher()
    # Shorter ones cannot be set.
    words = [word for word in COMMON if len(word) >= MIN_PASSWORD_LENGTH]
    for name, known in patient.database(ask):
        for word in words:
            with contextlib.suppress(VerificationError, InvalidHashError):
                hasher.verify(known, word)
                yield broken(
                    "known-password",
                    name,
                    f"The admin {name} has a password that people try first.",
                    "Whoever reaches the gateway can do everything.",
                    patient.command("user", "passwd", name, "--show"),
                )
                break


def dashboards_login(patient: Patient) -> Iterator[Finding]:
    """Grafana, where it runs, does not let in who says admin and admin123."""
    port, address = patient.site.port("grafana"), f"{patient.site.url('grafana')}/api/user"
    for password in ("admin123", "admin"):
        token = base64.b64encode(f"admin:{password}".encode()).decode()
        try:
            answer = clients.http(address, headers={"Authorization": f"Basic {token}"}, seconds=3)
        except (OSError, http.client.HTTPException) as error:
            raise Skipped("no Grafana answers") from error
        if answer.status == 200 and _is_user(answer.content):
            yield broken(
                "grafana-password",
                "admin",
                f"Grafana on port {port} lets admin in with a password that everybody knows.",
                "Whoever reaches it can read and change all dashboards and data sources.",
                "grafana cli admin reset-admin-password NEW",
            )
            return


def _is_user(body: bytes) -> bool:
    with contextlib.suppress(ValueError):
        content = json.loads(body)
        return isinstance(content, dict) and content.get("login") == "admin"
    return False


def monitoring_logins(patient: Patient) -> Iterator[Finding]:
    """Prometheus, Alertmanager and the exporters let in nobody without a login; in a demo everybody."""
    why = "Each web page that is open in a browser of this machine can read it, and silence alerts."
    is_demo = "demo" in patient.processes
    for name, part in PARTS.items():
        if part.login is None or not patient.runs(name):
            continue
        try:
            status = clients.http(patient.site.url(name) + part.health).status
        except (OSError, http.client.HTTPException):
            continue  # what is wrong with it is said elsewhere
        if status != 200:
            continue  # it asks; or it fails before it asks, which is said elsewhere too
        what = f"{part.title} asks nobody for a login."
        if is_demo:
            yield note("no-login", name, what, why, "that is how a demo is: start a stack without --demo")
        else:
            yield broken("no-login", name, what, why, patient.restart(name))


def listening(patient: Patient) -> Iterator[Finding]:
    """What runs listens on loopback, but for the door for phones: nothing else stands up to a network."""
    import psutil

    door = lan.read(patient.data)
    meant = {("api-gateway", port) for port in (door.ports(patient.site.offset) if door else ())}
    by_pid = owners(patient)
    found: dict[str, set[str]] = {}
    for one in psutil.net_connections("tcp"):
        if one.status != psutil.CONN_LISTEN or one.pid not in by_pid or not one.laddr:
            continue
        if not ip_address(one.laddr.ip).is_loopback and (by_pid[one.pid], one.laddr.port) not in meant:
            found.setdefault(by_pid[one.pid], set()).add(f"{one.laddr.ip}:{one.laddr.port}")
    for name, addresses in found.items():
        yield warning(
            "listens-outside",
            name,
            f"{PARTS[name].title} listens on {', '.join(sorted(addresses))}, not on loopback only.",
            "Whoever is in the same network can reach it.",
            patient.restart(name),
        )


def owners(patient: Patient) -> dict[int, str]:
    """Return pid → part, for the processes of all parts and for those that they started."""
    import psutil

    owners = {process.pid: name for name, process in patient.processes.items() if process.pid}
    parents = {one.info["pid"]: one.info["ppid"] for one in psutil.process_iter(["pid", "ppid"])}
    for pid in parents:
        above = pid
        while above and above not in owners:
            above = parents.get(above, 0)
        if above:
            owners[pid] = owners[above]
    return owners


def root(patient: Patient) -> Iterator[Finding]:
    """The stack does not run as root where it need not."""
    import os

    del patient
    if os.geteuid() == 0:
        yield note(
            "runs-as-root",
            "root",
            "This stack belongs to root, so its services run as root.",
            "A hole in one of them is a hole in the machine.",
            "start it as a user of its own, see docs/doctor.md",
        )
