"""Replaces a person's name by a pseudonym in the tables of a service, a portion at a time.

Tables are gone through by their blocks on the disk: no index on a name is needed, which every scan would
have to keep up. A portion is a transaction of its own, and finds nothing where it was done before: whoever
was interrupted begins again, where they were or at the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson
from sqlalchemy import Column, Table, Text, case, cast, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement, TextClause

from magacin.core.errors import Conflict

# Two megabytes, some ten thousand rows at the most: a few hundredths of a second. Nobody waits for rows of
# the ledger, which are only read.
_BLOCKS = 256
_NAMED = frozenset(
    {
        *("worker", "workers", "undone_worker", "user", "username", "supervisor"),
        *("acknowledged_by", "changed_by", "created_by", "decided_by", "enrolled_by", "handed_in_by"),
        *("paired_by", "saved_by", "share", "submitted_by", "undone_by"),
    }
)
"""What holds names in JSON. `audit.with_pseudonym` has the same."""


class TooLate(Conflict):
    """Whoever asked has stood still: meanwhile the name may have been given to somebody else."""

    code = "too_late"


class Who(NamedTuple):
    """The name that goes, and what comes in its place."""

    former: str
    pseudonym: str


class Step(Protocol):
    """One thing to do. `name` tells it from the others, whatever version of the program was interrupted."""

    @property
    def name(self) -> str:
        """Return its name."""

    async def portion(self, connection: AsyncConnection, who: Who, at: int) -> tuple[int, int | None]:
        """Return how many rows a portion changed, and where the next one begins; None for no more."""


class InColumns:
    """Replaces the name in columns of a table; `first` is run before, in the same transaction."""

    def __init__(self, table: Table, *columns: str, first: str | None = None) -> None:
        self.name = table.name
        self._table = table
        self._columns = [table.c[column] for column in columns]
        self._first = first

    async def portion(self, connection: AsyncConnection, who: Who, at: int) -> tuple[int, int | None]:
        """Do so in some blocks."""
        if self._first is not None:
            await connection.execute(text(self._first))
        values = {
            column: case((column == who.former, who.pseudonym), else_=column) for column in self._columns
        }
        statement = (
            update(self._table)
            .where(_blocks(at), or_(*(column == who.former for column in self._columns)))
            .values(values)
        )
        changed = (await connection.execute(statement)).rowcount
        return changed, await _next(connection, self._table, at)


class InDocuments:
    """Replaces the name in JSON, where it is the value of what holds names."""

    def __init__(self, table: Table, key: str, column: str) -> None:
        self.name = f"{table.name}.{column}"
        self._table = table
        self._key = table.c[key]
        self._column: Column[Any] = table.c[column]

    async def portion(self, connection: AsyncConnection, who: Who, at: int) -> tuple[int, int | None]:
        """Do so in some blocks."""
        holds = func.strpos(cast(self._column, Text), f'"{who.former}"') > 0
        found = select(self._key, self._column).where(_blocks(at), holds).with_for_update()
        changed = 0
        for key, before in (await connection.execute(found)).all():
            changed += await self._replace(connection, key, before, who)
        return changed, await _next(connection, self._table, at)

    async def _replace(self, connection: AsyncConnection, key: Any, before: Any, who: Who) -> int:
        is_text = isinstance(before, str)
        content = orjson.loads(before) if is_text else before
        after = renamed(content, who)
        if after == content:
            return 0
        stored = orjson.dumps(after).decode() if is_text else after
        statement = update(self._table).where(self._key == key).values({self._column: stored})
        return (await connection.execute(statement)).rowcount


class Statements:
    """Runs a statement until it finds nothing more; `first` is run before, in the same transaction.

    It takes `:former`, and may take `:pseudonym`, `:most` and what else there is a value for. What it
    answers is how many rows it changed, or it changes as many.
    """

    def __init__(
        self, name: str, statement: str, *, first: str | None = None, most: int = 2_000, **values: Any
    ) -> None:
        self.name = name
        self._first = first
        self._statement: TextClause = text(statement)
        self._values = {"most": most, **values}

    async def portion(self, connection: AsyncConnection, who: Who, at: int) -> tuple[int, int | None]:
        """Run it once."""
        if self._first is not None:
            await connection.execute(text(self._first))
        values = {**who._asdict(), **self._values}
        taken = {name: values[name] for name in self._statement.compile().params}
        result = await connection.execute(self._statement, taken)
        changed: int = result.scalar_one() if result.returns_rows else result.rowcount
        return changed, at + 1 if changed else None


def renamed(value: Any, who: Who, *, is_name: bool = False) -> Any:
    """Return JSON with the pseudonym where the name was; names in a list are in their order."""
    match value:
        case dict():
            return {key: renamed(one, who, is_name=key in _NAMED) for key, one in value.items()}
        case list():
            after = [renamed(one, who, is_name=is_name) for one in value]
            return sorted(after) if is_name and who.former in value else after
        case str() if is_name and value == who.former:
            return who.pseudonym
    return value


async def require_in_time(connection: AsyncConnection, until: datetime) -> None:
    """Raise `TooLate` after a moment by the database's clock."""
    if not await connection.scalar(select(func.clock_timestamp() < until)):
        raise TooLate("The portion was to be done before, and is given to somebody else by now.")


async def rename(
    connection: AsyncConnection, steps: Sequence[Step], who: Who, place: str | None
) -> tuple[int, str | None]:
    """Do the portion at `place`, in the transaction of `connection`; return its rows and the next place."""
    at, position = _read(steps, place)
    changed, following = await steps[at].portion(connection, who, position)
    if following is None:
        at, following = at + 1, 0
    return changed, f"{steps[at].name}:{following}" if at < len(steps) else None


def _read(steps: Sequence[Step], place: str | None) -> tuple[int, int]:
    """Return which step a place means, and where in it; the beginning for what no step is called."""
    name, _, position = (place or "").partition(":")
    for at, step in enumerate(steps):
        if step.name == name and position.isascii() and position.isdigit():
            return at, int(position)
    return 0, 0


def _blocks(at: int) -> ColumnElement[bool]:
    from_, to = f"({at},0)", f"({at + _BLOCKS},0)"
    condition: ColumnElement[bool] = text(f"ctid >= '{from_}'::tid AND ctid < '{to}'::tid")  # type: ignore[assignment]
    return condition


async def _next(connection: AsyncConnection, table: Table, at: int) -> int | None:
    size = text(
        "SELECT pg_relation_size(CAST(:name AS text)::regclass) / current_setting('block_size')::bigint"
    )
    blocks = await connection.scalar(size, {"name": f"{table.schema}.{table.name}"}) or 0
    return at + _BLOCKS if at + _BLOCKS < blocks else None
