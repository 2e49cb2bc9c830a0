"""HTTP: webhooks, for administrators; and events of other services for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.webhooks import (
    CHANGE_WEBHOOK,
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
    GET_DELIVERY,
    LIST_DELIVERIES,
    LIST_WEBHOOKS,
    REPLAY_DELIVERY,
    ROTATE_WEBHOOK_SECRET,
    TAKE_EVENTS,
    TEST_WEBHOOK,
    Delivery,
    DeliveryQuery,
    HappenedBatch,
    NewWebhook,
    SentDelivery,
    Webhook,
    WebhookChange,
    WebhookIn,
    WebhookSecret,
)
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.webhooks import service

router = Router()


@router.handles(LIST_WEBHOOKS)
async def list_webhooks(connection: Transaction) -> list[Webhook]:
    """Return all webhooks with what waits for them; their secrets are nobody's to read."""
    with timed("webhooks"):
        return await service.all_(connection)


@router.handles(CREATE_WEBHOOK)
async def create_webhook(
    connection: Transaction, state: State, identity: CurrentIdentity, new: WebhookIn
) -> NewWebhook:
    """What happens from now on is sent there. The secret is shown this once."""
    with timed("webhooks"):
        return await service.create(connection, state.webhooks, new, identity)


@router.handles(CHANGE_WEBHOOK)
async def change_webhook(
    connection: Transaction, state: State, identity: CurrentIdentity, webhook_id: Id, change: WebhookChange
) -> Webhook:
    """Change what is given. One that was disabled goes on with what waits for it."""
    with timed("webhooks"):
        return await service.change(connection, state.webhooks, webhook_id, change, identity)


@router.handles(DELETE_WEBHOOK)
async def delete_webhook(connection: Transaction, identity: CurrentIdentity, webhook_id: Id) -> None:
    """Remove a webhook, what waits for it, and its log."""
    with timed("webhooks"):
        await service.remove(connection, webhook_id, identity)


@router.handles(ROTATE_WEBHOOK_SECRET)
async def rotate_secret(
    connection: Transaction, state: State, identity: CurrentIdentity, webhook_id: Id
) -> WebhookSecret:
    """Replace the secret. For a day each delivery is signed with the former one as well."""
    with timed("webhooks"):
        return await service.rotate(connection, state.webhooks, webhook_id, identity)


@router.handles(TEST_WEBHOOK)
async def send_ping(connection: Transaction, identity: CurrentIdentity, webhook_id: Id) -> Delivery:
    """Send a `ping`, as any other event; what became of it the log says."""
    with timed("webhooks"):
        return await service.ping(connection, webhook_id, identity)


@router.handles(LIST_DELIVERIES)
async def list_deliveries(
    connection: Transaction, webhook_id: Id, wanted: Annotated[DeliveryQuery, Query()]
) -> Page[Delivery]:
    """Return deliveries, the newest first."""
    with timed("webhooks"):
        return await service.deliveries(connection, webhook_id, wanted)


@router.handles(GET_DELIVERY)
async def get_delivery(connection: Transaction, webhook_id: Id, delivery_id: Id) -> SentDelivery:
    """Return a delivery with its content."""
    with timed("webhooks"):
        return await service.delivery(connection, webhook_id, delivery_id)


@router.handles(REPLAY_DELIVERY)
async def replay_delivery(
    connection: Transaction, identity: CurrentIdentity, webhook_id: Id, delivery_id: Id
) -> Delivery:
    """Send it once more, whatever became of it, under the same `webhook-id`."""
    with timed("webhooks"):
        return await service.replay(connection, webhook_id, delivery_id, identity)


@router.handles(TAKE_EVENTS)
async def take_events(connection: Transaction, batch: HappenedBatch) -> None:
    """Have events of another service delivered to whoever wants them."""
    with timed("webhooks"):
        await service.take(connection, batch.events)
