"""API keys, of which only hashes are kept."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from magacin.contracts.actions import Action
from magacin.contracts.api_keys import KEY_PREFIX, ApiKey, ApiKeyIn, NewApiKey
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Identity, Role
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import Conflict, Forbidden, NotFound, Unauthorized, Unprocessable
from magacin.core.tokens import token_hash
from magacin.gateway.models import api_keys

# What of it is shown later: enough to tell keys from each other, and no help to guess one.
_SHOWN = len(KEY_PREFIX) + 6
_USED_EVERY = timedelta(minutes=1)


class KeyRefused(Unauthorized):
    """The key is unknown, was revoked or has expired. Which of it is nobody's business."""

    code = "key_refused"


class ScopeMissing(Forbidden):
    """The key is good, and not for this."""

    code = "scope_missing"


class KeyNotFound(NotFound):
    """There is no such key."""

    code = "key_not_found"


class KeyNameTaken(Conflict):
    """There is, or was, a key of that name."""

    code = "key_name_taken"


class ApiKeys:
    """Makes keys, ends them, and says who asks by one; each call in a transaction of its own.

    A key is looked up with each request that brings it: what is revoked is refused at once, by every process.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[ApiKey]:
        """Return all keys by name, those that were revoked included."""
        async with self._database.begin() as connection:
            rows = (await connection.execute(select(api_keys).order_by(api_keys.c.name))).mappings().all()
        return [_key(row) for row in rows]

    async def make(self, new: ApiKeyIn, by: audit.Actor) -> NewApiKey:
        """Keep a new key; raise `KeyNameTaken`. The key itself is in the answer and nowhere else."""
        if new.expires_at is not None and new.expires_at <= datetime.now(UTC):
            raise Unprocessable("expires_at is in the past: the key would never be good.")
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        values = {
            **new.model_dump(),
            "prefix": key[:_SHOWN],
            "key_hash": token_hash(key),
            "created_by": by.username,
        }
        statement = insert(api_keys).values(values).on_conflict_do_nothing(index_elements=["name"])
        async with self._database.begin() as connection:
            row = (await connection.execute(statement.returning(api_keys))).mappings().first()
            if row is not None:
                told = new.model_dump(mode="json")
                await audit.record(connection, by, audit.Entry(Action.KEY_MADE, "key", row["id"], after=told))
        if row is None:
            raise KeyNameTaken(
                f"There is, or was, a key called {new.name!r}. Choose another name: what was done under one "
                "stays told from what is done under the next.",
                details={"name": new.name},
            )
        return NewApiKey(**_key(row).model_dump(), key=key)

    async def revoke(self, key_id: int, by: audit.Actor) -> None:
        """End a key; raise `KeyNotFound`. Ending it twice is no error."""
        this = api_keys.c.id == key_id
        async with self._database.begin() as connection:
            locked = select(api_keys).where(this).with_for_update()
            row = (await connection.execute(locked)).mappings().first()
            if row is None:
                raise KeyNotFound(f"There is no key {key_id}.", details={"key_id": key_id})
            if row["revoked_at"] is None:
                await connection.execute(update(api_keys).where(this).values(revoked_at=func.now()))
                was = {"name": row["name"], "scopes": row["scopes"]}
                await audit.record(connection, by, audit.Entry(Action.KEY_REVOKED, "key", key_id, before=was))

    async def identify(self, key: str, endpoint: Endpoint | None) -> Identity:
        """Return who asks by a key, with a supervisor's rights where its scopes have that of the endpoint.

        Without an endpoint no key may. Raises `KeyRefused` or `ScopeMissing`.
        """
        row = await self._good(SecretStr(key))
        needed = endpoint.scope if endpoint else None
        if endpoint is None or endpoint.role is None or needed is None:
            raise ScopeMissing("No API key may do this. A person has to log in for it.")
        if needed not in row["scopes"]:
            raise ScopeMissing(
                f"This needs a key with the scope {needed}.",
                details={"required_scope": needed, "scopes": row["scopes"]},
            )
        return Identity(f"key:{row['name']}", max(endpoint.role, Role.SUPERVISOR, key=lambda role: role.rank))

    async def _good(self, key: SecretStr) -> RowMapping:
        unused = func.coalesce(api_keys.c.last_used_at < func.now() - _USED_EVERY, True)
        statement = select(api_keys, unused.label("unused")).where(
            api_keys.c.key_hash == token_hash(key),
            api_keys.c.revoked_at.is_(None),
            func.coalesce(api_keys.c.expires_at > func.now(), True),
        )
        async with self._database.begin() as connection:
            row = (await connection.execute(statement)).mappings().first()
            if row is None:
                raise KeyRefused(
                    "This API key is not valid, or not any more. Ask an administrator for another."
                )
            if row["unused"]:
                used = update(api_keys).where(api_keys.c.id == row["id"]).values(last_used_at=func.now())
                await connection.execute(used)
        return row


def _key(row: RowMapping) -> ApiKey:
    return ApiKey.model_validate({**row, "key_id": row["id"]})
