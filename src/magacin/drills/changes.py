"""What changes a stack: one thing after the other, and how to undo it is in the journal first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from magacin.drills.files import MonitoringFiles
from magacin.drills.journal import Entry, Journal
from magacin.drills.undo import Undoer
from magacin.drills.waiting import uninterrupted
from magacin.stack.lifecycle import Stack

P = ParamSpec("P")
T = TypeVar("T")


class Changes:
    """One for a run of drills."""

    def __init__(self, stack: Stack, files: MonitoringFiles) -> None:
        self.stack = stack
        self.files = files
        self.journal = Journal(stack.data)
        self.undoer = Undoer(stack, files=files)
        self._one_at_a_time = asyncio.Lock()

    async def make(self, change: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that changes the stack, and that blocks, in a thread."""
        async with self._one_at_a_time:
            # Not to be left half done: whoever cancels waits for its end.
            return await uninterrupted(asyncio.to_thread(change, *args, **kwargs))

    async def undo(self, entry: Entry) -> None:
        """Undo what was written down. Raises NotYet or StackError when it cannot be done."""
        await self.make(self.undoer.undo, entry)
        self.journal.done(entry)
