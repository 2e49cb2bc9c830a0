"""What belongs to one drill: its part of the journal, its background work, its traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from magacin.drills.journal import Entry
from magacin.drills.undo import NotYet
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from magacin.drills.people import Screens
    from magacin.drills.rig import Rig
    from magacin.drills.traffic import Scanner


class Scope:
    """Opened for one drill, and closed whatever becomes of it."""

    def __init__(self, rig: Rig, drill: str) -> None:
        self.drill = drill
        self.scanners: list[Scanner] = []
        self.screens: list[Screens] = []
        self._rig = rig
        self._entries: list[Entry] = []
        self._background: list[asyncio.Task[Any]] = []

    def remember(self, undo: str, what: str, **data: Any) -> Entry:
        """Write down how to undo what comes next; call it before that."""
        entry = self._rig.journal.add(self.drill, undo, what, **data)
        self._entries.append(entry)
        return entry

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Have something going on until it ends or the drill does."""
        task = asyncio.create_task(work)
        self._background.append(task)
        return task

    async def stop_background(self) -> None:
        """End what goes on in the background."""
        for task in self._background:
            task.cancel()
        results = await asyncio.gather(*self._background, return_exceptions=True)
        self._background.clear()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def undo(self, *, only: Entry | None = None) -> list[str]:
        """Undo what was written down, the newest first. Returns what could not be undone."""
        problems = []
        for entry in [only] if only else list(reversed(self._entries)):
            if entry not in self._entries:
                continue
            try:
                await self._rig.changing(self._rig.undoer.undo, entry)
            except NotYet:
                problems.append(f"{entry.what}: the stack does not run")
                continue
            except StackError as error:
                problems.append(f"{entry.what}: {error} {' '.join(error.details)}".strip())
                continue
            self._rig.journal.done(entry)
            self._entries.remove(entry)
        return problems
