"""What a server writes twice in one turn of the event loop goes out once.

uvicorn writes the head of an answer and then its body. uvloop gives each to the kernel at once: two calls for
every answer, and two packets that wake its reader twice.
"""

from __future__ import annotations

import asyncio
from typing import Any


class JoinedWrites:
    """A connection of which a write waits for the next one, at most until the turn of the loop ends.

    All else is `transport`'s own, after what waited was written.
    """

    __slots__ = ("_held", "_loop", "transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        """Return what is the same for the connection itself."""
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """Write `data` with what waits, or have it wait."""
        held = self._held
        if held is None:
            self._held = data
            self._loop.call_soon(self.flush)
        else:
            self._held = None
            self.transport.write(held + data)

    def flush(self) -> None:
        """Write what waits."""
        held = self._held
        if held is not None:
            self._held = None
            self.transport.write(held)

    def write_eof(self) -> None:
        """Say that nothing more will come."""
        self.flush()
        self.transport.write_eof()

    def close(self) -> None:
        """Close the connection once all is written."""
        self.flush()
        self.transport.close()
