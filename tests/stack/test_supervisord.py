"""supervisord where nothing can be written, and where a part cannot be started."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from supervisor.loggers import Logger  # type: ignore[import-untyped]  # it ships no types

from magacin.stack.supervisord import PatientLog
from magacin.stack.waiting import until

CONFIGURATION = """
[supervisord]
nodaemon=true
silent=true
logfile={folder}/logs/supervisord.log
pidfile={folder}/supervisord.pid
childlogdir={folder}/logs

[program:never]
command={python} -c "raise SystemExit(3)"
startretries=100
startsecs=1
redirect_stderr=true
stdout_logfile={folder}/logs/never.log
"""


@contextmanager
def log_to(file: Path) -> Iterator[tuple[Logger, PatientLog]]:
    handler = PatientLog(str(file), "a", 200, 2)
    yield Logger(handlers=[handler]), handler
    handler.close()


def test_what_does_not_fit_is_lost_and_said(tmp_path: Path) -> None:
    file = tmp_path / "part.log"
    file.symlink_to("/dev/full")
    with log_to(file) as (log, handler):
        log.info(b"lost\n")
        log.critical("lost as well")
        file.unlink()
        handler.reopen()
        log.info(b"kept\n")
    kept, note = file.read_text().splitlines()
    assert (kept, json.loads(note)["event"], json.loads(note)["writes"]) == ("kept", "log_lines_lost", 2)


def test_a_log_that_cannot_be_opened_yet(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "part.log"
    with log_to(file) as (log, handler):
        log.info(b"lost\n")
        handler.reopen()
        handler.remove()
        file.parent.mkdir()
        log.info(b"kept\n")
    assert file.read_text().startswith("kept\n")


def test_a_log_that_is_full_is_put_aside_as_before(tmp_path: Path) -> None:
    with log_to(tmp_path / "part.log") as (log, _):
        for number in range(100):
            log.info(b"line %03d\n" % number)
        assert (tmp_path / "part.log").read_text().endswith("line 099\n")
    kept = sorted(file.name for file in tmp_path.iterdir())
    assert kept == ["part.log", "part.log.1", "part.log.2"]
    assert (tmp_path / "part.log.1").stat().st_size == 207


def test_nothing_to_write_to_at_all_and_a_part_that_never_starts(tmp_path: Path) -> None:
    """It lives, tries on, and writes as soon as it can."""
    configuration, logs = tmp_path / "supervisord.conf", tmp_path / "logs"
    logs.mkdir()
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, python=sys.executable))
    for name in ("supervisord.log", "never.log"):
        (logs / name).symlink_to("/dev/full")
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "magacin.stack.supervisord", "-c", str(configuration)]
        process = subprocess.Popen(command, stdout=full, stderr=full)
    log = logs / "supervisord.log"
    try:
        assert until((tmp_path / "supervisord.pid").exists, seconds=120, every=0.05)
        log.unlink()
        process.send_signal(signal.SIGUSR2)  # have the logs opened anew
        assert until(lambda: log.exists() and "spawned: 'never'" in log.read_text(), seconds=120, every=0.05)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(60) == 0


@pytest.mark.parametrize("failures", [3, 200])
def test_the_pause_before_a_start_is_bounded(failures: int) -> None:
    program = f"""
import time
from supervisor.options import ServerOptions, ProcessConfig
from supervisor.states import ProcessStates
from magacin.stack.supervisord import LONGEST_PAUSE_SECONDS, PersistentProcess

class Part(PersistentProcess):
    def __init__(self): pass

part = Part()
for _ in range({failures}):
    part.state = ProcessStates.STARTING
    before = time.time()
    part.change_state(ProcessStates.BACKOFF)
assert part.backoff == min({failures}, LONGEST_PAUSE_SECONDS), part.backoff
assert part.delay - before <= LONGEST_PAUSE_SECONDS + 1
"""
    subprocess.run([sys.executable, "-c", program], check=True)
