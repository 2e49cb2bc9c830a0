"""Statements on the profiles that are kept in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.import_profiles import ProfileIn
from magacin.imports.models import profiles


class ProfileRepository:
    """Profiles in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> Sequence[RowMapping]:
        """Return all of them by name."""
        return (await self._connection.execute(select(profiles).order_by(profiles.c.name))).mappings().all()

    async def content(self, name: str) -> dict[str, Any] | None:
        """Return what is kept of a profile, which nobody changes until the end of the transaction."""
        statement = select(profiles.c.content).where(profiles.c.name == name).with_for_update()
        content: dict[str, Any] | None = await self._connection.scalar(statement)
        return content

    async def save(self, name: str, profile: ProfileIn, saved_by: str) -> None:
        """Insert a profile, or put it in place of the one of that name."""
        values = {"content": as_kept(profile), "saved_by": saved_by, "saved_at": func.now()}
        statement = insert(profiles).values(name=name, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=[profiles.c.name], set_=values)
        )

    async def remove(self, name: str) -> dict[str, Any] | None:
        """Remove a profile; return what was kept of it, None where there was none."""
        statement = delete(profiles).where(profiles.c.name == name).returning(profiles.c.content)
        content: dict[str, Any] | None = await self._connection.scalar(statement)
        return content


def as_kept(profile: ProfileIn) -> dict[str, Any]:
    """Return what is kept of a profile."""
    return profile.model_dump(mode="json", exclude_none=True)
