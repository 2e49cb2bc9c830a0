"""The gateway's record of live drills, which these commands read and write in the database itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from magacin.cli._common import database_url
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import AppError
from magacin.gateway.drills.live_drills import LiveDrills
from magacin.stack.errors import StackError

T = TypeVar("T")

# Whoever sits at the machine, in the audit log: no person can have such a name.
BY = audit.Program("magacin drill")


def with_record(data: Path | None, work: Callable[[LiveDrills], Awaitable[T]]) -> T:
    """Do something with the record, and return what came of it; raise StackError where it cannot be done."""
    url = database_url(data, os.environ)

    async def run() -> T:
        database = Database(url, application="magacin-drill", pool_size=1)
        try:
            return await work(LiveDrills(database))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except AppError as error:
        raise StackError(error.message) from error
