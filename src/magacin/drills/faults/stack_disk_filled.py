"""The disk that the stack itself writes to is full."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

from magacin.drills.drill import (
    DELIVERIES,
    EVENTS,
    IMPORTS,
    RELAY,
    ROUTES,
    RULES,
    SCANS,
    Drill,
)
from magacin.drills.faults import _scanning
from magacin.drills.faults._disk_full import PROOF
from magacin.drills.waiting import eventually
from magacin.stack.errors import StackError
from magacin.stack.parts import PARTS
from magacin.stack.paths import DataDir

# Prometheus still has to write that there is little left, before there is nothing left.
_LEFT = 0.02
_LARGEST = 4 << 30
_PIECE = 1 << 20
_REFUSED_SECONDS = 120


class StackDiskFilled(Drill):
    """The file system of the stack is nearly filled, and then to the last byte while people scan."""

    proves = (PROOF,)
    # Nothing works beside a full disk.
    holds = frozenset({*PARTS, SCANS, EVENTS, RELAY, IMPORTS, RULES, ROUTES, DELIVERIES})
    ends_when_firing = True

    @classmethod
    def unfit(cls, data: DataDir) -> str | None:
        """Only a file system that the stack has for itself may be filled."""
        if not (data.path.is_mount() or (data.path.parent.is_mount() and _is_alone(data.path))):
            return f"{data.path} is no file system of its own, and what others need as well is not filled"
        if shutil.disk_usage(data.path).total > _LARGEST:
            return f"the file system of {data.path} is too large to be filled: 4 GiB at most"
        return None

    async def prepare(self) -> None:
        """Have people scan."""
        self.file = self.rig.stack.data.path / "drill-filling"
        self.scanner = await _scanning.scanner(self.rig, self.scope)
        self.scope.spawn(self.scanner.scan_on(10))

    async def cause(self) -> None:
        """Fill it but for a little."""
        self.scope.remember("remove", "make room on the stack's disk again", path=str(self.file))
        usage = shutil.disk_usage(self.file.parent)
        await asyncio.to_thread(self._fill, usage.free - round(usage.total * _LEFT))

    async def end(self) -> None:
        """Take the last byte, and what becomes free, until a scan is refused; then give it all back."""
        try:
            await self._nothing_left()
        finally:
            self.file.unlink(missing_ok=True)

    async def _nothing_left(self) -> None:
        before = self.scanner.failures

        async def refused() -> bool:
            await asyncio.to_thread(self._fill, _LARGEST)
            return self.scanner.failures > before

        if not await eventually(refused, every=0.1, seconds=_REFUSED_SECONDS):
            raise StackError("scans were acknowledged all the time, with no room left on the disk.")

    def _fill(self, most: int) -> None:
        with self.file.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            for size in (_PIECE, 4096, 1):
                while most >= size and file.write(b"\0" * size) == size:
                    most -= size


def _is_alone(folder: Path) -> bool:
    return [*folder.parent.iterdir()] == [folder]
