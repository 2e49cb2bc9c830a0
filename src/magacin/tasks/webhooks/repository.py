"""Statements on webhooks and what is to be delivered to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, case, delete, func, insert, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.webhooks import DeliveryQuery, DeliveryStatus
from magacin.tasks.models import webhook_deliveries, webhooks

# As the condition of `ix_webhook_deliveries_waiting` has it, which a parameter is not.
_WAITING = webhook_deliveries.c.status == literal_column("'waiting'")
_of_webhook = select(
    func.count().label("waiting"), func.min(webhook_deliveries.c.created_at).label("oldest_waiting_at")
).where(webhook_deliveries.c.webhook_id == webhooks.c.id, _WAITING)
_queue = _of_webhook.lateral("queue")
_WEBHOOKS = (
    select(webhooks, webhooks.c.id.label("webhook_id"), _queue.c.waiting, _queue.c.oldest_waiting_at)
    .join(_queue, text("true"))
    .order_by(webhooks.c.id)
)

# So many at a time for each receiver, over all processes: one that is slow keeps none of the others waiting.
PER_RECEIVER = 4
_CLAIM = text("""
    WITH due AS (
        SELECT d.id FROM tasks.webhooks w CROSS JOIN LATERAL (
            SELECT id FROM tasks.webhook_deliveries
             WHERE webhook_id = w.id AND status = 'waiting' AND due_at <= now()
               AND (claimed_until IS NULL OR claimed_until < now())
             ORDER BY due_at, id
             LIMIT greatest(0, :per_receiver - (SELECT count(*) FROM tasks.webhook_deliveries
                                                 WHERE webhook_id = w.id AND status = 'waiting'
                                                   AND claimed_until >= now()))
               FOR UPDATE SKIP LOCKED) d
         WHERE w.enabled
    )
    UPDATE tasks.webhook_deliveries d
       SET attempts = attempts + 1, last_attempt_at = now(), claimed_until = now() + :claim
      FROM due, tasks.webhooks w
     WHERE d.id = due.id AND w.id = d.webhook_id
    RETURNING d.id, d.webhook_id, d.event_id, d.type, d.occurred_at, d.data::text AS data, d.attempts,
              w.url, w.seed, w.key_mark, CASE WHEN w.former_until > now() THEN w.former_seed END AS former
""")
_ADD = text("""
    INSERT INTO tasks.webhook_deliveries (webhook_id, event_id, type, occurred_at, data)
    SELECT id, :event_id, :type, :occurred_at, CAST(:data AS jsonb) FROM tasks.webhooks
     WHERE enabled AND :type = ANY (events)
    ON CONFLICT DO NOTHING
