"""HTTP: profiles."""

from __future__ import annotations

from magacin.contracts.import_profiles import (
    DELETE_PROFILE,
    GET_PROFILE,
    LIST_PROFILES,
    PUT_PROFILE,
    Profile,
    ProfileIn,
    ProfileName,
)
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.imports.dependencies import CurrentIdentity
from magacin.imports.profiles import service

router = Router()


@router.handles(LIST_PROFILES)
async def list_profiles(connection: Transaction) -> list[Profile]:
    """Return all profiles by name, the ready-made ones too."""
    known = await service.by_name(connection)
    return [known[name] for name in sorted(known)]


@router.handles(GET_PROFILE)
async def get_profile(connection: Transaction, name: ProfileName) -> Profile:
    """Return how a profile has files read."""
    return await service.get(connection, name)


@router.handles(PUT_PROFILE)
async def put_profile(
    connection: Transaction, identity: CurrentIdentity, name: ProfileName, profile: ProfileIn
) -> Profile:
    """Save a profile. Files that came before are read as it was then."""
    return await service.save(connection, name, profile, identity)


@router.handles(DELETE_PROFILE)
async def delete_profile(connection: Transaction, identity: CurrentIdentity, name: ProfileName) -> None:
    """Remove a profile. Files that came before are read by it all the same."""
    await service.remove(connection, name, identity)
