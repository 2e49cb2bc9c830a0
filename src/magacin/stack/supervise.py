"""supervisord: starting it, and talking to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport  # type: ignore[import-untyped]  # it ships no types

from magacin.stack.errors import StackError
from magacin.stack.parts import Part
from magacin.stack.paths import DataDir
from magacin.stack.processes import STACK_VARIABLE, environment, wait_ended
from magacin.stack.waiting import until

# How it shows that supervisord is not there, or just went.
_GONE = (OSError, xmlrpc.client.Error, http.client.HTTPException)
_ALIVE = frozenset({"STARTING", "RUNNING", "BACKOFF", "STOPPING"})


@dataclass(frozen=True)
class Process:
    """What supervisord says about a part."""

    name: str
    state: str
    pid: int
    started_at: int
    now: int
    exit_status: int
    error: str

    @property
    def alive(self) -> bool:
        """Whether supervisord runs it or is about to run it again."""
        return self.state in _ALIVE

    @property
    def runs(self) -> bool:
        """Whether its process is there, if only since a moment ago."""
        return self.state in ("RUNNING", "STARTING")

    @property
    def comes_back(self) -> bool:
        """Whether it runs or will run: what has exited by itself is started again, as `autorestart` says."""
        return self.alive or self.state == "EXITED"

    @property
    def used(self) -> bool:
        """Whether it was ever started in this supervisord's life."""
        return self.started_at > 0

    @property
    def uptime(self) -> int:
        """Seconds since it was started; 0 when it does not run."""
        return max(0, self.now - self.started_at) if self.pid else 0


class Supervisor:
    """A client of one stack's supervisord, which may or may not run."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._child: subprocess.Popen[bytes] | None = None

    def _call(self, method: str, *arguments: object) -> Any:
        # A connection a call: the transport keeps its own, and one that broke once is broken for good.
        transport = SupervisorTransport(None, None, f"unix://{self._data.socket()}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            # A dot makes it an interface's other than supervisord's own.
            return getattr(proxy, method if "." in method else f"supervisor.{method}")(*arguments)
        finally:
            transport.close()

    def running(self) -> bool:
        """Say whether supervisord answers."""
        if not self._data.socket().exists():
            return False
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except _GONE:
            return False

    def processes(self) -> dict[str, Process]:
        """Return what is known of each part; nothing when supervisord does not run."""
        if not self.running():
            return {}
        try:
            return {info["name"]: _process(info) for info in self._call("getAllProcessInfo")}
        except _GONE:
            return {}

    def pid(self) -> int | None:
        """Return the process id of supervisord, None where it does not run."""
        try:
            return int(self._call("getPID")) if self.running() else None
        except _GONE:
            return None

    def prepare(self) -> None:
        """Have supervisord begin with what it does once for all services, of which some are started soon."""
        with contextlib.suppress(xmlrpc.client.Fault):  # one that runs since before it knew of that
            self._call("magacin.prepare")

    def start(self, name: str) -> None:
        """Have a part started; whether it gets healthy is for a probe to say."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in (Faults.SPAWN_ERROR, Faults.ABNORMAL_TERMINATION):
                return  # it ended at once; supervisord tries again, and whoever waits sees how that goes
            raise StackError(f"{name} cannot be started: {fault.faultString}.") from fault

    def signal(self, name: str, signal_name: str) -> None:
        """Send a part a signal, `HUP` for example."""
        self._call("signalProcess", name, signal_name)

    def stop(self, chosen: Iterable[Part]) -> set[str]:
        """Stop parts at once, and wait until all have ended. What does not end in its time is killed.

        Returns the names of those that ran, or were about to.
        """
        names, stopped = {part.name for part in chosen}, set[str]()
        while alive := [p for n, p in self.processes().items() if n in names and p.comes_back]:
            stopped |= {process.name for process in alive}
            for process in alive:
                if process.state != "STOPPING":
                    # Refused once it has ended by itself, after which it is started again: so once more then.
                    with contextlib.suppress(xmlrpc.client.Fault):
                        self._call("stopProcess", process.name, False)
            time.sleep(0.05)
        return stopped

    def update(self) -> None:
        """Read the configuration again, for the parts that do not run now."""
        changed = [name for names in self._call("reloadConfig")[0] for name in names]
        alive = {name for name, process in self.processes().items() if process.alive}
        for name in changed:
            if name in alive:
                continue
            with contextlib.suppress(xmlrpc.client.Fault):  # a part that is new has nothing to remove
                self._call("removeProcessGroup", name)
            with contextlib.suppress(xmlrpc.client.Fault):  # a part that is gone has nothing to add
                self._call("addProcessGroup", name)

    def shutdown(self) -> None:
        """End supervisord, and with it whatever still runs, in order. Returns when it is gone."""
        pid = int(self._call("getPID"))
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            self._call("shutdown")
            # It kills what does not end in its time, so this ends.
            while not wait_ended([process], 60):
                continue
        self.reap()

    def reap(self) -> None:
        """Take note of the end of a supervisord that this process has started."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def launch(self, identity: str) -> None:
        """Start supervisord, which starts nothing by itself, and wait until it answers."""
        self.reap()  # an earlier one that was killed
        output = self._data.logs / "supervisord.out"
        configuration = str(self._data.etc / "supervisord.conf")
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "magacin.stack.supervisord", "-c", configuration],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment(os.environ) | {STACK_VARIABLE: identity},
                start_new_session=True,  # Ctrl-C in the terminal is for `up`, which stops things in order
            )
        self._child = process

        def answers_or_ended() -> bool:
            return self.running() or process.poll() is not None

        until(answers_or_ended, seconds=20, every=0.05)
        if not self.running():
            raise StackError("supervisord did not start.", output.read_text(errors="replace").strip())


def _process(info: dict[str, Any]) -> Process:
    return Process(
        name=info["name"],
        state=info["statename"],
        pid=info["pid"],
        started_at=info["start"],
        now=info["now"],
        exit_status=info["exitstatus"],
        error=info["spawnerr"],
    )
