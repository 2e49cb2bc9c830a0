"""What the endpoints of every service take: a transaction, an id, a page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request
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

_BIGINT = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=_BIGINT)]
After = Annotated[int, Query(ge=0, le=_BIGINT, description="`next_after` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page, at most.")]
