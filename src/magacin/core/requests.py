"""What the endpoints of every service take: a transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.db import Database
from magacin.core.service import state_of


@dataclass(frozen=True, kw_only=True)
class DatabaseState:
    """The state of a service whose requests have transactions."""

    database: Database


async def _transaction(request: Request) -> AsyncIterator[AsyncConnection]:
    async with state_of(request.scope, DatabaseState).database.begin() as connection:
        yield connection


# In the scope of the function, the commit happens before the response leaves, so that nothing is acknowledged
# that was not kept.
Transaction = Annotated[AsyncConnection, Depends(_transaction, scope="function")]
