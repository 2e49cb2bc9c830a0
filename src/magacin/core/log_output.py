"""Where log lines go, so that one which cannot be written costs that line and nothing else."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable
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

    def write(self, line: bytes) -> None:
        """Write a whole line, or lose it."""
        if not self._written(line):
            self._note_loss()
        elif self._lost:
            lost, self._lost = self._lost, 0
            self._written(self._returned(lost, self._since))

    def flush(self) -> None:
        """Do nothing: no line waits here."""

    def _written(self, line: bytes) -> bool:
        # What was begun and broke off must not swallow the line after it.
        rest = b"\n" + line if self._torn else line
        begun = False
        try:
            while rest:
                count = self._some(rest)
                begun, rest = True, rest[count:]
        except OSError:
            self._torn = self._torn or begun
            return False
        self._torn = self._stalled = False
        return True

    def _some(self, content: bytes) -> int:
        try:
            return os.write(self._descriptor, content)
        except BlockingIOError:
            # Waited for once, and not again for each line, until it reads on.
            if self._stalled or not _is_read(self._descriptor):
                self._stalled = True
                raise
        return os.write(self._descriptor, content)

    def _note_loss(self) -> None:
        LOST.inc()
        self._lost += 1
        if self._lost == 1:
            self._since = datetime.now(UTC).isoformat()


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
