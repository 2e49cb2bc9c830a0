"""The processes that a stack starts: what they get of the environment, our own commands, and their end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from magacin.stack.errors import StackError
from magacin.stack.site import Site
from magacin.stack.waiting import until

# Marks the processes of a stack, so that what outlives its supervisor can be told from strangers.
STACK_VARIABLE = "MAGACIN_STACK"
# Of the environment that `up` is called in, only what a program needs to run at all is handed on, so that
# a PGPORT or REDIS_PASSWORD of the user's shell does not end up in a server of ours.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
# These are a stack's own to decide.
_SECRET = ("URL", "TOKEN", "KEY", "PASSWORD")
_DECIDED = (*_SECRET, *(f"{word}_FILE" for word in _SECRET), "HOST", "PORT", "WORKERS", "DIR")
_LAST_LINES = 15


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that the processes of a stack get."""
    return {key: value for key, value in inherited.items() if _is_passed_on(key)}


def _is_passed_on(key: str) -> bool:
    if key.startswith("MAGACIN_"):
        return key != STACK_VARIABLE and not key.endswith(tuple(f"_{word}" for word in _DECIDED))
    return key in _PASSED_ON or key.startswith("LC_")


def variables(settings: Mapping[str, object]) -> dict[str, str]:
    """Return settings of ours as the variables that our services read them from."""
    return {f"MAGACIN_{name}": str(value) for name, value in settings.items()}


def cli(*arguments: str) -> list[str]:
    """Return a command line that runs our own command line, from any directory."""
    return [sys.executable, "-P", "-m", "magacin.cli", *arguments]


def run_cli(site: Site, *arguments: str) -> None:
    """Run a command of our own on a stack's database; raise StackError with what it said when it fails."""
    own = variables({"DATABASE_URL_FILE": site.secrets.file("database-url")})
    done = subprocess.run(
        cli(*arguments),
        env=environment(os.environ) | own,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:]
        raise StackError(f"`magacin {' '.join(arguments)}` failed.", *said)


def signs_of_life(pid: int, log: Path) -> tuple[int, int]:
    """Return what changes while a part works: the size of its log, and its processor time in whole seconds.

    That of its children counts: PostgreSQL recovers in one.
    """
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        seconds = sum(sum(one.cpu_times()[:2]) for one in family)
    except psutil.Error:
        seconds = 0.0
    return (log.stat().st_size if log.exists() else 0), int(seconds)


def wait_ended(processes: list[psutil.Process], seconds: float) -> bool:
    """Wait until all have ended, and say whether they did.

    One that nobody has reaped yet has ended too; psutil's own waiting takes it for alive.
    """
    return until(lambda: not any(_runs(process) for process in processes), seconds=seconds, every=0.05)


def _runs(process: psutil.Process) -> bool:
    try:
        # While threads of a zombie are left, so are its files and ports.
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return process.is_running() and not ended
    except psutil.NoSuchProcess:
        return False
