"""Statements on the profiles that are kept in the database."""

from __future__ import annotations

from collections.abc import Sequence

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

    async def save(self, name: str, profile: ProfileIn, saved_by: str) -> None:
        """Insert a profile, or put it in place of the one of that name."""
        content = profile.model_dump(mode="json", exclude_none=True)
        values = {"content": content, "saved_by": saved_by, "saved_at": func.now()}
        statement = insert(profiles).values(name=name, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=[profiles.c.name], set_=values)
        )

    async def remove(self, name: str) -> bool:
        """Remove a profile; return whether there was one."""
        found = await self._connection.execute(delete(profiles).where(profiles.c.name == name))
        return found.rowcount > 0
