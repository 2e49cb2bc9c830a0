from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from magacin.stack import leftovers
from magacin.stack.processes import STACK_VARIABLE, wait_ended

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]


@pytest.fixture
def identity() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def left_behind(identity: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process as supervisord starts one, with a child of its own."""
    variables = {STACK_VARIABLE: identity, "SUPERVISOR_PROCESS_NAME": "task-service"}
    program = f"import subprocess; subprocess.run({SLEEP!r})"
    process = subprocess.Popen([sys.executable, "-c", program], env=variables)
    yield process
    process.kill()
    process.wait()


def test_are_known_by_their_mark(identity: str, left_behind: subprocess.Popen[bytes], tmp_path: Path) -> None:
    _wait_for_child(left_behind.pid)
    [found] = leftovers.find(identity, tmp_path)
    assert found.process.pid == left_behind.pid
    assert found.part is not None
    assert found.part.name == "task-service"
    assert leftovers.find(uuid.uuid4().hex, tmp_path) == []


def test_are_stopped_with_their_children(
    identity: str, left_behind: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    child = _wait_for_child(left_behind.pid)
    leftovers.stop(leftovers.find(identity, tmp_path))
    assert leftovers.find(identity, tmp_path) == []
    assert wait_ended([child], 60)


def _wait_for_child(pid: int) -> psutil.Process:
    while not (children := psutil.Process(pid).children()):
        continue
    return children[0]
