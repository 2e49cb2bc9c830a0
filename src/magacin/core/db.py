"""PostgreSQL: one engine a process, one transaction a request, one commit at its edge."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, NamedTuple, Self

import asyncpg
import orjson
from pydantic import SecretStr
from sqlalchemy import (
    Column,
    ColumnElement,
    Insert,
    MetaData,
    Table,
    bindparam,
    cast,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT, insert
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from magacin.core.errors import DependencyUnavailable

# Explicit names make a migration say the same on every machine.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_CONNECT_SECONDS = 3
_POOL_WAIT_SECONDS = 5
_ASK_AFTER_SECONDS = 1.0
# By how much the server's own limit is longer than the driver's, which comes first and says what it was.
_SERVER_WAITS_SECONDS = 2.0
# A transaction in which nothing happens for so long keeps its locks from everybody.
_IDLE_SECONDS = 60.0
# The key, in what a connection carries along, of who is to be called once its transaction is committed.
_AWAITED = "magacin_awaited"

# What a lost, restarting, full or overloaded server looks like, as opposed to a wrong statement.
_UNAVAILABLE = (
    OSError,
    asyncio.TimeoutError,
    PoolTimeoutError,
    InterfaceError,
    OperationalError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    # 53: a full disk, no memory, no connection left.
    asyncpg.InsufficientResourcesError,
    # 57: shutting down, starting, or a statement cancelled, which says no more than that it took too long.
    asyncpg.OperatorInterventionError,
    # We stood still in the middle of a transaction, and the server gave it up.
    asyncpg.IdleInTransactionSessionTimeoutError,
    # A standby, or a server that an operator or a full disk made read-only.
    asyncpg.ReadOnlySQLTransactionError,
    # The server chose a victim: nothing was kept, and the same statement succeeds a moment later.
    asyncpg.DeadlockDetectedError,
    # 58: the server could not read or write its own files.
    asyncpg.PostgresSystemError,
)

# What it says itself, where that tells an operator more than that it did not answer.
_REASONS = (
    (asyncpg.DiskFullError, "has no room left on its disk"),
    (asyncpg.ReadOnlySQLTransactionError, "is read-only now"),
    (asyncpg.PostgresSystemError, "cannot read or write its files"),
)


def _note_use(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_idle(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """After a restart of the server the pool is full of dead connections: ask those that were idle.

    SQLAlchemy's `pool_pre_ping` asks each time, which a batch of scans would pay for every few milliseconds.
    """
    if time.monotonic() - record.info.get("used_at", time.monotonic()) < _ASK_AFTER_SECONDS:
        return
    try:
        connection.ping()
    except Exception as error:
        raise DisconnectionError from error  # the pool then opens a new one


def _milliseconds(seconds: float) -> str:
    return str(math.ceil(seconds * 1_000))


def metadata_for(schema: str) -> MetaData:
    """Return the metadata of a service's tables: each service owns one schema."""
    return MetaData(schema=schema, naming_convention=NAMING_CONVENTION)


Row = asyncpg.Record
"""A row by the driver: its values by name."""


