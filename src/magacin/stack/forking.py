"""Our own services as forks of supervisord, which has imported what they have alike: they share its memory.

A fork is to differ from a service that was executed in nothing but that. Where it might, because what was
imported has changed since, or something is not as expected, the service is executed.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import runpy
import shlex
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from typing import NoReturn

from magacin.stack.processes import cli
from magacin.stack.shown_as import show_as
from magacin.stack.waiting import until

SWITCH = "MAGACIN_FORK_SERVICES"
"""`false` in the environment of `magacin up` has every service executed."""

MODULES = (
    "magacin.cli.main",
    "magacin.cli.serve",
    "magacin.contracts.api",
    "magacin.contracts.events",
    "magacin.contracts.inbox",
    "magacin.contracts.presence",
    "magacin.core.db",
    "magacin.core.deadlines",
    "magacin.core.http",
    "magacin.core.http_protocol",
    "magacin.core.redis",
    "magacin.core.router",
    "magacin.core.service",
    # uvicorn imports these when it starts.
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.websockets.auto",
)
"""What services have alike. Nothing of a single service: another one would show its metrics at zero."""

_SERVE = cli("serve")
# What a service may have otherwise than supervisord: nothing that is looked at when modules are imported.
_ITS_OWN = ("MAGACIN_", "SUPERVISOR_")
# A file's time is that of the clock's last tick, 100 of them a second at least.
_TICK_NANOSECONDS = 10_000_000
_HANDLED = (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR2)


class Image:
    """What this process has imported for the services that are going to be forks of it."""

    def __init__(self) -> None:
        self._obstacle = _standing_obstacle()
        self._stamps = ""
        self._imports = threading.Thread(target=self._import, name="imports")
        self._begun = False

    def begin(self) -> None:
        """Begin to import, once, beside whatever else there is to do."""
        if self._obstacle is None and not self._begun:
            self._begun = True
            self._imports.start()

    def _import(self) -> None:
        begun = time.time_ns() - _TICK_NANOSECONDS
        # structlog imports rich where it can, which services have no use for (cli/serve.py).
        sys.modules["rich"] = None  # type: ignore[assignment]  # an import that fails, as sys.modules has it
        try:
            for name in MODULES:
                importlib.import_module(name)
            importlib.import_module("magacin.core.warm_up").warm_up()
        except Exception as error:  # noqa: BLE001  what code does when it is imported; executed, it says so itself
            self._obstacle = f"{type(error).__name__} at an import: {error}"
        self._stamps = _stamps(_imported())
        self._obstacle = self._obstacle or _changed_since(begun, _imported())
        # The collector writes to each object that it looks at, and what is written to is shared no longer.
        gc.collect()
        gc.freeze()

    def obstacle(self, variables: Mapping[str, str]) -> str | None:
        """Return why a service with these variables is not to be a fork; None once all is imported."""
        self.begin()
        if self._begun:
            self._imports.join()
        return self._obstacle or _obstacle_in(variables) or self._changed() or _threads()

    def _changed(self) -> str | None:
        before = self._stamps.splitlines()
        now = _stamps(map(_file, before)).splitlines()
        changed = [_file(line) for line, other in zip(before, now, strict=True) if line != other]
        return f"{changed[0]} has changed since supervisord imported it" if changed else None


def _standing_obstacle() -> str | None:
    if os.environ.get(SWITCH, "").lower() in ("0", "false", "no", "off"):
        return f"{SWITCH} says so"
    if sys.platform != "linux":
        return "this is not Linux"
    # As the services are: otherwise the two would not find the same modules.
    return None if sys.flags.safe_path else "supervisord was started without -P"


def _obstacle_in(variables: Mapping[str, str]) -> str | None:
    if foreign := [name for name in variables if not name.startswith(_ITS_OWN)]:
        return f"it has {', '.join(foreign)} of its own"
    # Each of several is an interpreter of its own, and their metrics meet where the libraries are told to.
    workers = variables.get("MAGACIN_WORKERS") or os.environ.get("MAGACIN_WORKERS") or "1"
    return None if workers == "1" else "it has several workers"


def _threads() -> str | None:
    # One that was joined is there for a moment longer.
    alone = until(lambda: len(os.listdir("/proc/self/task")) == 1, seconds=2, every=0.005)  # noqa: PTH208  names
    return None if alone else "supervisord has threads, which a fork would lack"


def _imported() -> list[str]:
    files = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    return [file for file in files if file]


def _changed_since(moment: int, files: Iterable[str]) -> str | None:
    for file in files:
        with contextlib.suppress(OSError):
            if os.stat(file).st_mtime_ns > moment:  # noqa: PTH116  there are hundreds
                return f"{file} was changed while it was imported"
    return None


def _stamps(files: Iterable[str]) -> str:
    """Return what shows that a file is another, a line each: when it was changed, its size and its number.

    One text: its lines as objects would lie apart, each on a page that a look at it takes from the forks.
    """
    return "".join(f"{file}\t{_stamp(file)}\n" for file in files)


def _stamp(file: str) -> str:
    try:
        stat = os.stat(file)  # noqa: PTH116  there are hundreds
    except OSError:
        return ""
    return f"{stat.st_mtime_ns} {stat.st_size} {stat.st_ino}"


def _file(line: str) -> str:
    return line.partition("\t")[0]


def is_service(command: str) -> bool:
    """Tell whether a command line starts a service of ours, the way in which a stack does."""
    argv = shlex.split(command)
    return argv[:-1] == _SERVE


def reset_signals() -> None:
    """Have signals do in a fork what they do in a new interpreter."""
    for number in _HANDLED:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def become(filename: str, argv: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Go on as `python -P -m MODULE ARGUMENT…` would, in place of `os.execve`. Never returns."""
    # What supervisord had open is closed here, and its numbers are used again. What refers to them must never
    # be collected, which would close what has them then; and what is no garbage, the frames below hold.
    gc.freeze()
    try:
        show_as(argv, environment)
    except OSError:
        os.execve(filename, argv, environment)  # noqa: S606  it is what this was called for
    os.environ.clear()
    os.environ.update(environment)
    _end(_run(*argv[argv.index("-m") + 1 :]))


def _run(module: str, *arguments: str) -> int:
    """Run a module with arguments, and return the exit status."""
    sys.argv[1:] = arguments
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001  as an interpreter does
        traceback.print_exc()
        return 1
    return 0


def _end(status: int) -> NoReturn:
    """End as an interpreter does, but without taking itself apart: below on the stack is supervisord."""
    threading._shutdown()  # type: ignore[attr-defined]  # as multiprocessing does in its forks
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
