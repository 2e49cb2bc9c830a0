from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    generate_latest,
)

from magacin.core.metrics import MetricsPage, exposition

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


def test_a_page_is_what_the_library_would_write() -> None:
    registry = CollectorRegistry()
    done = Counter("done_total", "What is \\done\nand counted.", ["by"], registry=registry)
    level = Gauge("level", "x", ["b", "a"], registry=registry)
    took = Histogram("took_seconds", "x", ["what"], buckets=(0.3, 1), registry=registry)
    Summary("weighed", "x", registry=registry).observe(2)
    Info("built", "x", registry=registry).info({"version": "1", "by": "hand"})
    Enum("state", "x", states=["on", "off"], registry=registry)
    for value in ("plain", 'a "quoted" one', "back\\slash", "two\nlines", "čšž", ""):
        done.labels(value).inc(12_345_678_901)
        took.labels(value).observe(0.5)
    for number, measured in enumerate((0.1, -3, 1e21, float("nan"), float("inf"), float("-inf"))):
        level.labels(str(number), "x").set(measured)
    assert exposition(registry) == generate_latest(registry)
    level.labels("0", "x").set(7)
    assert exposition(registry) == generate_latest(registry), "values are as they are now"
    assert exposition(REGISTRY).count(b"\n") > 20
