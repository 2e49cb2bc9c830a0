"""Profiles: the ready-made ones and those of the database are one list; the names of the first are taken."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity
from magacin.contracts.import_profiles import Profile, ProfileIn
from magacin.core import audit
from magacin.imports.errors import ProfileNotFound, ReadyMadeProfile
from magacin.imports.profiles.ready_made import not_found, ready_made
from magacin.imports.profiles.repository import ProfileRepository, as_kept


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


async def save(connection: AsyncConnection, name: str, profile: ProfileIn, identity: Identity) -> Profile:
    """Save a profile under a name; raise `ReadyMadeProfile`."""
    _require_free(name)
    repository = ProfileRepository(connection)
    before = await repository.content(name)
    await repository.save(name, profile, identity.username)
    was, is_ = audit.differences(before or {}, {**dict.fromkeys(before or ()), **as_kept(profile)})
    if is_ or before is None:
        saved = audit.Entry(Action.PROFILE_SAVED, "profile", name, was if before is not None else None, is_)
        await audit.record(connection, identity, saved)
    return Profile(name=name, **profile.model_dump())


async def remove(connection: AsyncConnection, name: str, identity: Identity) -> None:
    """Remove a profile; raise `ProfileNotFound` or `ReadyMadeProfile`."""
    _require_free(name)
    content = await ProfileRepository(connection).remove(name)
    if content is None:
        raise ProfileNotFound(not_found(name, await by_name(connection)))
    removed = audit.Entry(Action.PROFILE_REMOVED, "profile", name, before=content)
    await audit.record(connection, identity, removed)


def _require_free(name: str) -> None:
    if name in ready_made():
        raise ReadyMadeProfile(name)
