"""Does PostgreSQL keep what it acknowledges, does Redis, and do both refuse strangers?"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from magacin.ops.doctor.findings import Finding, broken, warning
from magacin.ops.doctor.patient import Patient
from magacin.stack import clients
from magacin.stack.parts import LOOPBACK
from magacin.stack.secrets import MONITOR_ROLE

_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_REDIS = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
_REDIS_WHY = {
    "appendonly": "After a crash events are gone that were acknowledged.",
    "appendfsync": "After a power cut the last events are gone.",
    "maxmemory-policy": "When memory is short, events are thrown away silently.",
}
# Of max_connections.
_CONNECTIONS = 0.8


def durability(patient: Patient) -> Iterator[Finding]:
    """PostgreSQL has a commit on disk before it acknowledges it."""

    async def ask(connection: Any) -> Mapping[str, tuple[str, str]]:
        rows = await connection.fetch(
            "SELECT name, setting, coalesce(sourcefile, source) AS source FROM pg_settings"
            " WHERE name = ANY($1)",
            [*_DURABLE, "data_checksums"],
        )
        return {row["name"]: (row["setting"], row["source"]) for row in rows}

    # Who may monitor also sees where a setting comes from.
    found = patient.database(ask, MONITOR_ROLE)
    for name, wanted in _DURABLE.items():
        value, source = found[name]
        if value != wanted:
            yield broken(
                "postgres-durability",
                name,
                f"PostgreSQL runs with {name} = {value}.",
                "A scan that was acknowledged can be lost in a crash.",
                _reset(patient, name)
                if source.endswith("postgresql.auto.conf")
                else f"take {name} out of {source}, then {patient.restart('postgres')}",
            )
    if found["data_checksums"][0] != "on":
        yield warning(
            "postgres-checksums",
            "data_checksums",
            "PostgreSQL's data has no checksums.",
            "A disk that goes bad is noticed late, when backups have the damage too.",
            f"{patient.command('down')}, then pg_checksums --enable -D {patient.data.postgres}",
        )


def _reset(patient: Patient, name: str) -> str:
    """Return the command that takes back what somebody set with ALTER SYSTEM."""
    password = patient.data.secrets / "postgres-superuser-password"
    port = patient.site.port("postgres")
    return (
        f"PGPASSWORD=$(cat {shlex.quote(str(password))}) psql -h {LOOPBACK} -p {port} -U postgres "
        f"-c 'ALTER SYSTEM RESET {name}' -c 'SELECT pg_reload_conf()'"
    )


def connections(patient: Patient) -> Iterator[Finding]:
    """There are connections left."""

    async def ask(connection: Any) -> tuple[int, int]:
        used = await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")
        return int(used), int(await connection.fetchval("SHOW max_connections"))

    used, most = patient.database(ask)
    if used > most * _CONNECTIONS:
        yield warning(
            "postgres-connections",
            "max_connections",
            f"{used} of PostgreSQL's {most} connections are taken.",
            "With none left the services answer 503.",
            "see docs/runbooks/PostgresConnectionsHigh.md",
        )


def redis_settings(patient: Patient) -> Iterator[Finding]:
    """Redis keeps what it acknowledges, and can write."""
    found = patient.redis(lambda client: {name: client.config_get(name).get(name) for name in _REDIS})
    for name, wanted in _REDIS.items():
        if found[name] != wanted:
            yield broken(
                "redis-durability",
                name,
                f"Redis runs with {name} {found[name]}.",
                _REDIS_WHY[name],
                patient.restart("redis"),
            )
    if patient.redis(lambda client: client.info("persistence")).get("aof_last_write_status") != "ok":
        yield broken(
            "redis-writes",
            "appendonly",
            "Redis cannot write its file.",
            "It refuses every write, so screens stand still.",
            f"make room on the disk of {patient.data.redis}; see docs/runbooks/RedisConnectionIssues.md",
        )


def redis_password(patient: Patient) -> Iterator[Finding]:
    """Redis refuses who has no password."""
    import redis

    try:
        patient.redis(lambda client: client.ping(), password="")
    except redis.AuthenticationError:
        return
    yield broken(
        "redis-open",
        "redis",
        "Redis lets anybody in without a password.",
        "Every program of this machine can read and forge events.",
        patient.restart("redis"),
    )


def postgres_password(patient: Patient) -> Iterator[Finding]:
    """PostgreSQL refuses a wrong password, and the words that people try first."""
    import asyncpg

    async def let_in(connection: Any) -> list[str]:
        del connection
        admitted = []
        for role in ("magacin", "postgres"):
            try:
                # Where this one is let in, anything would be.
                guest = await clients.connect_postgres(
                    patient.site, role=role, password=secrets.token_hex(8), seconds=clients.SECONDS
                )
            except (asyncpg.PostgresError, OSError):
                continue
            await guest.close()
            admitted.append(role)
        return admitted

    if admitted := patient.database(let_in):
        yield broken(
            "postgres-open",
            "pg_hba.conf",
            f"PostgreSQL lets anybody in as {' and '.join(admitted)}, whatever the password.",
            "Every program of this machine can read and change everything.",
            patient.restart("postgres"),
        )
