"""The audit log: who changed what, kept with the change, in a table that the services can only add to.

An entry is written in the transaction of the change: neither is there without the other. The table belongs to
a role that no service can become (docs/decisions/0137), so it is not made by a migration of theirs: a
superuser makes it by what `core.audit_table` has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.audit_table import DEFINITION, SCHEMA

entries = Table(
    "entries",
    MetaData(schema=SCHEMA),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True)),
    Column("actor", Text),
    Column("role", Text),
    Column("address", Text),
    Column("request_id", Text),
    Column("action", Text),
    Column("subject_kind", Text),
    Column("subject_id", Text),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
)


class NotSetUp(Exception):
    """The database has no audit log, or one that the services own, or that lacks something."""


class Actor(Protocol):
    """Who changes something, and where their request came from."""

    @property
    def username(self) -> str:
        """Return their name."""

    @property
    def role(self) -> str | None:
        """Return the role that they had then."""

    @property
    def address(self) -> str | None:
        """Return the address that they asked from."""

    @property
    def request_id(self) -> str | None:
        """Return what the request is called in the logs."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of ours that changes something by itself, or for whoever sits at the machine."""

    username: str
    role: str | None = None
    address: str | None = None
    request_id: str | None = None


SYSTEM = Program("system")


class Entry(NamedTuple):
    """What was done to what. `before` and `after` have what differs, None where there was or is nothing."""

    action: str
    kind: str
    id: str | int
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


async def record(connection: AsyncConnection, by: Actor, *done: Entry) -> None:
    """Write entries, with the change that they tell of: in its transaction."""
    if done:
        await connection.execute(insert(entries), [_row(by, one) for one in done])


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what differs of both."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


async def ensure(connection: AsyncConnection) -> None:
    """Make the log where it is missing, as a superuser; raise `NotSetUp` as anybody else."""
    found = (await connection.execute(text(_STATE))).one()
    if found.superuser:
        if not found.owned:
            await define(connection)
    elif not found.owned:
        raise NotSetUp(
            "The database has no audit log that belongs to the role magacin_audit, or one that an older "
            "version made."
        )


async def define(connection: AsyncConnection) -> None:
    """Run `DEFINITION`, as a superuser.

    The transaction has run a statement: only then is the driver in it.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(DEFINITION)


_STATE = f"""
    SELECT coalesce((SELECT pg_get_userbyid(relowner) = 'magacin_audit' FROM pg_class
                     WHERE oid = to_regclass('{SCHEMA}.entries')), false)
           AND to_regprocedure('{SCHEMA}.forget(interval, integer)') IS NOT NULL
           AND to_regprocedure('{SCHEMA}.rename(text, text, bigint, integer)') IS NOT NULL AS owned,
           (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser
"""  # noqa: S608  the name is ours


def _row(by: Actor, one: Entry) -> dict[str, Any]:
    return {
        "actor": by.username,
        "role": by.role,
        "address": by.address,
        "request_id": by.request_id,
        "action": one.action,
        "subject_kind": one.kind,
        "subject_id": str(one.id),
        "before": _plain(one.before),
        "after": _plain(one.after),
    }


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return values by names that JSON takes: those of columns are strings of a kind of their own."""
    return None if values is None else {str(name): value for name, value in values.items()}
