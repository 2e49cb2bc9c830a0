"""How gateways tell the Realtime Worker about their sockets.

Each gateway process writes a heartbeat: `SET magacin:presence:gateway:<instance> <json>` every
`HEARTBEAT_SECONDS`, expiring after `HEARTBEAT_EXPIRES_SECONDS`. Its counters of disconnections only grow,
so that the worker can add the difference to what it has seen, however many heartbeats it missed.
When a heartbeat is gone and the instance has not said goodbye (`closing`), the sockets it last held are
counted as disconnected with the reason `gateway_lost`.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field

HEARTBEAT_PREFIX = "magacin:presence:gateway:"
SEEN_KEY = "magacin:presence:seen"
LEADER_KEY = "magacin:presence:leader"
HEARTBEAT_SECONDS = 1.0
HEARTBEAT_EXPIRES_SECONDS = 5.0


class DisconnectReason(StrEnum):
    """Why a socket went away; the values of the label `reason`."""

    CLIENT = "client"  # it said goodbye
    TRANSPORT = "transport"  # the connection broke
    PING_TIMEOUT = "ping_timeout"  # it no longer answered
    SERVER = "server"  # the gateway closed it: shutdown, or a token that expired
    GATEWAY_LOST = "gateway_lost"  # the gateway died and took it along


class Heartbeat(BaseModel):
    """What one gateway process knows of its sockets."""

    instance: str = Field(description="Unique for a gateway process, new at each start.")
    connections: int = Field(ge=0)
    disconnections: dict[DisconnectReason, int] = Field(
        default_factory=dict, description="Since the start of the process, by reason."
    )
    closing: bool = Field(default=False, description="The last heartbeat of an orderly stop.")
