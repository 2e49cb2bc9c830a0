"""What drills share that keep others from something in PostgreSQL."""

from __future__ import annotations

import asyncio

from magacin.drills.rig import Rig
from magacin.drills.scope import Scope


async def lock(rig: Rig, scope: Scope, statement: str) -> None:
    """Take a lock in a session of its own, and hold it in the background of the scope."""
    held = asyncio.Event()

    async def hold() -> None:
        # Should this process be killed, the server ends the session, and the lock with it.
        async with rig.database() as connection, connection.transaction():
            await connection.execute(statement)
            held.set()
            await asyncio.Event().wait()

    scope.spawn(hold())
    await asyncio.wait_for(held.wait(), 30)
