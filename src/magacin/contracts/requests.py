"""What the endpoints of every service take: a transaction, who asks, an id, a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.identity import Identity, current_identity
from magacin.core.db import request_connection

Transaction = Annotated[AsyncConnection, Depends(request_connection, scope="function")]
CurrentIdentity = Annotated[Identity, Depends(current_identity)]

_BIGINT = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=_BIGINT)]
After = Annotated[int, Query(ge=0, le=_BIGINT, description="`next_after` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page, at most.")]
