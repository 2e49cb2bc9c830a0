"""Where log lines go, so that one which cannot be written costs that line and nothing else."""

from __future__ import annotations

import asyncio
import os
import select
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from prometheus_client import Counter

LOST = Counter("log_lines_lost_total", "Log lines that could not be written.")

# Whoever reads the other end of a pipe may be busy for a moment. One that is so for longer has stopped.
_PATIENCE_SECONDS = 0.2


class LogOutput:
    """A file for structlog's `BytesLogger`, which gives it whole lines, one at a time.

    A full disk, a reader that is gone and one that has stopped reading raise nothing and keep nobody: the
    line is lost and counted. When a line gets through again, `returned` is called with how many were lost
    since when; what it says is written after that line.
    """

    def __init__(self, descriptor: int, returned: Callable[[int, str], bytes]) -> None:
        self._descriptor = _without_waiting(descriptor)
        self._returned = returned
        self._lost = 0
        self._since = ""
        self._torn = False
        self._stalled = False
        self._gathered: list[bytes] = []
        self._writes = threading.RLock()

    def gather(self, line: bytes) -> None:
        """Write a whole line, or lose it, together with those that come in the same turn of an event loop.

        Fifty scans that are answered at once are one call of the kernel then, and wake who reads them once.
        """
        with self._writes:
            self._gathered.append(line)
            if len(self._gathered) > 1:
                return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:
            self.flush()

    def write(self, line: bytes) -> None:
        """Write a whole line, or lose it; what was gathered before comes before it."""
        with self._writes:
            self.flush()
            self._write(line)

    def flush(self) -> None:
        """Write what was gathered."""
        with self._writes:
            lines, self._gathered = self._gathered, []
            for some in _together(lines):
                self._write(some)

    def _write(self, lines: bytes) -> None:
        if lost := self._not_written(lines):
            self._note_loss(lost)
        elif self._lost:
            lost, self._lost = self._lost, 0
            self._not_written(self._returned(lost, self._since))

    def _not_written(self, lines: bytes) -> int:
        """Write lines; return how many of them are lost, one that broke off among them."""
        # What was begun and broke off must not swallow the line after it.
        rest = b"\n" + lines if self._torn else lines
        begun = False
        try:
            while rest:
                count = self._some(rest)
                begun, rest = True, rest[count:]
        except OSError:
            self._torn = self._torn or begun
            return min(rest.count(b"\n"), lines.count(b"\n"))
        self._torn = self._stalled = False
        return 0

    def _some(self, content: bytes) -> int:
        try:
            return os.write(self._descriptor, content)
        except BlockingIOError:
            # Waited for once, and not again for each line, until it reads on.
            if self._stalled or not _is_read(self._descriptor):
                self._stalled = True
                raise
        return os.write(self._descriptor, content)

    def _note_loss(self, lines: int) -> None:
        LOST.inc(lines)
        if not self._lost:
            self._since = datetime.now(UTC).isoformat()
        self._lost += lines


def _together(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Join lines into as few writes as a pipe takes whole: who else writes to it comes between two lines."""
    some: list[bytes] = []
    size = 0
    for line in lines:
        if some and size + len(line) > select.PIPE_BUF:
            yield b"".join(some)
            some, size = [], 0
        some.append(line)
        size += len(line)
    if some:
        yield b"".join(some)


def _is_read(descriptor: int) -> bool:
    """Tell whether there is room again in a full pipe, within our patience."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(_PATIENCE_SECONDS * 1000))


def _without_waiting(descriptor: int) -> int:
    """Return a descriptor of the same pipe at which nobody waits for a reader; of anything else, itself.

    It is opened anew, because others that write to the pipe, such as our children, may want to wait.
    """
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open(f"/proc/self/fd/{descriptor}", flags)
    except OSError:
        pass  # no /proc, or the pipe is another user's: then a reader that stops is waited for
    return descriptor
