"""The steps of `magacin check` and `magacin test`: programs that run one by one, or beside others."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from types import FrameType, TracebackType
from typing import NoReturn

import typer

from magacin.cli._common import Progress
from magacin.stack import webapp
from magacin.stack.paths import ROOT

# In place of a program, it stands for a script of the pages' package.json.
WEB = "web"


class Beside:
    """A step that runs while others do. What it prints is kept, and shown when it has come to its end."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.step = (program, *arguments)
        self._title = " ".join(self.step)
        self._is_shown = False

    def __enter__(self) -> Beside:
        """Start it."""
        print(f"── {self._title}, beside what follows", flush=True)
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            _command(*self.step),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # Interrupted by us alone, and once: a second time pytest would not stop what it has started.
            start_new_session=True,
        )
        return self

    def wait(self) -> int:
        """Wait for its end, print what it said if that was not done before, and return its exit status."""
        status = self._process.wait()
        self._show()
        return status

    def end(self) -> None:
        """Do the same, and demand that it succeeded."""
        require(self.step, self.wait())

    def _show(self) -> None:
        if self._is_shown:
            return
        print(f"── {self._title}", flush=True)
        self._output.seek(0)
        sys.stdout.write(self._output.read().decode(errors="replace"))
        sys.stdout.flush()
        self._is_shown = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it, where it has not by itself; let it stop what it has started, and show what it said."""
        try:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
                self._process.wait()
            self._show()
        finally:
            self._output.close()


def end_in_order() -> None:
    """Have an interruption, from a terminal or by a signal, first end what was started."""
    # What is started in the background of a script is not to be interrupted, and pytest would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def run(program: str, *arguments: str) -> int:
    """Run a step in sight of whoever called; return its exit status."""
    if program == WEB:
        return _run_web(*arguments)
    print(f"── {program} {' '.join(arguments)}", flush=True)
    return _end(subprocess.Popen(_command(program, *arguments), cwd=ROOT))


def require(step: tuple[str, ...], status: int) -> None:
    """Name a step that failed, and exit with its status."""
    if status:
        print(f"magacin: failed in: {' '.join(step)}", file=sys.stderr)
        raise typer.Exit(status)


def _run_web(script: str) -> int:
    print(f"── npm run {script}, in web/", flush=True)
    with Progress() as progress:
        return webapp.run_script(script, progress)


def _end(process: subprocess.Popen[bytes]) -> int:
    """Return the exit status of a process; a Ctrl-C, which it hears as well, leaves it time to clean up."""
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()
    except SystemExit:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """End as a shell reports a signal, and what was started before that."""
    raise SystemExit(128 + number)


def _command(program: str, *arguments: str) -> list[str]:
    executable = os.path.join(os.path.dirname(sys.executable), program)  # noqa: PTH118, PTH120  resolving would leave .venv
    return [executable, *arguments]
