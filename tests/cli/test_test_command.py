"""`magacin test` leaves no test out, tells of every failure, and stops what it has started."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
import typer

from magacin.cli import _steps as steps
from magacin.cli import check
from magacin.cli import test as command
from magacin.stack import install
from magacin.stack.paths import ROOT
from tests.conftest import LONGEST
from tests.e2e.conftest import LONGEST as LONGEST_WITH_STACKS

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


def python(file: Path, seconds: float, status: int) -> steps.Beside:
    return steps.Beside(Path(sys.executable).name, "-c", SAYS, str(file), str(seconds), str(status))


def test_checks_are_whole_and_so_are_the_suites() -> None:
    checks = [(*step, "")[:2] for step in (*check.STEPS, check.TYPES, *command.PAGES)]
    tools = [("ruff", "check"), ("ruff", "format"), ("lint-imports", "")]
    pages = [("web", "typecheck"), ("web", "lint"), ("mypy", ""), ("web", "test"), ("web", "size")]
    assert checks == tools + pages
    assert [suite[suite.index("-m") + 1] for suite in command.suites()] == ["not e2e", "e2e"]
    assert [suite[suite.index("-m") + 1] for suite in command.suites(fast=True)] == ["not e2e"]


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        ([], set()),
        (["-k", "scan"], set()),
        (["tests"], set()),
        (["tests/tasks/test_scans.py::TestScan", "-x"], {"chromium", "certutil", "docker-compose"}),
        (["tests/tasks", "tests/e2e/test_console.py"], {"docker-compose"}),
        (["tests/monitoring/test_compose_files.py"], {"chromium", "certutil"}),
    ],
)
def test_what_large_programs_a_file_does_not_need_is_not_installed(
    arguments: list[str], left_out: set[str]
) -> None:
    # They make new machines, which no other test does.
    needed = [name for name in install.PROGRAMS if name not in left_out | {"debootstrap", "slirp4netns"}]
    assert command.needed_by(arguments, long=True) == needed
    short = [name for name in needed if name not in {"spin", "gcc"}]
    assert command.needed_by(arguments) == short


def test_what_starts_whole_stacks_lies_in_one_folder_with_nothing_else() -> None:
    """The suites read that folder alone, or leave it out."""
    for file in (ROOT / "tests").rglob("test_*.py"):
        marked = re.search(
            r"^pytestmark = .*\bpytest\.mark\.e2e\b", file.read_text(encoding="utf-8"), re.MULTILINE
        )
        assert bool(marked) == file.is_relative_to(ROOT / command.STACKS), file


def test_the_files_that_are_begun_first_are_there() -> None:
    files = [*(ROOT / "tests" / name for name in LONGEST)]
    files += [ROOT / command.STACKS / name for name in LONGEST_WITH_STACKS]
    assert [file for file in files if not file.is_file()] == []


def test_what_the_suites_leave_out_runs_beside_them() -> None:
    beside = [file for files in command.BESIDE for file in files]
    *_, with_stacks = command.suites()
    assert [option for option in with_stacks if "ignore" in option] == [f"--ignore={file}" for file in beside]
    assert all((ROOT / file).is_file() for file in beside)
    drills = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / command.STACKS).rglob("test_*.py")
        if "pytest.mark.drills" in file.read_text(encoding="utf-8")
    }
    assert drills < set(beside), "a drill must not be kept waiting"


@pytest.mark.parametrize("status", [0, 1])
def test_what_ran_beside_is_shown_at_its_end(
    status: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    with python(file, 0, status) as beside:
        while not file.exists():
            time.sleep(0.01)
        assert "thirty drills\n" not in capfd.readouterr().out
        assert beside.wait() == status
        for _ in range(2):
            with nullcontext() if status == 0 else pytest.raises(typer.Exit):
                beside.end()
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
            steps.require(("pytest",), 1)

    with pytest.raises(typer.Exit):
        fail_beside()
    assert file.read_text() == "cleaned up"
    assert capfd.readouterr().out.count("thirty drills\n") == 1


WAITS = """
import pathlib, sys
from magacin.cli import _steps
_steps.end_in_order()
name = pathlib.Path(sys.executable).name
with _steps.Beside(name, "-c", sys.argv[1], sys.argv[2], "60", "0") as beside:
    beside.end()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_what_runs_beside_can_be_ended(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "file"
    # In a process of its own: a signal to this one would reach whatever else its event loop serves.
    waiting = subprocess.Popen([sys.executable, "-c", WAITS, SAYS, str(file)], stderr=subprocess.DEVNULL)
    started(file)
    waiting.send_signal(number)
    assert waiting.wait(60) != 0
    assert file.read_text() == "cleaned up"


def test_a_failure_names_the_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as raised:
        steps.require(("pytest", "-m", "drills"), 3)
    assert raised.value.exit_code == 3
    assert "failed in: pytest -m drills" in capsys.readouterr().err
