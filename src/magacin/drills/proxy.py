"""A TCP proxy of one target, which can be made slow and can be made to fail."""

from __future__ import annotations

import asyncio
import contextlib

from magacin.drills.waiting import cancel
from magacin.stack.parts import LOOPBACK

_CHUNK = 65_536


class Proxy:
    """Forwards connections from a port of its own. `delay` is added to each request that goes through."""

    def __init__(self, target_port: int) -> None:
        self.delay = 0.0
        self.port = 0
        self._target = target_port
        self._failing = False
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await cancel(*self._pumps)

    def fail(self) -> None:
        """End all connections, and each new one at once."""
        self._failing = True
        self.cut()

    def reset(self) -> None:
        """Forward as if nothing had been."""
        self._failing = False
        self.delay = 0.0

    def cut(self) -> None:
        """End all connections now, without a goodbye."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._failing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there_writer}
        pumps = {
            asyncio.create_task(self._pump(reader, there_writer, slow=True)),
            asyncio.create_task(self._pump(there_reader, writer, slow=False)),
        }
        self._pumps |= pumps
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, there_writer):
            with contextlib.suppress(OSError):
                end.close()
        await asyncio.wait(pumps, timeout=5)
        self._pumps -= pumps
        self._open -= {writer, there_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if slow and self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
