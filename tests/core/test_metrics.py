from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from magacin.core.metrics import MetricsPage

WORKER = """
from prometheus_client import Counter, Gauge
Gauge("busy", "x", multiprocess_mode="livesum").set(1)
Counter("done", "x").inc()
print(flush=True)
input()
"""


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two processes that have counted, as uvicorn starts them for one service."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    started = [
        subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for worker in started:
        assert worker.stdout is not None
        worker.stdout.readline()
    yield started
    for worker in started:
        worker.kill()
        worker.communicate()


async def page() -> set[str]:
    content, _ = await MetricsPage().render()
    return set(content.decode().splitlines())


async def test_of_a_worker_that_died_only_what_it_counted_stays(
    workers: list[subprocess.Popen[bytes]],
) -> None:
    assert {"busy 2.0", "done_total 2.0"} <= await page()
    workers[0].kill()
    workers[0].wait()
    assert {"busy 1.0", "done_total 2.0"} <= await page()
