"""Brings the schema `gateway` up to date."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from magacin.core.migrations import upgrade
from magacin.gateway.models import SCHEMA


async def migrate(url: SecretStr) -> None:
    """Create or change the gateway's tables; does nothing when they are up to date."""
    await upgrade(url, SCHEMA, Path(__file__).parent / "migrations")
