"""HTTP: administrators who make and revoke API keys."""

from __future__ import annotations

import structlog

from magacin.contracts.api_keys import CREATE_KEY, LIST_KEYS, REVOKE_KEY, ApiKey, ApiKeyIn, NewApiKey
from magacin.core.endpoint import Id
from magacin.gateway.people.dependencies import CurrentUser, Router
from magacin.gateway.state import State

log = structlog.get_logger(__name__)
router = Router()


@router.handles(LIST_KEYS)
async def list_keys(state: State) -> list[ApiKey]:
    """Return all keys by name, those that were revoked as well; the keys themselves are nobody's to read."""
    return await state.keys.all()


@router.handles(CREATE_KEY)
async def create_key(new: ApiKeyIn, identity: CurrentUser, state: State) -> NewApiKey:
    """Make a key. It is shown this once; programs send it as `Authorization: Bearer`."""
    made = await state.keys.make(new, identity)
    log.info("api_key_made", key_id=made.key_id, by=identity.username)
    return made


@router.handles(REVOKE_KEY)
async def revoke_key(key_id: Id, identity: CurrentUser, state: State) -> None:
    """Refuse a key from now on."""
    await state.keys.revoke(key_id, identity)
    log.info("api_key_revoked", key_id=key_id, by=identity.username)
