"""supervisord: starting it, talking to it, and finding what an earlier one left behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport  # type: ignore[import-untyped]  # it ships no types

from magacin.stack import parts
from magacin.stack.commands import STACK_VARIABLE
from magacin.stack.errors import StackError
from magacin.stack.parts import PARTS, Part
from magacin.stack.paths import DataDir

# Of the environment that `up` is called in, only what a program needs to run at all is handed on, so that
# a PGPORT or REDIS_PASSWORD of the user's shell does not end up in a server of ours.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
# These are a stack's own to decide.
_SECRET = ("URL", "TOKEN", "KEY", "PASSWORD")
_DECIDED = (*_SECRET, *(f"{word}_FILE" for word in _SECRET), "HOST", "PORT", "WORKERS", "DIR")
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
            return getattr(proxy.supervisor, method)(*arguments)
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
                [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", configuration],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment(os.environ) | {STACK_VARIABLE: identity},
                start_new_session=True,  # Ctrl-C in the terminal is for `up`, which stops things in order
            )
        self._child = process
        deadline = time.monotonic() + 20
        while not self.running():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StackError("supervisord did not start.", output.read_text(errors="replace").strip())
            time.sleep(0.05)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C, a closed terminal and TERM: a second one must not leave things half stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that the processes of a stack get."""
    return {key: value for key, value in inherited.items() if _is_passed_on(key)}


def _is_passed_on(key: str) -> bool:
    if key.startswith("MAGACIN_"):
        return key != STACK_VARIABLE and not key.endswith(tuple(f"_{word}" for word in _DECIDED))
    return key in _PASSED_ON or key.startswith("LC_")


@dataclass(frozen=True)
class Leftover:
    """A process of a stack that no supervisord looks after any more."""

    process: psutil.Process
    name: str

    @property
    def part(self) -> Part | None:
        """The part it is, or None for supervisord itself."""
        return PARTS.get(self.name)


def leftovers(identity: str, redis_folder: Path) -> list[Leftover]:
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


def stop_leftovers(left: list[Leftover]) -> None:
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


def wait_ended(processes: list[psutil.Process], seconds: float) -> bool:
    """Wait until all have ended, and say whether they did.

    One that nobody has reaped yet has ended too; psutil's own waiting takes it for alive.
    """
    deadline = time.monotonic() + seconds
    while any(_runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(process: psutil.Process) -> bool:
    try:
        # While threads of a zombie are left, so are its files and ports.
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return process.is_running() and not ended
    except psutil.NoSuchProcess:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(process.children(recursive=True))
    return []
