"""What the heartbeats of the gateways add up to. Pure: no clock, no Redis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pydantic import BaseModel, Field

from magacin.contracts.presence import (
    ClientKind,
    Connections,
    Disconnections,
    DisconnectReason,
    Heartbeat,
)

# A gateway that was only suspended may come back; after this long it is forgotten.
FORGET_SECONDS = 3600.0


class SeenGateway(BaseModel):
    """What was last known of one gateway process, and is counted."""

    connections: Connections = Field(default_factory=dict)
    disconnections: Disconnections = Field(default_factory=dict)
    closing: bool = False
    lost_at: float | None = Field(default=None, description="When it was counted as lost, Unix time.")


class Seen(BaseModel):
    """All that was counted so far; kept in Redis, so that no restart loses or doubles anything."""

    totals: Disconnections = Field(default_factory=dict)
    gateways: dict[str, SeenGateway] = Field(default_factory=dict)


Counted = Counter[tuple[ClientKind, DisconnectReason]]


def flat(disconnections: Mapping[ClientKind, Mapping[DisconnectReason, int]]) -> Counted:
    """Return disconnections by client and reason as one counter."""
    return Counter(
        {
            (client, reason): count
            for client, reasons in disconnections.items()
            for reason, count in reasons.items()
        }
    )


def _nested(counted: Counted) -> dict[ClientKind, dict[DisconnectReason, int]]:
    nested: dict[ClientKind, dict[DisconnectReason, int]] = {}
    for (client, reason), count in counted.items():
        nested.setdefault(client, {})[reason] = count
    return nested


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
    return Seen(totals=_nested(flat(seen.totals) + counted), gateways=gateways), counted


def _seen_again(gateway: SeenGateway, heartbeat: Heartbeat | None, counted: Counted) -> SeenGateway:
    if heartbeat is None:
        return gateway
    before = flat(gateway.disconnections)
    for key, count in flat(heartbeat.disconnections).items():
        counted[key] += max(0, count - before[key])
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
    for client, count in gateway.connections.items():
        counted[client, DisconnectReason.GATEWAY_LOST] += count
    return gateway.model_copy(update={"connections": {}, "lost_at": now})
