"""Webhooks as administrators make them, and the log of what was sent; in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.webhooks import (
    MOST_WEBHOOKS,
    PING,
    Delivery,
    DeliveryQuery,
    DeliveryStatus,
    HappenedIn,
    NewWebhook,
    SentDelivery,
    Webhook,
    WebhookChange,
    WebhookIn,
    WebhookSecret,
)
from magacin.core import audit
from magacin.tasks.errors import (
    DeliveryNotFound,
    TooManyWebhooks,
    WebhookAddressRefused,
    WebhookNotFound,
    WebhooksNotSetUp,
)
from magacin.tasks.webhooks.addresses import Addresses
from magacin.tasks.webhooks.repository import WebhookRepository
from magacin.tasks.webhooks.signing import Signatures, message_id, new_seed

_FORMER_SECRET = timedelta(hours=24)


@dataclass(frozen=True)
class WebhookSettings:
    """What the site says of webhooks. Without signatures there are none."""

    signatures: Signatures | None
    addresses: Addresses

    def signing(self) -> Signatures:
        """Return what makes secrets; raise `WebhooksNotSetUp`."""
        if self.signatures is None:
            raise WebhooksNotSetUp(
                "The Task Service has no key to make secrets of webhooks with. Set MAGACIN_WEBHOOK_KEY_FILE, "
                "and start it anew."
            )
        return self.signatures

    def require_address(self, url: str) -> None:
        """Raise `WebhookAddressRefused` where a URL has an address that nothing would be sent to."""
        if not self.addresses.may_be_asked_for(url):
            raise WebhookAddressRefused(
                "This address is private, or not for this. Nothing is sent there unless "
                "MAGACIN_WEBHOOK_ALLOWED_NETWORKS of the Task Service has its network.",
                details={"url": url},
            )


async def all_(connection: AsyncConnection) -> list[Webhook]:
    """Return all webhooks."""
    return [_webhook(row) for row in await WebhookRepository(connection).all()]


async def create(
    connection: AsyncConnection, settings: WebhookSettings, new: WebhookIn, by: Identity
) -> NewWebhook:
    """Add a webhook; its secret is in the answer and nowhere else."""
    signatures, seed = settings.signing(), new_seed()
    settings.require_address(new.url)
    repository = WebhookRepository(connection)
    if await repository.count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"There are {MOST_WEBHOOKS} webhooks, which is the most. Remove one first.")
    webhook_id = await repository.add(
        {**new.model_dump(), "seed": seed, "key_mark": signatures.mark, "created_by": by.username}
    )
    await _record(connection, by, Action.WEBHOOK_CREATED, webhook_id, after=new.model_dump(mode="json"))
    row = await _row(connection, webhook_id)
    return NewWebhook(**_webhook(row).model_dump(), secret=signatures.secret(seed))


async def change(
    connection: AsyncConnection,
    settings: WebhookSettings,
    webhook_id: int,
    wanted: WebhookChange,
    by: Identity,
) -> Webhook:
    """Change what is given; raise `WebhookNotFound`."""
    values: dict[str, Any] = wanted.model_dump(mode="json", exclude_none=True)
    if wanted.url is not None:
        settings.require_address(wanted.url)
    if wanted.enabled:
        values["gone"] = False
    before = await _row(connection, webhook_id)
    was, is_ = audit.differences(dict(before), values)
    if is_:
        await WebhookRepository(connection).change(webhook_id, is_)
        await _record(connection, by, Action.WEBHOOK_CHANGED, webhook_id, was, is_)
    return _webhook(await _row(connection, webhook_id))


async def remove(connection: AsyncConnection, webhook_id: int, by: Identity) -> None:
    """Remove a webhook, what waits for it and its log; raise `WebhookNotFound`."""
    row = await _row(connection, webhook_id)
    if await WebhookRepository(connection).remove(webhook_id):
        was = {name: row[name] for name in WebhookIn.model_fields}
        await _record(connection, by, Action.WEBHOOK_REMOVED, webhook_id, was)


async def rotate(
    connection: AsyncConnection, settings: WebhookSettings, webhook_id: int, by: Identity
) -> WebhookSecret:
    """Replace the secret; for a day deliveries are signed with both. Raises `WebhookNotFound`."""
    signatures, seed = settings.signing(), new_seed()
    row = await WebhookRepository(connection).rotate(webhook_id, seed, signatures.mark, _FORMER_SECRET)
    if row is None:
        raise _not_found(webhook_id)
    await _record(connection, by, Action.WEBHOOK_SECRET_REPLACED, webhook_id)
    return WebhookSecret(secret=signatures.secret(seed), former_until=row["former_until"])


async def ping(connection: AsyncConnection, webhook_id: int, by: Identity) -> Delivery:
    """Have a receiver sent a ping; raise `WebhookNotFound`."""
    await _row(connection, webhook_id)
    row = await WebhookRepository(connection).add_delivery(
        {
            "webhook_id": webhook_id,
            "event_id": uuid4(),
            "type": PING,
            "occurred_at": datetime.now(UTC),
            "data": {"asked_for_by": by.username},
        }
    )
    await _record(connection, by, Action.WEBHOOK_TESTED, webhook_id)
    return _delivery(row)


async def deliveries(connection: AsyncConnection, webhook_id: int, wanted: DeliveryQuery) -> Page[Delivery]:
    """Return deliveries, the newest first; raise `WebhookNotFound`."""
    await _row(connection, webhook_id)
    rows = await WebhookRepository(connection).deliveries(webhook_id, wanted)
    return Page.of([_delivery(row) for row in rows], wanted.limit, lambda: rows[-1]["id"])


async def delivery(connection: AsyncConnection, webhook_id: int, delivery_id: int) -> SentDelivery:
    """Return a delivery with its content; raise `DeliveryNotFound`."""
    row = await WebhookRepository(connection).delivery(webhook_id, delivery_id)
    if row is None:
        raise _no_delivery(webhook_id, delivery_id)
    return SentDelivery(**_delivery(row).model_dump(), data=row["data"])


async def replay(connection: AsyncConnection, webhook_id: int, delivery_id: int, by: Identity) -> Delivery:
    """Have a delivery sent once more, under the id that it had; raise `DeliveryNotFound`."""
    row = await WebhookRepository(connection).replay(webhook_id, delivery_id)
    if row is None:
        raise _no_delivery(webhook_id, delivery_id)
    told = {"delivery_id": delivery_id, "message_id": message_id(row["event_id"])}
    await _record(connection, by, Action.DELIVERY_REPLAYED, webhook_id, after=told)
    return _delivery(row)


async def take(connection: AsyncConnection, events: Sequence[HappenedIn]) -> None:
    """Have events of another service delivered. Sent again, each counts once."""
    repository = WebhookRepository(connection)
    for one in events:
        await repository.add_event(
            {**one.model_dump(exclude={"data"}), "data": orjson.dumps(one.data).decode()}
        )


async def _record(
    connection: AsyncConnection,
    by: Identity,
    action: Action,
    webhook_id: int,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    await audit.record(connection, by, audit.Entry(action, "webhook", webhook_id, before, after))


async def _row(connection: AsyncConnection, webhook_id: int) -> RowMapping:
    row = await WebhookRepository(connection).get(webhook_id)
    if row is None:
        raise _not_found(webhook_id)
    return row


def _not_found(webhook_id: int) -> WebhookNotFound:
    return WebhookNotFound(f"There is no webhook {webhook_id}.", details={"webhook_id": webhook_id})


def _no_delivery(webhook_id: int, delivery_id: int) -> DeliveryNotFound:
    return DeliveryNotFound(
        f"Webhook {webhook_id} has no delivery {delivery_id}, or not any more.",
        details={"webhook_id": webhook_id, "delivery_id": delivery_id},
    )


def _webhook(row: RowMapping) -> Webhook:
    return Webhook.model_validate({name: row[name] for name in Webhook.model_fields})


def _delivery(row: RowMapping) -> Delivery:
    waits = row["status"] == DeliveryStatus.WAITING
    return Delivery.model_validate(
        {
            **row,
            "delivery_id": row["id"],
            "message_id": message_id(row["event_id"]),
            "next_attempt_at": row["due_at"] if waits else None,
        }
    )
