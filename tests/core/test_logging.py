"""What a process writes to its log, seen from outside."""

from __future__ import annotations

import json
import subprocess
import sys

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
