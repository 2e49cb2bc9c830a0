"""Profiles: the ready-made ones and those of the database are one list; the names of the first are taken."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.import_profiles import Profile, ProfileIn
from magacin.imports.errors import ProfileNotFound, ReadyMadeProfile
from magacin.imports.profiles.ready_made import not_found, ready_made
from magacin.imports.profiles.repository import ProfileRepository


async def by_name(connection: AsyncConnection) -> dict[str, Profile]:
    """Return all profiles."""
    rows = await ProfileRepository(connection).all()
    return ready_made() | {row["name"]: Profile(name=row["name"], **row["content"]) for row in rows}


async def get(connection: AsyncConnection, name: str) -> Profile:
    """Return one of them; raise `ProfileNotFound`."""
    known = await by_name(connection)
    if name not in known:
        raise ProfileNotFound(not_found(name, known))
    return known[name]


async def save(connection: AsyncConnection, name: str, profile: ProfileIn, saved_by: str) -> Profile:
    """Save a profile under a name; raise `ReadyMadeProfile`."""
    _require_free(name)
    await ProfileRepository(connection).save(name, profile, saved_by)
    return Profile(name=name, **profile.model_dump())


async def remove(connection: AsyncConnection, name: str) -> None:
    """Remove a profile; raise `ProfileNotFound` or `ReadyMadeProfile`."""
    _require_free(name)
    if not await ProfileRepository(connection).remove(name):
        raise ProfileNotFound(not_found(name, await by_name(connection)))


def _require_free(name: str) -> None:
    if name in ready_made():
        raise ReadyMadeProfile(name)
