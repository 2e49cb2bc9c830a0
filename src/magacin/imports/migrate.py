"""Brings the schema `imports` up to date."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from magacin.core.migrations import upgrade
from magacin.imports.models import SCHEMA


async def migrate(url: SecretStr) -> None:
    """Apply all migrations that are not applied yet."""
    await upgrade(url, SCHEMA, Path(__file__).parent / "migrations")
