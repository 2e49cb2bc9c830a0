"""Waiting for something that nobody tells of: asked again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def eventually(check: Callable[[], Awaitable[object]], *, every: float, seconds: float) -> bool:
    """Wait until `check` returns something true; say whether it did within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if await check():
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(every)
