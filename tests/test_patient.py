from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from tests import patient


def started(*command: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def test_what_a_program_printed_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    # It is asked for several times before the program has read what it waits for, and that goes there once.
    monkeypatch.setattr(patient, "_LOOK_SECONDS", 0.01)
    process = started("sh", "-c", "sleep 0.2; cat; echo wrong >&2; exit 3")
    assert patient.finish(process, input="given") == ("given", "wrong\n")
    assert process.returncode == 3


def test_a_program_that_does_nothing_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patient, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(patient, "_QUIET_SECONDS", 0.5)
    process = started("sh", "-c", "sleep 3600 & echo $!; wait")
    assert process.stdout is not None
    below = psutil.Process(int(process.stdout.readline()))
    with pytest.raises(patient.Stuck, match="did nothing"):
        patient.finish(process)
    below.wait()
    assert process.returncode == -9


def test_the_work_of_those_below_counts() -> None:
    burn = "import os; sum(range(10**7)); os.write(1, b'!'); input()"
    process = started("sh", "-c", f'{sys.executable} -c "{burn}"; true')
    assert process.stdout is not None
    process.stdout.read(1)
    assert patient.work_of([process.pid]) > 0
    patient.finish(process, input="\n")
