"""The transactional outbox: a message is stored with the change it tells of, and relayed afterwards.

Either both happened or neither did; a broker that is down delays messages and loses none.
Messages of one subject are relayed in the order of their ids, because whoever writes them holds a lock
on the subject's row from before the id was drawn until the commit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from prometheus_client import Gauge
from redis.asyncio import Redis
from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.background import BackgroundLoop
from magacin.core.db import Database, call_when_committed, insert_rows
from magacin.core.errors import DependencyUnavailable
from magacin.core.metrics import from_store
from magacin.core.redis import translate_unavailable as translate_redis

OUTBOX_PENDING = Gauge(
    "outbox_pending", "Messages committed and not yet relayed.", multiprocess_mode="mostrecent"
)
OUTBOX_OLDEST_AGE = Gauge(
    "outbox_oldest_age_seconds", "Age of the oldest message not yet relayed.", multiprocess_mode="mostrecent"
)

_BATCH = 500
# A commit wakes the relay of its own process. This finds what a process left that ended before it relayed.
_IDLE_SECONDS = 2.0
_RELAYED_ELSEWHERE_SECONDS = 0.1


def outbox_table(metadata: MetaData) -> Table:
    """Return the outbox of a service, in the service's schema."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("rooms", JSONB, nullable=False),
        Column("data", JSONB, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )


async def tell(connection: AsyncConnection, table: Table, messages: Sequence[Mapping[str, Any]]) -> None:
    """Put messages into the outbox, with the change that they tell of; the commit has them relayed."""
    await insert_rows(connection, table, messages)
    call_when_committed(connection)


def message(type_: str, subject: str, data: Mapping[str, Any], rooms: Sequence[str] = ()) -> dict[str, Any]:
    """Return a row for the outbox, for `tell`."""
    return {
        "type": type_,
        "subject": subject,
        "rooms": list(rooms),
        "data": dict(data),
        "occurred_at": datetime.now(UTC),
    }


class OutboxRelay:
    """Moves messages from the outbox to a Redis stream, in order. `step` is for `relaying`.

    With several processes one relays at a time: two could overtake each other. The lock is taken for one
    batch and given back with its transaction, so that a relay that dies cannot keep it.

    While the stream holds `bound` entries, messages stay in the outbox: on PostgreSQL's disk there is room
    for them, and a Redis that they filled would refuse everything else as well.
    """

    def __init__(
        self, database: Database, redis: Redis, table: Table, *, source: str, stream: str, bound: int
    ) -> None:
        self._database = database
        self._redis = redis
        self._table = table
        self._source = source
        self._stream = stream
        self._bound = bound
        self._length: int | None = None
        self._lock_name = f"{table.schema}.outbox"
        oldest = select(table.c.id).order_by(table.c.id).limit(_BATCH)
        self._take = table.delete().where(table.c.id.in_(oldest)).returning(table)
        self.relayed = 0
        """How many messages the last step relayed."""
        self.gauges = from_store([OUTBOX_PENDING, OUTBOX_OLDEST_AGE], self.waiting)
        """Sets the gauges, before a scrape."""

    async def step(self) -> bool:
        """Relay one batch; return whether there may be more.

        A crash between the stream and the commit relays the batch again, with the same ids:
        at least once, and consumers can tell.
        """
        self.relayed = 0
        async with self._database.begin() as connection:
            if acquired := await self._acquire(connection):
                await self._relay(connection)
        if not acquired:
            # Whoever relays now may have looked before the last message was there.
            await asyncio.sleep(_RELAYED_ELSEWHERE_SECONDS)
            return True
        return self.relayed == _BATCH

    async def waiting(self) -> tuple[float, float]:
        """Return how many messages are not relayed yet, and the age of the oldest in seconds."""
        statement = select(func.count(), func.min(self._table.c.occurred_at))
        async with self._database.begin() as connection:
            count, oldest = (await connection.execute(statement)).one()
        return count, max(0.0, time.time() - oldest.timestamp()) if oldest else 0.0

    async def _acquire(self, connection: AsyncConnection) -> bool:
        statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
        return bool(await connection.scalar(statement, {"name": self._lock_name}))

    async def _relay(self, connection: AsyncConnection) -> None:
        # Taken out before they are sent: if they cannot be, the transaction puts them back.
        rows = sorted((await connection.execute(self._take)).mappings(), key=lambda row: int(row["id"]))
        if not rows:
            return
        async with translate_redis():
            # SQLAlchemy names columns with a subclass of str, which orjson does not take for a key.
            await self._publish([{str(name): value for name, value in row.items()} for row in rows])
        self.relayed = len(rows)

    async def _publish(self, rows: Sequence[dict[str, Any]]) -> None:
        length, self._length = self._length, None
        if length is None or length >= self._bound:
            length = int(await self._redis.xlen(self._stream))
        if length >= self._bound:
            raise DependencyUnavailable(
                "redis", reason=f"holds {length} events that nobody took off the stream"
            )
        # All or none: had a full Redis taken some, those would come again, after newer ones of their subject.
        pipeline = self._redis.pipeline(transaction=True)
        for row in rows:
            pipeline.xadd(self._stream, {"event": orjson.dumps({**row, "source": self._source})})
        pipeline.xlen(self._stream)
        *_, self._length = await pipeline.execute()


def relaying(step: Callable[[], Awaitable[bool]], *writers: Database) -> BackgroundLoop:
    """Return the loop of a relay, which what the `writers` commit wakes.

    It is not critical: without Redis the outbox keeps what is to be told.
    """
    loop = BackgroundLoop("outbox_relay", step, idle=_IDLE_SECONDS, critical=False)
    for writer in writers:
        writer.committed = loop.wake
    return loop
