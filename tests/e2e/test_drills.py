"""Every alert reaches a person on a real stack, in one half of the drills; each is undone however it ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.conftest import RunningStack, magacin, running
from tests.e2e.drilling import (
    HALVES,
    command,
    every_alert_reaches_a_person,
    everything_is_as_before,
    what_is_wrong,
)

pytestmark = [pytest.mark.e2e, pytest.mark.drills, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """A stack of their own: what drills leave in the history of the monitoring is not for other tests."""
    with running() as stack:
        yield stack


def test_every_alert_reaches_a_person(stack: RunningStack) -> None:
    every_alert_reaches_a_person(stack, HALVES[0])


@contextmanager
def _started(stack: RunningStack, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a drill, and go on when its fault is there."""
    with subprocess.Popen(command(stack, *arguments), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if "metric moved" in line:
                break
        else:
            wrong = what_is_wrong(stack)
            pytest.fail(f"the drill ended with status {process.wait()}:\n{''.join(said)}{wrong}")
        yield process


def test_killed_drill_is_undone_by_the_next_command(stack: RunningStack) -> None:
    with _started(stack, "postgres-stopped") as process:
        # The shell has become Python by now, so this is the drill itself.
        process.kill()
    assert (stack.data_dir / "drills" / "journal.jsonl").exists()
    run = magacin("status", "--data-dir", str(stack.data_dir), check=False)
    assert "A drill was killed; done what it left undone: start postgres" in run.stderr
    everything_is_as_before(stack)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_drill_undoes_everything(stack: RunningStack, number: signal.Signals) -> None:
    with _started(stack, "task-overdue") as process:
        process.send_signal(number)
        assert process.wait() == 130
    everything_is_as_before(stack)
