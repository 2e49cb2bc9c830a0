"""Settings of the Realtime Worker."""

from __future__ import annotations

from pydantic import Field

from magacin.contracts.events import STREAM_BOUND
from magacin.core.settings import RedisSettings, ServiceSettings


class RealtimeSettings(RedisSettings, ServiceSettings):
    """Where it listens and which Redis it reads."""

    port: int = Field(default=8004, ge=0, le=65535, description="TCP port to listen on.")
    workers: int = Field(
        default=1, ge=1, le=1, description="Always 1: one process delivers, others would only stand by."
    )
    batch_size: int = Field(
        default=500, ge=1, le=10_000, description="Events read, published and acknowledged together, at most."
    )
    keep_entries: int = Field(
        default=10_000,
        ge=0,
        # Well below where the outboxes stop to write: else they would never go on.
        le=STREAM_BOUND // 2,
        description="Acknowledged events kept in the stream, about, for people to look at.",
    )
