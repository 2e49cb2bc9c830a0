"""A machine as the node exporter is to see it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

from magacin.drills.waiting import meanwhile

_TICKS_A_SECOND = 100
_SHARE_WHEN_IDLE = 0.3


class Machine:
    """A machine as a node exporter sees it: the real one's /proc, but for memory and processors.

    Those are what a drill says they are, so that nobody else's memory or time is taken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory_full = False
        self.processors_busy = False
        self._at = time.monotonic()
        self._ticks: dict[str, list[float]] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the two files up to date for as long as the context lasts."""
        self._link()
        self._write()
        async with meanwhile(self._go_on()):
            yield

    def _link(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for entry in Path("/proc").iterdir():
            link = self.folder / entry.name
            mine = entry.name in ("meminfo", "stat")
            if not mine and (not entry.name.isdigit() or entry.name == "1") and not link.is_symlink():
                link.symlink_to(entry)

    async def _go_on(self) -> None:
        while True:
            self._write()
            await asyncio.sleep(0.1)

    def _write(self) -> None:
        self._replace("meminfo", self._memory(Path("/proc/meminfo").read_text()))
        self._replace("stat", self._processors(Path("/proc/stat").read_text()))

    def _replace(self, name: str, text: str) -> None:
        temporary = self.folder / f".{name}"
        temporary.write_text(text)
        temporary.replace(self.folder / name)

    def _memory(self, text: str) -> str:
        total = int(re.findall(r"^MemTotal:\s+(\d+)", text, re.MULTILINE)[0])
        available = round(total * (0.04 if self.memory_full else 0.6))
        return re.sub(r"(?m)^(MemAvailable:\s+)\d+", rf"\g<1>{available}", text)

    def _processors(self, text: str) -> str:
        now = time.monotonic()
        passed, self._at = (now - self._at) * _TICKS_A_SECOND, now
        share = 0.99 if self.processors_busy else _SHARE_WHEN_IDLE
        lines = []
        for line in text.splitlines():
            name, *values = line.split()
            if re.fullmatch(r"cpu\d+", name):
                ticks = self._ticks.setdefault(name, [float(value) for value in values])
                ticks[0] += passed * share
                ticks[3] += passed * (1 - share)
                line = " ".join([name, *(str(int(value)) for value in ticks)])
            lines.append(line)
        return "\n".join(lines) + "\n"
