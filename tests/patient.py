"""Waiting for programs that build whole systems: as long as they work, however busy this machine is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable
from functools import partial

import psutil

from magacin.stack.waiting import Patience

# What has used no processor for so long hangs. What has gone on for so long turns in circles.
_QUIET_SECONDS = 600.0
_LONGEST_SECONDS = 3 * 3600.0
_LOOK_SECONDS = 5.0


class Stuck(subprocess.SubprocessError):
    """A program was ended because it did not end by itself; the message says why."""


def finish(
    process: subprocess.Popen[str], *, input: str | None = None, workers: Iterable[int] = ()
) -> tuple[str, str]:
    """Return what a program printed, once it has ended; raise Stuck where it does nothing more.

    `workers` are processes that do for it what it asks for, with all below them. The program has to lead a
    group of processes, which does not outlast this.
    """
    pids = (process.pid, *workers)
    patience = Patience(_QUIET_SECONDS, _LONGEST_SECONDS)
    with process:
        try:
            while True:
                try:
                    return process.communicate(input, timeout=_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    input = None  # it has been sent, and is kept from there on
                    patience.look(partial(work_of, pids))
                    if why := patience.why_over():
                        raise Stuck(why) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def work_of(pids: Iterable[int]) -> float:
    """Return the processor seconds that processes and all below them have used: what lives uses more."""
    seconds = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            top = psutil.Process(pid)
            for process in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    seconds += sum(process.cpu_times()[:4])
    return seconds
