"""A file that is read by a process of its own (`reader`), which is killed where it takes too much.

Nothing of a database is here: a dry run reads in the same way.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from magacin.contracts.imports import ReadingOptions
from magacin.contracts.order_files import Column, Subject
from magacin.imports import frames
from magacin.imports.parsers.records import Record
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import Layout, UnreadableFile
from magacin.imports.parts import Part, records_of, rows_of

if TYPE_CHECKING:
    from magacin.imports.settings import ImportSettings

_PROGRAM = [sys.executable, "-m", "magacin.imports.reader"]
# What the program needs of the environment: where things are, and never a password.
_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "TZ")
# So that the program has the next rows taken apart while these are stored.
_PIPE_BYTES = 1 << 20
_START_SECONDS = 60.0


class Chunk(NamedTuple):
    """Some rows of a file, checked: tuples of the fields of `Part` and `RejectedRow`."""

    row_count: int
    parts: list[Part]
    rejected: list[RejectedRow]
    held_back: list[str]

    def rows(self) -> list[StagedRow]:
        """Return the rows that are fine, in the order of the file: its parts have them by requisition."""
        return sorted(row for part in self.parts for row in rows_of(Part(*part)))

    def records(self) -> list[Record]:
        """Return those of a file of articles or locations."""
        return [record for part in self.parts for record in records_of(Part(*part))]


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take.

    `seconds` are of processor time in all, and of waiting for the next rows; `memory` is in bytes.
    """

    chunk_rows: int = 5_000
    max_rows: int = 2_000_000
    memory: int = 512 << 20
    seconds: int = 240

    @classmethod
    def of(cls, settings: ImportSettings) -> Limits:
        """Return those of the service."""
        return cls(
            settings.import_chunk_rows,
            settings.import_max_rows,
            settings.import_reader_bytes,
            settings.import_reader_seconds,
        )


class DiskFailed(Exception):
    """The file cannot be read from the disk, which says nothing about what is in it."""


class ReaderBroke(Exception):
    """The program met an exception that nobody has foreseen, of this `kind`."""

    def __init__(self, kind: str, where: str) -> None:
        super().__init__(f"{kind} in the reader:\n{where}")
        self.kind = kind


class Stopped(Exception):
    """Whoever read the file does not want it any more."""


