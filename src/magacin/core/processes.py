"""Several processes of one service, where it has more than one: who starts them, and tells when one dies."""

from __future__ import annotations

import signal

import structlog
from uvicorn.supervisors.multiprocess import Multiprocess

from magacin.core.metrics import PROCESS_DEATHS

log = structlog.get_logger(__name__)


class Processes(Multiprocess):
    """uvicorn's parent of them, which has another take the place of one that died, and tells nobody.

    Only the parent sees how one ended. What it counts lies beside what they count, and is in their metrics.
    """

    def keep_subprocess_alive(self) -> None:
        """Replace those that died since half a second ago, or do not answer any more."""
        before = list(self.processes)
        super().keep_subprocess_alive()
        for process in before:
            if process not in self.processes:
                PROCESS_DEATHS.inc()
                log.warning("process_died", pid=process.pid, how=_how(process.exitcode))


def _how(exit_code: int | None) -> str:
    """Say how a process ended, by its exit code as `multiprocessing` has it: below zero it is a signal."""
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    return signal.Signals(-exit_code).name
