"""`magacin test` leaves no test out, tells of every failure, and stops what it has started."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from magacin.cli import test as command
from magacin.stack.paths import ROOT

SAYS = """
import pathlib, signal, sys, time
def interrupted(*_):
    pathlib.Path(sys.argv[1]).write_text("cleaned up")
    sys.exit(2)
signal.signal(signal.SIGINT, interrupted)
print("thirty drills", flush=True)
pathlib.Path(sys.argv[1]).write_text("started")
time.sleep(float(sys.argv[2]))
sys.exit(int(sys.argv[3]))
"""


def python(file: Path, seconds: float, status: int) -> command.Beside:
    return command.Beside(Path(sys.executable).name, "-c", SAYS, str(file), str(seconds), str(status))


def test_checks_come_before_tests_and_whole_stacks_last() -> None:
    assert [step[0] for step in command.checks()] == ["ruff", "ruff", "lint-imports", "web", "web"]
    assert command.TYPES == ("mypy",)
    marks = [step[step.index("-m") + 1] for step in (*command.suites(), command.DRILLS)]
    assert marks == ["not e2e", "e2e and not drills", "drills"], "every test is in one of them"


def test_what_starts_whole_stacks_lies_in_one_folder_with_nothing_else() -> None:
    """The suites read that folder alone, or leave it out."""
    for file in (ROOT / "tests").rglob("test_*.py"):
        marked = re.search(
            r"^pytestmark = .*\bpytest\.mark\.e2e\b", file.read_text(encoding="utf-8"), re.MULTILINE
        )
        assert bool(marked) == file.is_relative_to(ROOT / command.STACKS), file


@pytest.mark.parametrize("status", [0, 1])
def test_what_ran_beside_is_shown_at_its_end(
    status: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    with python(file, 0, status) as beside:
        while not file.exists():
            time.sleep(0.01)
        assert "thirty drills\n" not in capfd.readouterr().out
        assert beside.end() == status
        assert beside.end() == status
    assert capfd.readouterr().out.count("thirty drills\n") == 1


def started(file: Path) -> None:
    while not file.exists() or file.read_text() != "started":
        time.sleep(0.01)


def test_what_runs_beside_cleans_up_and_is_shown_when_another_step_fails(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"

    def fail_beside() -> None:
        with python(file, 60, 0):
            started(file)
            command._require(("pytest",), 1)

    with pytest.raises(typer.Exit):
        fail_beside()
    assert file.read_text() == "cleaned up"
    assert capfd.readouterr().out.count("thirty drills\n") == 1


WAITS = """
import pathlib, signal, sys
from magacin.cli import test as command
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, command._leave)
name = pathlib.Path(sys.executable).name
with command.Beside(name, "-c", sys.argv[1], sys.argv[2], "60", "0") as beside:
    beside.end()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_what_runs_beside_can_be_ended(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "file"
    # In a process of its own: a signal to this one would reach whatever else its event loop serves.
    waiting = subprocess.Popen([sys.executable, "-c", WAITS, SAYS, str(file)], stderr=subprocess.DEVNULL)
    started(file)
    waiting.send_signal(number)
    assert waiting.wait(30) != 0
    assert file.read_text() == "cleaned up"


def test_a_failure_names_the_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as raised:
        command._require(("pytest", "-m", "drills"), 3)
    assert raised.value.exit_code == 3
    assert "failed in: pytest -m drills" in capsys.readouterr().err