""")


class WebhookRepository:
    """Webhooks and deliveries in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> Sequence[RowMapping]:
        """Return all webhooks."""
        return (await self._connection.execute(_WEBHOOKS)).mappings().all()

    async def get(self, webhook_id: int) -> RowMapping | None:
        """Return one of them."""
        found = await self._connection.execute(_WEBHOOKS.where(webhooks.c.id == webhook_id))
        row: RowMapping | None = found.mappings().first()
        return row

    async def count(self) -> int:
        """Return how many there are, and keep others from adding one until the commit."""
        await self._connection.execute(text("LOCK TABLE tasks.webhooks IN SHARE ROW EXCLUSIVE MODE"))
        return await self._connection.scalar(select(func.count()).select_from(webhooks)) or 0

    async def add(self, values: Mapping[str, Any]) -> int:
        """Add a webhook; return its id."""
        added: int | None = await self._connection.scalar(
            insert(webhooks).values(**values).returning(webhooks.c.id)
        )
        assert added is not None  # noqa: S101  an insert returns its row; narrows the type
        return added

    async def change(self, webhook_id: int, values: Mapping[str, Any]) -> bool:
        """Set columns; return whether there is such a webhook."""
        statement = update(webhooks).where(webhooks.c.id == webhook_id).values(**values)
        return (await self._connection.execute(statement)).rowcount > 0

    async def rotate(self, webhook_id: int, seed: bytes, mark: bytes, keep: timedelta) -> RowMapping | None:
        """Give a webhook a new seed. The former one is kept for some time, where it is of the same key."""
        same = webhooks.c.key_mark == mark
        statement = (
            update(webhooks)
            .where(webhooks.c.id == webhook_id)
            .values(
                seed=seed,
                key_mark=mark,
                former_seed=case((same, webhooks.c.seed)),
                former_until=func.now() + keep,
            )
            .returning(webhooks)
        )
        row: RowMapping | None = (await self._connection.execute(statement)).mappings().first()
        return row

    async def remove(self, webhook_id: int) -> bool:
        """Remove a webhook and its deliveries; return whether there was one."""
        statement = delete(webhooks).where(webhooks.c.id == webhook_id)
        return (await self._connection.execute(statement)).rowcount > 0

    async def add_event(self, values: Mapping[str, Any]) -> None:
        """Have an event delivered to each that wants it: once, however often this is asked for."""
        await self._connection.execute(_ADD, dict(values))

    async def add_delivery(self, values: Mapping[str, Any]) -> RowMapping:
        """Have something delivered to one."""
        statement = insert(webhook_deliveries).values(**values).returning(webhook_deliveries)
        row: RowMapping = (await self._connection.execute(statement)).mappings().one()
        return row

    async def deliveries(self, webhook_id: int, wanted: DeliveryQuery) -> Sequence[RowMapping]:
        """Return deliveries to one, the newest first; `after` is the oldest that is known, 0 for none."""
        statement = (
            select(webhook_deliveries)
            .where(webhook_deliveries.c.webhook_id == webhook_id)
            .order_by(webhook_deliveries.c.id.desc())
            .limit(wanted.limit)
        )
        if wanted.after:
            statement = statement.where(webhook_deliveries.c.id < wanted.after)
        if wanted.status is not None:
            statement = statement.where(webhook_deliveries.c.status == wanted.status)
        return (await self._connection.execute(statement)).mappings().all()

    async def delivery(self, webhook_id: int, delivery_id: int) -> RowMapping | None:
        """Return one delivery."""
        statement = select(webhook_deliveries).where(_is(webhook_id, delivery_id))
        row: RowMapping | None = (await self._connection.execute(statement)).mappings().first()
        return row

    async def replay(self, webhook_id: int, delivery_id: int) -> RowMapping | None:
        """Have a delivery sent as if for the first time; None where there is none."""
        statement = (
            update(webhook_deliveries)
            .where(_is(webhook_id, delivery_id))
            .values(
                status=DeliveryStatus.WAITING,
                attempts=0,
                due_at=func.now(),
                claimed_until=None,
                finished_at=None,
                created_at=func.now(),
            )
            .returning(webhook_deliveries)
        )
        row: RowMapping | None = (await self._connection.execute(statement)).mappings().first()
        return row

    async def claim(self, claim: timedelta) -> Sequence[RowMapping]:
        """Take what is due, so many for each receiver at most; nobody else takes it while the claim lasts."""
        values = {"per_receiver": PER_RECEIVER, "claim": claim}
        return (await self._connection.execute(_CLAIM, values)).mappings().all()

    async def record(self, delivery_id: int, attempt: int, values: Mapping[str, Any]) -> bool:
        """Record what became of an attempt, unless somebody else has claimed it since; return whether so."""
        statement = (
            update(webhook_deliveries)
            .where(
                webhook_deliveries.c.id == delivery_id,
                webhook_deliveries.c.attempts == attempt,
                _WAITING,
            )
            .values(claimed_until=None, **values)
        )
        return (await self._connection.execute(statement)).rowcount > 0

    async def forget(self, before: timedelta) -> None:
        """Drop what was finished so long ago."""
        old = webhook_deliveries.c.finished_at < func.now() - before
        await self._connection.execute(delete(webhook_deliveries).where(old, ~_WAITING))

    async def oldest_waiting(self) -> datetime | None:
        """Return since when the oldest delivery waits, of those whose receiver is enabled."""
        statement = (
            select(func.min(webhook_deliveries.c.created_at))
            .join(webhooks, webhooks.c.id == webhook_deliveries.c.webhook_id)
            .where(_WAITING, webhooks.c.enabled)
        )
        oldest: datetime | None = await self._connection.scalar(statement)
        return oldest


def _is(webhook_id: int, delivery_id: int) -> Any:
    return (webhook_deliveries.c.webhook_id == webhook_id) & (webhook_deliveries.c.id == delivery_id)
