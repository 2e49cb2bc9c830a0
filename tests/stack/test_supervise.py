from __future__ import annotations

import subprocess
import sys
import uuid
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from supervisor.xmlrpc import Faults  # type: ignore[import-untyped]  # the library has no types

from magacin.stack import supervise
from magacin.stack.commands import STACK_VARIABLE
from magacin.stack.parts import PARTS

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]


class TestEnvironment:
    def test_servers_get_what_they_need_and_nothing_that_steers_them(self) -> None:
        kept = supervise.environment(
            {
                "PATH": "/bin",
                "LC_ALL": "C",
                "PGPORT": "1",
                "REDIS_PASSWORD": "x",
                "PROMETHEUS_MULTIPROC_DIR": "/tmp",
                "MAGACIN_LOG_LEVEL": "debug",
                "MAGACIN_DATABASE_URL": "postgresql://elsewhere",
                "MAGACIN_SERVICE_TOKEN": "x",
                "MAGACIN_PORT": "1",
                "MAGACIN_DATA_DIR": "/elsewhere",
                STACK_VARIABLE: "other",
            }
        )
        assert kept == {"PATH": "/bin", "LC_ALL": "C", "MAGACIN_LOG_LEVEL": "debug"}


class Restarting(supervise.Supervisor):
    """A supervisord whose part has just been killed: it refuses to stop it, and starts it again."""

    def __init__(self) -> None:
        self.state = "RUNNING"
        self.refused = ["EXITED", "RUNNING"]

    def running(self) -> bool:
        return True

    def _call(self, method: str, *arguments: object) -> Any:
        if method == "stopProcess":
            if self.refused:
                self.state = self.refused.pop(0)
                raise xmlrpc.client.Fault(Faults.NOT_RUNNING, "NOT_RUNNING: prometheus")
            self.state = "STOPPED"
            return True
        assert method == "getAllProcessInfo"
        info = {"name": "prometheus", "statename": self.state, "pid": 1, "start": 1, "now": 2}
        return [info | {"exitstatus": 0, "spawnerr": ""}]


def test_what_ends_by_itself_while_it_is_stopped_stays_stopped() -> None:
    supervisor = Restarting()
    supervisor.stop([PARTS["prometheus"]])
    assert supervisor.state == "STOPPED"


class TestLeftovers:
    @pytest.fixture
    def identity(self) -> str:
        return uuid.uuid4().hex

    @pytest.fixture
    def left_behind(self, identity: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process as supervisord starts one, with a child of its own."""
        variables = {STACK_VARIABLE: identity, "SUPERVISOR_PROCESS_NAME": "task-service"}
        program = f"import subprocess; subprocess.run({SLEEP!r})"
        process = subprocess.Popen([sys.executable, "-c", program], env=variables)
        yield process
        process.kill()
        process.wait()

    def test_are_known_by_their_mark(
        self, identity: str, left_behind: subprocess.Popen[bytes], tmp_path: Path
    ) -> None:
        _wait_for_child(left_behind.pid)
        [found] = supervise.leftovers(identity, tmp_path)
        assert found.process.pid == left_behind.pid
        assert found.part is not None
        assert found.part.name == "task-service"
        assert supervise.leftovers(uuid.uuid4().hex, tmp_path) == []

    def test_are_stopped_with_their_children(
        self, identity: str, left_behind: subprocess.Popen[bytes], tmp_path: Path
    ) -> None:
        child = _wait_for_child(left_behind.pid)
        supervise.stop_leftovers(supervise.leftovers(identity, tmp_path))
        assert supervise.leftovers(identity, tmp_path) == []
        assert supervise.wait_ended([child], 10)

    def test_a_zombie_has_ended(self) -> None:
        process = subprocess.Popen(["true"])
        assert supervise.wait_ended([psutil.Process(process.pid)], 10)
        process.wait()


def _wait_for_child(pid: int) -> psutil.Process:
    while not (children := psutil.Process(pid).children()):
        continue
    return children[0]