class Statement:
    """SQL for the driver, with the values as `:name`; `types` are their types in PostgreSQL, by name."""

    def __init__(self, sql: str, **types: str) -> None:
        self._names = tuple(types)
        places = {name: f"${place}::{kind}" for place, (name, kind) in enumerate(types.items(), 1)}
        # `::` is a cast.
        self.sql = re.sub(r"(?<!:):([a-z]\w*)", lambda found: places[found[1]], sql)

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order in which the driver takes them."""
        return [values[name] for name in self._names]


class Direct(NamedTuple):
    """A transaction for what is asked for every scan.

    SQLAlchemy costs the service four times as much for a statement as the driver. What is asked rarely goes
    through its `connection`, in the same transaction.
    """

    connection: AsyncConnection
    driver: asyncpg.Connection

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """Return the rows of a statement, which the driver prepares once for each connection."""
        return await self.driver.fetch(statement.sql, *statement.arguments(values))


def is_unavailable(error: BaseException) -> bool:
    """Tell whether `error` means that PostgreSQL cannot serve now, not that a statement is wrong."""
    if isinstance(error, DBAPIError) and not isinstance(error, _UNAVAILABLE):
        cause = error.orig.__cause__ if error.orig is not None else None
        return error.connection_invalidated or isinstance(cause, _UNAVAILABLE)
    return isinstance(error, _UNAVAILABLE)


def call_when_committed(connection: AsyncConnection) -> None:
    """Have the commit of this transaction call what `Database.committed` is by then."""
    connection.info[_AWAITED] = True


class Database:
    """The engine of one service, with failures to reach the server turned into a 503 that names it.

    `committed` is called after each commit that was asked to (`call_when_committed`), and now and then for
    nothing: what a transaction asked for that was rolled back, the next one on its connection still does.
    """

    committed: Callable[[], None] = staticmethod(lambda: None)

    def __init__(
        self,
        url: SecretStr,
        *,
        application: str,
        pool_size: int = 10,
        statement_seconds: float = 10,
        idle_seconds: float = _IDLE_SECONDS,
        by_index: bool = False,
    ) -> None:
        # A plan that was made while a table was small, and reads all of it, is kept while the table grows.
        # With `by_index` that is only planned where no index serves. Then every plan is good for any values,
        # and none is made anew: PostgreSQL would do so for arrays that are shorter than it supposes, and
        # planning what is asked for a scan takes longer than answering it.
        planning = {"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"} if by_index else {}
        self.engine: AsyncEngine = create_async_engine(
            url.get_secret_value(),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_POOL_WAIT_SECONDS,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "timeout": _CONNECT_SECONDS,
                # Shorter than whoever waits for us does: then it is PostgreSQL that is named, not we.
                "command_timeout": statement_seconds,
                "server_settings": {
                    "application_name": application,
                    "jit": "off",
                    # For a driver that cannot give up: its process is frozen, or its machine is gone.
                    "statement_timeout": _milliseconds(statement_seconds + _SERVER_WAITS_SECONDS),
                    "idle_in_transaction_session_timeout": _milliseconds(
                        max(idle_seconds, statement_seconds)
                    ),
                    **planning,
                },
            },
        )
        event.listen(self.engine.sync_engine, "checkin", _note_use)
        event.listen(self.engine.sync_engine, "checkout", _ping_if_idle)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction: committed at the end, rolled back on any error."""
        async with translate_unavailable(), self.engine.begin() as connection:
            yield connection
            awaited = connection.info.pop(_AWAITED, False)
        if awaited:
            self.committed()

    @asynccontextmanager
    async def begin_direct(self) -> AsyncIterator[Direct]:
        """Open a transaction as `begin` does, for statements of the driver's."""
        async with translate_unavailable(), self.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                async with driver.transaction(), _savepoint_if_used(connection):
                    yield Direct(connection, driver)
            except BaseException as error:
                # SQLAlchemy has not seen it break, and would hand it out again: with a transaction that
                # nobody could end, of which all that is committed afterwards would be a savepoint.
                if not isinstance(error, Exception) or is_unavailable(error) or driver.is_closed():
                    driver.terminate()
                    await connection.invalidate()
                raise
            awaited = connection.info.pop(_AWAITED, False)
        if awaited:
            self.committed()

    async def ping(self) -> None:
        """Raise unless the server answers a query: a probe for `Health`."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    def pool_connections(self) -> dict[str, int]:
        """Return how many connections are in use and idle."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)  # noqa: S101  create_async_engine's default; narrows the type
        return {"in_use": pool.checkedout(), "idle": pool.checkedin()}

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()

    async def __aenter__(self) -> Self:
        """Return itself; it connects when it is first used."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self.close()


@asynccontextmanager
async def _savepoint_if_used(connection: AsyncConnection) -> AsyncIterator[None]:
    """End what SQLAlchemy begins with its first statement, if there is one: a savepoint, in a transaction."""
    try:
        yield
    except BaseException:
        if connection.in_transaction():
            await connection.rollback()
        raise
    if connection.in_transaction():
        await connection.commit()


@asynccontextmanager
async def translate_unavailable() -> AsyncIterator[None]:
    """Turn a lost PostgreSQL into `DependencyUnavailable`; let every other error through."""
    try:
        yield
    except Exception as error:
        if is_unavailable(error):
            raise DependencyUnavailable("postgresql", reason=_why(error)) from error
        raise


def _why(error: Exception) -> str:
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error
    return next((said for kind, said in _REASONS if isinstance(cause, kind)), "does not answer")


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns by one statement with an array a column.

    A statement a row, pipelined or not, costs PostgreSQL and the driver about twice as much.
    """
    names = tuple(rows[0])
    columns = {name: [row[name] for row in rows] for name in names}
    for name in names:
        if isinstance(table.c[name].type, JSONB):
            columns[name] = [orjson.dumps(value).decode() for value in columns[name]]
    await connection.execute(_array_insert(table, names), columns)


async def copy_rows(
    connection: AsyncConnection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Copy rows of these columns into a table: for thousands, of which arrays take the driver four times.

    The transaction has run a statement: only then is the driver, which knows nothing of SQLAlchemy's begin,
    in it as well.
    """
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(table.name, schema_name=table.schema, columns=names, records=rows)


@cache
def _array_insert(table: Table, names: tuple[str, ...]) -> Insert:
    return insert(table).from_select(list(names), select(*(_unnested(table.c[name]) for name in names)))


def _unnested(column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, JSONB):
        # A JSON value may be a list, which in an array would be one more dimension; so it goes as text.
        return cast(func.unnest(bindparam(column.name, type_=ARRAY(TEXT))), JSONB)
    return func.unnest(bindparam(column.name, type_=ARRAY(column.type)))
