"""What Alertmanager posts to, and the JSON API over what came."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse, Response

from magacin.contracts.inbox import MessageDetail, MessageKind, MessagePage
from magacin.core.errors import BadRequest, NotFound
from magacin.core.service import state_of
from magacin.inbox.messages import from_heartbeat, from_slack
from magacin.inbox.store import Store, Wanted

log = structlog.get_logger(__name__)
router = APIRouter(tags=["inbox"])

MAX_WAIT_SECONDS = 120
# Alertmanager's payloads are five deep. What is nested without end could not be shown again.
_DEEPEST = 40


def store_of(request: Request) -> Store:
    """Return the store of the app that was asked."""
    return state_of(request.scope, Store)


@router.post("/slack", summary="Incoming webhook, as Slack's", response_class=PlainTextResponse)
async def slack(request: Request) -> Response:
    """Keep a Slack message. Answers in Slack's words: `ok`, or what is wrong with the payload."""
    try:
        payload, size = await _json(request)
    except BadRequest:
        return PlainTextResponse("invalid_payload", 400)
    if not isinstance(payload, dict):
        return PlainTextResponse("invalid_payload", 400)
    if not (payload.get("text") or payload.get("attachments") or payload.get("blocks")):
        return PlainTextResponse("no_text", 400)
    message = await store_of(request).add(from_slack(payload, size, _peer(request)))
    log.info("slack_message_received", message_id=message.id, alert=message.alert)
    return PlainTextResponse("ok")


@router.post("/heartbeat", summary="Heartbeat of the watchdog", response_class=PlainTextResponse)
async def heartbeat(request: Request) -> Response:
    """Keep a heartbeat."""
    payload, size = await _json(request)
    await store_of(request).add(from_heartbeat(payload, size, _peer(request)))
    return PlainTextResponse("ok")


@router.get("/api/messages", summary="Messages that match, oldest first")
async def find(
    request: Request,
    after: Annotated[int, Query(ge=0, description="Only messages with a greater id.")] = 0,
    kind: MessageKind | None = None,
    recipient: Annotated[str | None, Query(description="An address, or a channel with its #.")] = None,
    alert: str | None = None,
    service: str | None = None,
    severity: str | None = None,
    status: Annotated[str | None, Query(description="firing or resolved")] = None,
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait until there is one.")
    ] = 0,
) -> MessagePage:
    """Return what came; with `wait`, as soon as something matches."""
    store = store_of(request)
    wanted = Wanted(after, kind, recipient, alert, service, severity, status)
    found = store.find(wanted) or (await store.wait_for(wanted, wait) if wait else [])
    return MessagePage(items=found, last_id=store.last_id, dropped=store.dropped)


@router.get("/api/messages/{message_id}", summary="One message")
async def get(request: Request, message_id: int) -> MessageDetail:
    """Return a message with its text, HTML or payload."""
    return message_or_404(request, message_id)


@router.delete("/api/messages", summary="Forget all messages")
async def clear(request: Request) -> dict[str, int]:
    """Forget everything; ids go on from where they were."""
    return {"forgotten": store_of(request).clear()}


def message_or_404(request: Request, message_id: int) -> MessageDetail:
    """Return a message that is kept."""
    message = store_of(request).get(message_id)
    if message is None:
        raise NotFound("There is no such message; perhaps it had to make room for newer ones.")
    return message


async def _json(request: Request) -> tuple[Any, int]:
    # A page of somebody else's can make a browser post, but not as JSON without asking first.
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise BadRequest("Send JSON, with Content-Type: application/json.")
    body = await request.body()
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}") from error
    if _depth(payload) > _DEEPEST:
        raise BadRequest(f"The body is nested more than {_DEEPEST} deep.")
    return payload, len(body)


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting += [(child, depth + 1) for child in inner]
    return deepest


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
