"""A service of several processes, of which one dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from magacin.core.processes import _how
from tests.conftest import free_port

APPLICATION = """
from magacin.core.metrics import MetricsPage

def create_app():
    async def answer(scope, receive, send):
        content, _ = await MetricsPage().render()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": content})
    return answer
"""
PARENT = """
import sys, uvicorn
from magacin.core.logging import configure_logging
from magacin.core.processes import Processes

configure_logging("tried")
options = {"factory": True, "port": int(sys.argv[1]), "lifespan": "off", "log_config": None}
config = uvicorn.Config("application:create_app", workers=2, **options)
Processes(config, [config.bind_socket()]).run()
"""


class Service:
    """The parent of two processes, and how they are seen from outside."""

    def __init__(self, folder: Path) -> None:
        (folder / "application.py").write_text(APPLICATION)
        (folder / "metrics").mkdir()
        self._port = free_port()
        environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"), "PYTHONPATH": str(folder)}
        self.parent = psutil.Popen(
            [sys.executable, "-c", PARENT, str(self._port)],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def working(self) -> list[int]:
        """Return the ids of the processes that answer."""
        return [one.pid for one in self.parent.children() if "--multiprocessing-fork" in _command(one)]

    def deaths(self) -> float | None:
        """Return what a scrape says, or None where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return None
        [line] = [line for line in lines if line.startswith("service_process_deaths_total ")]
        return float(line.split()[1])

    def wait(self, deaths: int) -> None:
        """Return when a scrape says so."""
        deadline = time.monotonic() + 60
        while self.deaths() != deaths or len(self.working()) < 2:
            assert time.monotonic() < deadline, (self.deaths(), self.working())
            time.sleep(0.05)

    def stop(self) -> str:
        """End it in order, and return its log."""
        self.parent.terminate()
        said, _ = self.parent.communicate(timeout=60)
        return str(said)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # it has just ended


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    if service.parent.is_running():
        service.stop()


def test_one_that_is_killed_is_replaced_counted_and_told_of(service: Service) -> None:
    service.wait(deaths=0)
    [killed, _] = service.working()
    os.kill(killed, signal.SIGKILL)
    service.wait(deaths=1)
    assert killed not in service.working()
    lines = [json.loads(line) for line in service.stop().splitlines()]
    [told] = [line for line in lines if line["event"] == "process_died"]
    assert (told["pid"], told["how"], told["level"], told["service"]) == (
        killed,
        "SIGKILL",
        "warning",
        "tried",
    )


def test_those_that_are_replaced_by_a_reload_are_not_counted(service: Service) -> None:
    service.wait(deaths=0)
    before = set(service.working())
    service.parent.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 60
    while before & set(service.working()) or len(service.working()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    service.wait(deaths=0)


@pytest.mark.parametrize(("code", "how"), [(-9, "SIGKILL"), (-11, "SIGSEGV"), (1, "exit code 1")])
def test_how_one_ended(code: int, how: str) -> None:
    assert _how(code) == how
