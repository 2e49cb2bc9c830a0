"""How gateways tell the Realtime Worker about their sockets.

Each gateway process writes a heartbeat: `SET magacin:presence:gateway:<instance> <json>` every
`HEARTBEAT_SECONDS`, expiring after `HEARTBEAT_EXPIRES_SECONDS`. Its counters of disconnections only grow,
so that the worker can add the difference to what it has seen, however many heartbeats it missed.
When a heartbeat is gone and the instance has not said goodbye (`closing`), the sockets it last held are
counted as disconnected with the reason `gateway_lost`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

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


class ClientKind(StrEnum):
    """What a socket is of, as its client says; the values of the label `client`."""

    APP = "app"  # the workers' application: it comes and goes with the reach of the Wi-Fi
    DESK = "desk"
    WALL = "wall"
    OTHER = "other"  # whoever says nothing, or something else

    @classmethod
    def said(cls, value: object) -> ClientKind:
        """Return what a client says that it is."""
        return cls(value) if isinstance(value, str) and value in set(cls) else cls.OTHER


def _by_client(value: Any) -> Any:
    # Before there were kinds it was one number for all, which a gateway or a store may still have.
    is_old = isinstance(value, int) or (
        isinstance(value, dict) and value and all(key in set(DisconnectReason) for key in value)
    )
    return {ClientKind.OTHER: value} if is_old else value


Connections = Annotated[dict[ClientKind, Annotated[int, Field(ge=0)]], BeforeValidator(_by_client)]
Disconnections = Annotated[dict[ClientKind, dict[DisconnectReason, int]], BeforeValidator(_by_client)]


class Heartbeat(BaseModel):
    """What one gateway process knows of its sockets."""

    instance: str = Field(description="Unique for a gateway process, new at each start.")
    connections: Connections
    disconnections: Disconnections = Field(
        default_factory=dict, description="Since the start of the process, by client and reason."
    )
    closing: bool = Field(default=False, description="The last heartbeat of an orderly stop.")
