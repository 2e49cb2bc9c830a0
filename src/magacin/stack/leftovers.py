"""Finds and stops what a supervisord has left behind that was killed."""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

from magacin.stack import parts
from magacin.stack.parts import PARTS, Part
from magacin.stack.processes import STACK_VARIABLE, wait_ended
from magacin.stack.reporter import Reporter


@dataclass(frozen=True)
class Leftover:
    """A process of a stack that no supervisord looks after any more."""

    process: psutil.Process
    name: str

    def __str__(self) -> str:
        return f"{self.name} (pid {self.process.pid})"

    @property
    def part(self) -> Part | None:
        """The part it is, or None for supervisord itself."""
        return PARTS.get(self.name)


def find(identity: str, redis_folder: Path) -> list[Leftover]:
    """Return the processes of a stack, without those that another of them started."""
    found: dict[int, Leftover] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            name = _name_in_stack(process, identity, redis_folder)
            if name is not None and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = Leftover(process, name)
    return [left for left in found.values() if not _has_parent_in(left.process, found)]


def _name_in_stack(process: psutil.Process, identity: str, redis_folder: Path) -> str | None:
    variables = process.environ()
    if variables.get(STACK_VARIABLE) == identity:
        return variables.get("SUPERVISOR_PROCESS_NAME", "supervisord")
    # Redis writes its title over its environment; it works in its own folder, though.
    if process.name().startswith("redis") and Path(process.cwd()) == redis_folder.resolve():
        return "redis"
    return None


def _has_parent_in(process: psutil.Process, found: dict[int, Leftover]) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.ppid() in found
    return False


def clear(identity: str, redis_folder: Path, report: Reporter) -> None:
    """Stop whatever there is, and say so."""
    if left := find(identity, redis_folder):
        names = ", ".join(map(str, left))
        report.doing(f"Stopping what an earlier run left behind: {names}")
        stop(left)
        report.done(f"Stopped what an earlier run left behind: {names}")


def stop(left: list[Leftover]) -> None:
    """Stop them as supervisord would have: each with its signal and time, the stores last."""
    known = [item.part for item in left if item.part is not None]
    _end([item for item in left if item.part is None], signal.SIGTERM, 180)
    for stage in parts.stop_stages(known):
        for part in stage:
            number = signal.Signals[f"SIG{part.stop_signal}"]
            _end([item for item in left if item.part is part], number, part.stop_seconds)


def _end(items: list[Leftover], number: signal.Signals, seconds: float) -> None:
    processes = [item.process for item in items]
    families = [child for process in processes for child in _children(process)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    wait_ended(processes, seconds)
    wait_ended(families, 5)
    for process in [*processes, *families]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_ended([*processes, *families], 5)


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(process.children(recursive=True))
    return []
