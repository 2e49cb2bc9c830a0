"""What belongs to one drill: what it breaks and its part of the journal, its background work, its traffic."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Mapping
from typing import Any

import psutil

from magacin.drills.changes import Changes
from magacin.drills.files import Edit
from magacin.drills.journal import Entry
from magacin.drills.people import Screens
from magacin.drills.traffic import Scanner
from magacin.drills.undo import NotYet
from magacin.drills.waiting import cancel
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import LaunchSpec


class Scope:
    """Opened for one drill, and closed whatever becomes of it. What it breaks is whole again at its end."""

    def __init__(self, changes: Changes, drill: str) -> None:
        self.drill = drill
        self.changes = changes
        self.scanners: list[Scanner] = []
        self.screens: list[Screens] = []
        self._stack = changes.stack
        self._entries: list[Entry] = []
        self._background: list[asyncio.Task[Any]] = []

    def remember(self, undo: str, what: str, **data: Any) -> None:
        """Write down how to undo what comes next; call it before that."""
        self._entries.append(self.changes.journal.add(self.drill, undo, what, **data))

    async def undo(self) -> list[str]:
        """Undo what was written down, the newest first. Returns what could not be undone."""
        problems = []
        for entry in reversed(self._entries.copy()):
            try:
                await self.changes.undo(entry)
            except NotYet:
                problems.append(f"{entry.what}: the stack does not run")
            except StackError as error:
                problems.append(f"{entry.what}: {error} {' '.join(error.details)}".strip())
            else:
                self._entries.remove(entry)
        return problems

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Have something going on until it ends or the drill does."""
        task = asyncio.create_task(work)
        self._background.append(task)
        return task

    async def stop_background(self) -> None:
        """End what goes on in the background; raise what ended any of it before."""
        results = await cancel(*self._background)
        self._background.clear()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def stop_part(self, *names: str) -> None:
        """Stop parts until the drill is over."""
        self.remember("start", f"start {' and '.join(names)}", parts=list(names))
        await self.changes.make(self._stack.stop_parts, names)

    async def kill_part(self, name: str) -> None:
        """SIGKILL a part and keep it down until the drill is over."""
        self.remember("start", f"start {name}", parts=[name])

        def kill() -> None:
            self.kill(name)
            # The supervisor would start it again within a second or two; a machine that died does not.
            self._stack.stop_parts([name])

        await self.changes.make(kill)

    def kill(self, name: str) -> None:
        """SIGKILL a part's process."""
        process = self._stack.supervisor.processes().get(name)
        if process is not None and process.pid:
            os.kill(process.pid, signal.SIGKILL)

    def suspend(self, name: str) -> psutil.Process:
        """SIGSTOP a part's process; the drill's end, or `resume`, lets it go on."""
        process = psutil.Process(self._stack.supervisor.processes()[name].pid)
        self.remember("resume", f"let {name} go on", pid=process.pid, started=process.create_time())
        process.suspend()
        return process

    async def relaunch(self, launches: Mapping[str, LaunchSpec]) -> None:
        """Start parts anew with other command lines or environments, until the drill is over."""
        parts = list(launches)
        self.remember("relaunch", f"start {', '.join(parts)} as usual", parts=parts)
        altered = self.changes.undoer.altered
        altered.update(launches)
        await self.changes.make(self._stack.relaunch, parts, altered)

    async def edit(self, what: str, edit: Edit, server: str) -> None:
        """Change the files of Prometheus or Alertmanager, until the drill is over."""
        name = f"{self.drill}: {what}"
        self.remember("monitoring", f"undo: {what}", edit=name, servers=[server])
        await self.changes.make(self.changes.files.edit, name, edit, [server])
