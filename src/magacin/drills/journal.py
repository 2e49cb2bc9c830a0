"""What has to be undone, written down before the fault it belongs to.

A drill that is killed leaves its journal behind, and the next command on the stack reads it (leftovers.py).
An entry is plain data: the process that undoes it need not be the one that caused it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir, make_private


@dataclass(frozen=True)
class Entry:
    """One thing to undo: by which function of undo.py, with what, and what it means for people."""

    id: int
    drill: str
    undo: str
    data: Mapping[str, Any]
    what: str


class Journal:
    """The entries of one data directory. All that was added is on disk when `add` returns."""

    def __init__(self, data: DataDir) -> None:
        self._folder = data.drills
        self.file = self._folder / "journal.jsonl"
        self._entries: dict[int, Entry] = {}
        self._next = 1
        self._read()

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in self._whole_lines():
                with contextlib.suppress(ValueError):
                    self._apply(json.loads(line))
            # With nothing but what was cut off, nothing is left behind.
            self._remove_if_done()

    def _whole_lines(self) -> list[bytes]:
        """Return the lines that are whole, and cut off what is not: the next would be glued to it.

        The disk was full, or the machine stopped. It was never acted upon: the fault comes after it.
        """
        content = self.file.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.file, whole)
        return content[:whole].splitlines()

    def _apply(self, line: dict[str, Any]) -> None:
        if "done" in line:
            self._entries.pop(line["done"], None)
            return
        entry = Entry(**line)
        self._entries[entry.id] = entry
        self._next = max(self._next, entry.id + 1)

    def open(self) -> list[Entry]:
        """Return what is still to be undone, the newest first."""
        return sorted(self._entries.values(), key=lambda entry: entry.id, reverse=True)

    def add(self, drill: str, undo: str, what: str, **data: Any) -> Entry:
        """Write down how to undo what comes next."""
        entry = Entry(self._next, drill, undo, data, what)
        self._write({**entry.__dict__})
        self._entries[entry.id] = entry
        self._next += 1
        return entry

    def done(self, entry: Entry) -> None:
        """Write down that an entry has been undone; with the last one the file goes."""
        self._entries.pop(entry.id, None)
        if self._entries:
            self._write({"done": entry.id})
        self._remove_if_done()

    def _remove_if_done(self) -> None:
        if not self._entries:
            self.file.unlink(missing_ok=True)

    def _write(self, line: Mapping[str, Any]) -> None:
        make_private(self._folder)
        with contextlib.suppress(FileNotFoundError):
            self._whole_lines()
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.file.chmod(0o600)


def is_left(data: DataDir) -> bool:
    """Say whether a drill has left something behind, or is at work; reads nothing else."""
    return (data.drills / "journal.jsonl").exists()


class DrillRuns(StackError):
    """Another process holds the stack's drills."""

    def __init__(self, data: DataDir) -> None:
        super().__init__(
            f"another drill runs on the stack in {data.path}.",
            "Wait for its end, or end it with Ctrl-C where it runs.",
        )


@contextlib.contextmanager
def exclusive(data: DataDir) -> Iterator[None]:
    """Hold the stack's drills, as one process at a time may. Raises DrillRuns when another does."""
    make_private(data.drills)
    with (data.drills / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DrillRuns(data) from None
        yield
