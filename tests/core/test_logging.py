"""What a process writes to its log, seen from outside."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

LOST = "log_lines_lost"

PROGRAM = """
import logging, structlog
from magacin.core.logging import configure_logging

configure_logging("some-service", "info")
log = structlog.get_logger("x")

def login(password):
    headers = {"authorization": "Bearer s3cr3t-in-a-local"}
    raise RuntimeError("on purpose")

structlog.contextvars.bind_contextvars(request_id="r1")
log.debug("not_shown")
log.info("hello", quantity=3, password="s3cr3t-as-a-field")
try:
    login("s3cr3t-as-an-argument")
except RuntimeError:
    log.exception("failed")
logging.getLogger("some.library").warning("from a library: %s", 7)
"""


def test_is_json_with_service_and_request_and_without_secrets() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]

    assert [line["event"] for line in lines] == ["hello", "failed", "from a library: 7"]
    assert all(line["service"] == "some-service" and line["timestamp"] for line in lines)
    assert lines[0]["request_id"] == "r1"
    assert lines[0]["quantity"] == 3
    assert lines[1]["exception"][0]["exc_value"] == "on purpose"
    assert "s3cr3t" not in run.stdout + run.stderr


REQUESTS = """
import sys, structlog
from magacin.core.logging import REQUEST_ID, configure_logging, log_request

configure_logging("some-service", sys.argv[1])
log_request("POST", "/api/scan", 409, 0.0123456, "r1")
REQUEST_ID.set("r2")
structlog.get_logger("x").warning("of_that_request")
structlog.get_logger("x").warning("of_one_that_it_brought", request_id="r3")
"""


def test_each_request_has_a_line_in_the_same_form() -> None:
    command = [sys.executable, "-c", REQUESTS]
    done = subprocess.run([*command, "info"], capture_output=True, text=True, check=True)
    request, *others = [json.loads(line) for line in done.stdout.splitlines()]
    assert request.keys() - others[0].keys() == {"method", "endpoint", "status", "milliseconds"}
    assert others[0].keys() <= request.keys()
    assert (request["event"], request["service"], request["level"]) == (
        "http_request",
        "some-service",
        "info",
    )
    assert (request["endpoint"], request["status"], request["milliseconds"]) == ("/api/scan", 409, 12.35)
    assert datetime.fromisoformat(request["timestamp"]).tzinfo is not None
    assert request["timestamp"][-1] == others[0]["timestamp"][-1] == "Z"
    assert [line["request_id"] for line in (request, *others)] == ["r1", "r2", "r3"]
    quiet = subprocess.run([*command, "warning"], capture_output=True, text=True, check=True)
    assert len(quiet.stdout.splitlines()) == 2


LOSING = """
import os, sys, structlog
from magacin.core.log_output import LOST
from magacin.core.logging import configure_logging

configure_logging("some-service")
log = structlog.get_logger("x")

def lost():
    return LOST.collect()[0].samples[0].value
"""


def run(program: str, *arguments: object, stdout: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LOSING + program, *map(str, arguments)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


def test_lines_that_do_not_fit_on_the_disk_are_counted_and_said_when_it_has_room(tmp_path: Path) -> None:
    program = """
for number in range(3):
    try:
        raise ValueError(number)
    except ValueError:
        log.exception("lost")
print(lost(), file=sys.stderr)
os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 1)
log.info("kept")
log.info("kept_too")
"""
    with Path("/dev/full").open("wb") as full:
        done = run(program, tmp_path / "log", stdout=full.fileno())
    assert (done.returncode, done.stderr.strip()) == (0, "3.0")
    kept, lost, too = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert (kept["event"], too["event"]) == ("kept", "kept_too")
    assert (lost["event"], lost["lines"], lost["service"]) == ("log_lines_lost", 3, "some-service")
    assert lost["since"] < kept["timestamp"]


def test_a_line_that_was_cut_off_does_not_take_the_next_one_with_it(tmp_path: Path) -> None:
    """Of the third line there is room for a part."""
    program = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log.info("first")
size = os.fstat(1).st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (2 * size + 20, resource.RLIM_INFINITY))
log.info("other")
log.info("third")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.info("after")
"""
    with (tmp_path / "log").open("wb") as file:
        assert run(program, stdout=file.fileno()).returncode == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines[:2] + lines[3:]] == ["first", "other", "after", LOST]
    assert 0 < len(lines[2]) < len(lines[0])


GATHERED = """
import asyncio
from magacin.core.logging import log_request

async def turns():
    for turn in range(2):
        for number in range(30):
            log_request("POST", "/api/scan", 200, 0.01, f"{turn}-{number}")
        await asyncio.sleep(0)
    log_request("POST", "/api/scan", 200, 0.01, "last")
    log.warning("after")

asyncio.run(turns())
log_request("POST", "/api/scan", 200, 0.01, "without a loop")
print(lost(), file=sys.stderr)
"""


def test_requests_that_are_answered_together_are_written_together() -> None:
    """Each write to such a socket is a message of its own."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        done = run(GATHERED, stdout=theirs.fileno())
        theirs.close()
        written = list(iter(partial(ours.recv, 1 << 16), b""))
    assert done.returncode == 0, done.stderr
    assert all(part.endswith(b"\n") and len(part) <= select.PIPE_BUF for part in written)
    lines = [json.loads(line) for line in b"".join(written).splitlines()]
    ids = [f"{turn}-{number}" for turn in range(2) for number in range(30)]
    assert [line["request_id"] for line in lines if "request_id" in line] == [*ids, "last", "without a loop"]
    assert [line["event"] for line in lines[-3:]] == ["http_request", "after", "http_request"]
    assert len(written) < len(lines) / 4


def test_each_line_of_those_written_together_is_counted_when_it_is_lost() -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(GATHERED, stdout=full.fileno())
    assert (done.returncode, done.stderr.strip()) == (0, "63.0")


def test_nobody_reads_any_more() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run('log.info("lost"); print(lost(), file=sys.stderr)', stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr.strip()) == (0, "1.0")


def test_who_reads_has_stopped_for_a_while() -> None:
    """As a supervisor does whose own disk hangs. Its pipe holds less than what is written meanwhile."""
    program = """
for number in range(4000):
    log.info("line", number=number, said="x" * 100)
print(lost(), file=sys.stderr, flush=True)
sys.stdin.readline()
log.info("after")
"""
    command = [sys.executable, "-c", LOSING + program]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stderr is not None
        lost = int(float(process.stderr.readline()))
        # It waits for us now, not for its pipe, which is full.
        assert process.stdout is not None
        kept = [json.loads(process.stdout.readline())["number"] for _ in range(4000 - lost)]
        said, _ = process.communicate("go on\n")
    assert kept == list(range(4000 - lost))
    after, note = map(json.loads, said.splitlines())
    assert (after["event"], note["event"], note["lines"]) == ("after", LOST, lost)
    assert 0 < lost < 4000


@pytest.mark.parametrize("value", ["'\\udcff'", "1 << 65", "{(1, 2): 3}"])
def test_what_json_has_no_word_for_is_written_in_some_way(value: str) -> None:
    done = run(f'log.info("odd", value={value})', stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["event"] == "odd"