class FileReader:
    """A file being read. Its methods block, and are called in one and the same thread, except `stop`."""

    def __init__(self, path: Path, filename: str, options: ReadingOptions, limits: Limits) -> None:
        self._limits = limits
        self.is_of_orders = options.subject is Subject.ORDERS
        self._request = {
            "path": str(path),
            "filename": filename,
            "options": options.model_dump(mode="json"),
            "chunk": limits.chunk_rows,
            "rows": limits.max_rows,
            "memory": limits.memory,
            "seconds": limits.seconds,
        }
        self._program: _Program | None = None
        self._layout: Layout | None = None
        self._stopped = False
        self.notes: list[str] = []
        """What a person should know of how the file was read, once all of it has been."""
        self.count = 0
        self.format = ""
        self.encoding: str | None = None

    @property
    def layout(self) -> Layout:
        """Return what the header says, which is there once the first chunk has been read."""
        if self._layout is None:
            raise RuntimeError("nothing has been read yet")
        return self._layout

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns; none where the header was not understood."""
        return self._layout.all_names if self._layout else []

    @property
    def meanings(self) -> dict[Column, str]:
        """Return the name of the column that each meaning was found in."""
        return self._layout.names if self._layout else {}

    def next_chunk(self) -> Chunk | None:
        """Return the next rows, None after the last.

        Raises `UnreadableFile`, also for a file that the program does not survive, `DiskFailed`, and
        `ReaderBroke`.
        """
        program = self._program or self._begin()
        try:
            while message := frames.receive(program.output, self._limits.seconds):
                kind, *content = message
                if kind == "rows":
                    chunk = Chunk(*content)
                    self.count += chunk.row_count
                    return chunk
                if kind == "end":
                    [self.notes] = content
                    program.has_answered = True
                    return None
                self._take(kind, *content)
        except frames.NothingCame as error:
            raise UnreadableFile(self._too_long()) from error
        status = program.wait()
        if self._stopped:
            raise Stopped
        raise UnreadableFile(self._why_it_ended(status))

    def require_rows(self) -> None:
        """Raise `UnreadableFile` where all has been read and there was not one row."""
        if self.count == 0:
            raise UnreadableFile("The file has a header and no rows.")

    def _begin(self) -> _Program:
        """Have a program work on the file: an idle one, which may have ended by itself, or a new one."""
        while not self._stopped:
            idle = _take_idle()
            self._program = program = idle or _Program()
            if not self._stopped and program.begins(self._request):
                return program
            status = program.end()
            if idle is None and not self._stopped:
                raise ReaderBroke("ReaderDidNotStart", f"It ended with status {status}.")
        raise Stopped

    def _take(self, kind: str, *content: Any) -> None:
        if kind == "table":
            self.format, self.encoding, fields = content
            places = {
                name: {Column(c): v for c, v in fields[name].items()} for name in ("positions", "names")
            }
            self._layout = Layout(**{**fields, **places, "subject": Subject(fields["subject"])})
            return
        if self._program is not None:
            self._program.has_answered = kind in ("unreadable", "disk")
        if kind == "unreadable":
            raise UnreadableFile(*content)
        if kind == "disk":
            raise DiskFailed(*content)
        if kind == "memory":
            raise UnreadableFile(self._too_large())
        raise ReaderBroke(*content)

    def stop(self) -> None:
        """End what is going on, from any thread: whoever waits for rows is told by `Stopped`."""
        self._stopped = True
        if self._program is not None:
            self._program.kill()

    def close(self) -> None:
        """Leave the program to the next file, or end it."""
        if self._program is not None:
            _leave(self._program)

    def _why_it_ended(self, status: int) -> str:
        if status == -signal.SIGXCPU:
            return self._too_long()
        if status == -signal.SIGABRT:
            return self._too_large()
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        return (
            f"The file ended the process that read it ({how}), as one does that is damaged or takes more "
            "memory than the machine has. Nothing was imported and it was not tried again. Save it as CSV."
        )

    def _too_large(self) -> str:
        return (
            f"Reading the file takes more than {self._limits.memory >> 20:,} MB of memory. Nothing was "
            "imported. Split it, or save it as CSV, which takes little however long it is."
        )

    def _too_long(self) -> str:
        return (
            f"Reading the file takes more than {self._limits.seconds:,} seconds. Nothing was imported. It "
            "may be damaged, or hold far more than orders. Split it, or save it as CSV."
        )


class _Program:
    """A process of `magacin.imports.reader`, waiting for a request unless it has one."""

    def __init__(self) -> None:
        atexit.register(end_idle)
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            _PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=kept
        )
        self.output = self._process.stdout.fileno()  # type: ignore[union-attr]  # asked for above
        with suppress(OSError):
            fcntl.fcntl(self.output, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.has_answered = False
        """Whether its answer is complete, so that it waits for the next request."""

    def begins(self, request: dict[str, Any]) -> bool:
        """Give it a request; return whether it has begun to work on it."""
        self.has_answered = False
        try:
            frames.send(self._process.stdin.fileno(), request)  # type: ignore[union-attr]  # asked for above
            return frames.receive(self.output, _START_SECONDS) == ("begun",)
        except (BrokenPipeError, frames.NothingCame):
            return False

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()

    def end(self) -> int:
        """End it unless it has ended by itself, and return its exit status."""
        if self._process.poll() is None:
            self.kill()
        return self.wait()

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        with self._process:
            return self._process.wait()


# Of the whole process: starting one takes half a second, and what served one file serves the next.
_idle: list[_Program] = []


def _take_idle() -> _Program | None:
    with suppress(IndexError):
        return _idle.pop()
    return None


def _leave(program: _Program) -> None:
    """Keep a program for the next file if it is of use and none is kept yet."""
    if program.has_answered and not _idle:
        _idle.append(program)
    else:
        program.end()


def end_idle() -> None:
    """End what is kept for the next file."""
    while _idle:
        _idle.pop().end()
