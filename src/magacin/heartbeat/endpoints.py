"""What Alertmanager posts the Watchdog to, and how the watch is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from magacin.core.background import BackgroundLoop
from magacin.core.errors import NotFound
from magacin.core.service import provided
from magacin.heartbeat.metrics import BEATS
from magacin.heartbeat.receiver import Receiver
from magacin.heartbeat.settings import HeartbeatSettings

router = APIRouter(tags=["heartbeat"])


@dataclass(frozen=True)
class HeartbeatState:
    """What a beat reaches: the receiver, and the loop that remembers for it."""

    settings: HeartbeatSettings
    receiver: Receiver
    watch: BackgroundLoop


State = Annotated[HeartbeatState, provided(HeartbeatState)]


@router.post("/beat/{token}", summary="A beat of the Watchdog", response_class=PlainTextResponse)
async def beat(request: Request, token: str, state: State) -> Response:
    """Count a beat: Alertmanager's webhook with an alert that fires, or any other body."""
    known = state.settings.heartbeat_token.get_secret_value()
    if not secrets.compare_digest(token.encode(), known.encode()):
        BEATS.labels("refused").inc()
        raise NotFound("There is nothing here.")
    if _is_over(await request.body()):
        BEATS.labels("ignored").inc()
        return PlainTextResponse("the Watchdog is over: not a beat")
    BEATS.labels("counted").inc()
    # Remembered by the loop, so that a full disk makes no alarm of a beat that came.
    state.receiver.watch.beat()
    state.watch.wake()
    return PlainTextResponse("ok")


def _is_over(body: bytes) -> bool:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(content, dict) and content.get("status") == "resolved"
