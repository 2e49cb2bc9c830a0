"""supervisord as a stack runs it: neither a full disk nor an outage that lasts ends it, or ends its trying.

By itself it ends where a log cannot be written, which leaves its parts to themselves, and gives a part up
that could not be started for long enough. Services of ours are forks of it (forking.py).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from supervisor import loggers, process, supervisord  # type: ignore[import-untyped]  # it ships no types
from supervisor.states import ProcessStates  # type: ignore[import-untyped]  # the same

from magacin.stack import forking

# The pause before a part is started again grows by a second each time, up to this.
LONGEST_PAUSE_SECONDS = 5


class PatientLog(loggers.RotatingFileHandler):  # type: ignore[misc]  # a class without types
    """A log file that may be on a full, read-only or absent file system for a while.

    What cannot be written is lost. The first that can be again is followed by a line that says how much was.
    """

    def __init__(self, filename: str, *options: Any) -> None:
        self._lost = 0
        self._since = ""
        self._torn = False
        try:
            super().__init__(filename, *options)
            self.reopen()  # without a buffer
        except OSError:
            # The part is worth more than its log; the file is opened when there is something to write.
            loggers.Handler.__init__(self)
            self.baseFilename, self.mode, (self.maxBytes, self.backupCount) = filename, "ab", options[1:]

    def emit(self, record: Any) -> None:
        """Write a record, or lose it."""
        try:
            self._write(record)
            self.doRollover()
        except (OSError, ValueError):  # ValueError: of a file that could not be opened after it was closed
            self._note_loss()

    def doRollover(self) -> None:  # noqa: N802  its base class calls it so
        """Put a full file aside, and begin another."""
        before = self.stream
        super().doRollover()
        if self.stream is not before:
            self.reopen()  # without a buffer

    def reopen(self) -> None:
        """Open the file anew, or whenever that is possible."""
        self.close()
        with contextlib.suppress(OSError):
            self._open()

    def remove(self) -> None:
        """Remove the file, where the file system lets us."""
        self.close()
        with contextlib.suppress(OSError):
            Path(self.baseFilename).unlink()

    def close(self) -> None:
        """Close the file, if it is open."""
        if self.stream is not None:
            with contextlib.suppress(OSError, ValueError):
                super().close()

    def _write(self, record: Any) -> None:
        if self.stream is None or self.stream.closed:
            self._open()
        text = self._text(record)
        self._whole(b"\n" + text if self._torn else text)
        self._torn = False
        if self._lost:
            note = {"event": "log_lines_lost", "writes": self._lost, "since": self._since}
            self._lost = 0
            self._whole(json.dumps(note).encode() + b"\n")

    def _whole(self, text: bytes) -> None:
        written = self.stream.write(text)
        if written < len(text):
            self._torn = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _text(self, record: Any) -> bytes:
        if isinstance(record.msg, bytes):
            return record.msg
        text: str = self.fmt % record.asdict()
        return text.encode()

    def _open(self) -> None:
        # Without a buffer: what it kept would fail again at each write, and when it is closed.
        self.stream = open(self.baseFilename, "ab", buffering=0)  # noqa: PTH123, SIM115  as its base class does
        self.closed = False

    def _note_loss(self) -> None:
        self._lost += 1
        if self._lost == 1:
            self._since = datetime.now(UTC).isoformat(timespec="seconds")


class PersistentProcess(process.Subprocess):  # type: ignore[misc]  # a class without types
    """A part that is started again for as long as it takes, at the latest after `LONGEST_PAUSE_SECONDS`."""

    backoff: int

    def change_state(self, new_state: int, expected: bool = True) -> Any:
        """Note a new state, and with it how long to wait before the next try."""
        if new_state == ProcessStates.BACKOFF:
            self.backoff = min(self.backoff, LONGEST_PAUSE_SECONDS - 1)
        return super().change_state(new_state, expected)


class ForkingProcess(PersistentProcess):
    """A part that, where it is a service of ours, is a fork of this process instead of a new interpreter."""

    image: forking.Image
    _is_forked = False

    def spawn(self) -> Any:
        """Start the part."""
        self._is_forked = forking.is_service(self.config.command) and self._may_be_forked()
        return super().spawn()

    def _may_be_forked(self) -> bool:
        obstacle = self.image.obstacle(self.config.environment or {})
        if obstacle is not None:
            self.config.options.logger.info(f"{self.config.name} is executed, not forked: {obstacle}")
        return obstacle is None

    def _spawn_as_child(self, filename: str, argv: list[str]) -> Any:
        if self._is_forked:
            forking.reset_signals()
            self.config.options.execve = forking.become  # in this process alone, which ends with it
        return super()._spawn_as_child(filename, argv)


class Interface:
    """What can be asked of us beside what supervisord answers by itself."""

    def __init__(self, image: forking.Image) -> None:
        self._image = image

    def prepare(self) -> bool:
        """Begin to import what services have alike, since some are going to be started soon."""
        self._image.begin()
        return True


def make_interface(_: Any) -> Interface:
    """Return the interface that the configuration names."""
    return Interface(ForkingProcess.image)


def main() -> None:
    """Run supervisord with the arguments of the command line."""
    # The configuration names this module, which so far is __main__ alone.
    sys.modules["magacin.stack.supervisord"] = sys.modules[__name__]
    # Where it looks for both when it makes a log and a part.
    loggers.RotatingFileHandler = PatientLog
    process.Subprocess = ForkingProcess
    ForkingProcess.image = forking.Image()
    supervisord.main()


if __name__ == "__main__":
    main()
