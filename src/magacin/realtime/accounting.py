"""What the heartbeats of the gateways add up to. Pure: no clock, no Redis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pydantic import BaseModel, Field

from magacin.contracts.presence import DisconnectReason, Heartbeat

# A gateway that was only suspended may come back; after this long it is forgotten.
FORGET_SECONDS = 3600.0


class SeenGateway(BaseModel):
    """What was last known of one gateway process, and is counted."""

    connections: int = 0
    disconnections: dict[DisconnectReason, int] = Field(default_factory=dict)
    closing: bool = False
    lost_at: float | None = Field(default=None, description="When it was counted as lost, Unix time.")


class Seen(BaseModel):
    """All that was counted so far; kept in Redis, so that no restart loses or doubles anything."""

    totals: dict[DisconnectReason, int] = Field(default_factory=dict)
    gateways: dict[str, SeenGateway] = Field(default_factory=dict)


Counted = Counter[DisconnectReason]


def account(
    seen: Seen, heartbeats: Mapping[str, Heartbeat | None], *, now: float, may_lose: bool
) -> tuple[Seen, Counted]:
    """Return what is seen after these heartbeats, and what is new in it.

    A heartbeat that is there and cannot be read is None: that gateway lives and nothing is known of it.
    `may_lose` is false while a missing heartbeat may be the fault of Redis and not of the gateway.
    """
    counted: Counted = Counter()
    gateways = {
        instance: _seen_again(seen.gateways.get(instance, SeenGateway()), heartbeat, counted)
        for instance, heartbeat in heartbeats.items()
    }
    for instance, gateway in seen.gateways.items():
        if instance not in heartbeats:
            kept = _missing(gateway, counted, now=now, may_lose=may_lose)
            if kept is not None:
                gateways[instance] = kept
    totals = Counter(seen.totals) + counted
    return Seen(totals=dict(totals), gateways=gateways), counted


def _seen_again(gateway: SeenGateway, heartbeat: Heartbeat | None, counted: Counted) -> SeenGateway:
    if heartbeat is None:
        return gateway
    for reason, count in heartbeat.disconnections.items():
        counted[reason] += max(0, count - gateway.disconnections.get(reason, 0))
    return SeenGateway(
        connections=heartbeat.connections,
        disconnections=heartbeat.disconnections,
        closing=heartbeat.closing,
    )


def _missing(gateway: SeenGateway, counted: Counted, *, now: float, may_lose: bool) -> SeenGateway | None:
    if gateway.lost_at is not None:
        return gateway if now - gateway.lost_at < FORGET_SECONDS else None
    if gateway.closing:
        return None
    if not may_lose:
        return gateway
    counted[DisconnectReason.GATEWAY_LOST] += gateway.connections
    return gateway.model_copy(update={"connections": 0, "lost_at": now})
