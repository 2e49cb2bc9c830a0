"""`magacin test`: set up what the tests need, and run them all."""

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
from magacin.stack import install, webapp
from magacin.stack.paths import ROOT

app = typer.Typer()

WEB = "web"
# Where the tests are that start whole stacks. To read the others for them takes each worker ten seconds.
STACKS = "tests/e2e"
# What runs while the suites do: thirty faults, each waited for until somebody has been told, which takes long
# and hardly any processor time; and what keeps one processor busy, and no other.
DRILLS = ("pytest", "-m", "drills", STACKS)
TYPES = ("mypy",)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Set up what the tests need and run them: linters, types, import rules, the pages' checks, pytest.

    Arguments go straight to pytest, and then it is pytest alone that runs.
    """
    # What is started in the background of a script is not to be interrupted, and pytest would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    install_servers()
    if context.args:
        raise typer.Exit(_run("pytest", *context.args))
    for step in checks():
        _require(step, _check_web(*step[1:]) if step[0] == WEB else _run(*step))
    with Beside(*DRILLS) as drills, Beside(*TYPES) as types:
        for step in suites():
            # At twenty times the speed a scrape has half a second: the others give way to it.
            _require(step, _run(*step, give_way=True))
            _require(TYPES, types.end())
        _require(DRILLS, drills.end())


def checks() -> list[tuple[str, ...]]:
    """Return what looks at the code without running it, in order."""
    return [
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("lint-imports",),
        # Of the pages: types, linter and unit tests, then how much a browser has to load.
        (WEB, "check"),
        (WEB, "size"),
    ]


def suites() -> list[tuple[str, ...]]:
    """Return the runs of pytest that come one after the other, beside the drills."""
    # A worker more than there are processors: half of its time a test waits for a server.
    workers = str(min(os.cpu_count() or 1, 4) + 1)
    return [
        # By file: each worker has one PostgreSQL and Redis, and tests of a file share what they set up in it.
        ("pytest", "-m", "not e2e", f"--ignore={STACKS}", "-n", workers, "--dist", "loadfile"),
        # These start whole stacks.
        ("pytest", "-m", "e2e and not drills", STACKS, "-n", workers, "--dist", "loadfile"),
    ]


class Beside:
    """A step that runs while others do. What it prints is kept, and shown when it has come to its end."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._title = f"{program} {' '.join(arguments)}"
        self._is_shown = False
        self._command = [_executable(program), *arguments]

    def __enter__(self) -> Beside:
        """Start it."""
        print(f"── {self._title}, beside what follows", flush=True)
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # Interrupted by us alone, and once: a second time pytest would not stop what it has started.
            start_new_session=True,
        )
        return self

    def end(self) -> int:
        """Wait for its end, print what it said if that was not done before, and return its exit status."""
        status = self._process.wait()
        self._show()
        return status

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


def install_servers() -> None:
    """Install the Debian packages that the tests need and this machine lacks."""
    packages = install.missing_packages(install.PROGRAMS)
    if not packages:
        return
    progress = Progress()
    try:
        progress.done(f"Installing, without starting any system service: {' '.join(packages)}")
        install.install_packages(packages, progress.percent)
    finally:
        progress.close()


def _check_web(script: str) -> int:
    print(f"── npm run {script}, in web/", flush=True)
    progress = Progress()
    try:
        webapp.ensure(progress)
        return webapp.run_script(script, progress)
    finally:
        progress.close()


def _require(step: tuple[str, ...], status: int) -> None:
    if status:
        print(f"magacin test: failed in: {' '.join(step)}", file=sys.stderr)
        raise typer.Exit(status)


def _run(program: str, *arguments: str, give_way: bool = False) -> int:
    print(f"── {program} {' '.join(arguments)}", flush=True)
    command = [*(("nice",) if give_way else ()), _executable(program), *arguments]
    return _end(subprocess.Popen(command, cwd=ROOT))


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


def _executable(program: str) -> str:
    return os.path.join(os.path.dirname(sys.executable), program)  # noqa: PTH118, PTH120  resolving would leave .venv
