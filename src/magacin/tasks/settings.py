"""Settings of the Task Service."""

from __future__ import annotations

from pydantic import Field

from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings


class TaskSettings(DatabaseSettings, RedisSettings, ServiceSettings):
    """All of it may be set as `MAGACIN_NAME` or `MAGACIN_NAME_FILE`."""

    port: int = Field(default=8001, ge=0, le=65535, description="TCP port to listen on.")
    scan_batch_size: int = Field(default=200, ge=1, le=1000, description="Scans committed together, at most.")
    scan_queue_size: int = Field(
        default=5000, ge=1, description="Scans that may wait; more are refused with 503 rather than delayed."
    )
