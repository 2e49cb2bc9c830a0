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
from operator import itemgetter
from typing import Any

import orjson
from prometheus_client import Gauge
from redis.asyncio import Redis
from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.background import BackgroundLoop
from magacin.core.db import Database, Direct, Row, Statement, call_when_committed, insert_rows
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
# All or none: had a full Redis taken some, those would come again, after newer ones of their subject. Redis
# looks for room before it runs a script, and not within. One command for all, too, where a transaction has
# two answers to each. It answers how many entries there were, where that is too many, and took nothing then.
_PUBLISH = """#!lua
local length = redis.call('XLEN', KEYS[1])
if length >= tonumber(ARGV[1]) then return length end
for i = 2, #ARGV do redis.call('XADD', KEYS[1], '*', 'event', ARGV[i]) end
return -1
"""
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
        self._script = redis.register_script(_PUBLISH)
        self._table = table
        self._source = source
        self._stream = stream
        self._bound = bound
        self._lock_name = f"{table.schema}.outbox"
        self._lock = Statement("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))", name="text")
        self._take = Statement(
            f"""
            DELETE FROM {table.schema}.outbox
             WHERE id IN (SELECT id FROM {table.schema}.outbox ORDER BY id LIMIT {_BATCH})
            RETURNING id, type, subject, rooms::text, data::text, occurred_at
            """  # noqa: S608  made of the name of a schema
        )
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
        async with self._database.begin_direct() as direct:
            if acquired := await self._acquire(direct):
                await self._relay(direct)
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

    async def _acquire(self, direct: Direct) -> bool:
        ((acquired,),) = await direct.fetch(self._lock, {"name": self._lock_name})
        return bool(acquired)

    async def _relay(self, direct: Direct) -> None:
        # Taken out before they are sent: if they cannot be, the transaction puts them back.
        rows = sorted(await direct.fetch(self._take, {}), key=itemgetter("id"))
        if not rows:
            return
        async with translate_redis():
            await self._publish([self._event(row) for row in rows])
        self.relayed = len(rows)

    def _event(self, row: Row) -> bytes:
        # What is JSON in the table goes into it as it is.
        as_it_is = {name: orjson.Fragment(row[name]) for name in ("rooms", "data")}
        return orjson.dumps({**row, **as_it_is, "source": self._source})

    async def _publish(self, events: Sequence[bytes]) -> None:
        too_many = int(await self._script(keys=[self._stream], args=[self._bound, *events]))
        if too_many >= 0:
            raise DependencyUnavailable(
                "redis", reason=f"holds {too_many} events that nobody took off the stream"
            )


def relaying(step: Callable[[], Awaitable[bool]], *writers: Database) -> BackgroundLoop:
    """Return the loop of a relay, which what the `writers` commit wakes.

    It is not critical: without Redis the outbox keeps what is to be told.
    """
    loop = BackgroundLoop("outbox_relay", step, idle=_IDLE_SECONDS, critical=False)
    for writer in writers:
        writer.committed = loop.wake
    return loop
