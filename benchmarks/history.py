"""A Prometheus with 200 hours behind it: the series that a dashboard asks for, every 15 s, all day and night.

They are made up, and shaped as those of a warehouse are: busy in two shifts, quiet at night, with errors now
and then. `promtool tsdb create-blocks-from openmetrics` writes them as Prometheus itself would have.
"""

from __future__ import annotations

import math
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from magacin.core.metrics import LATENCY_BUCKETS
from magacin.stack import install

HOURS = 200
SCRAPE_SECONDS = 15
# As large as Prometheus' own compaction makes them at this retention.
_BLOCK_HOURS = 20

SERVICES = {"api-gateway": 8000, "task-service": 8001, "import-service": 8003, "realtime-worker": 8004}
BUCKETS = (*(str(float(limit)) for limit in LATENCY_BUCKETS), "+Inf")
ENDPOINTS = ("/api/scan", "/api/tasks", "/api/tasks/{task_id}", "/api/imports", "/api/board")
EVENTS = ("scan.recorded", "task.created", "task.started", "task.completed", "shortage.reported")
CLIENTS = {"app": 0.6, "desk": 0.1, "wall": 0.1, "other": 0.2}
REASONS = ("client", "transport", "ping_timeout", "server", "gateway_lost")

# What a series is at a moment: its shape, from how busy the warehouse is (0 to 1) and the sample's number.
Shape = Callable[[float, int], float]


@dataclass(frozen=True)
class Series:
    """One time series."""

    name: str
    labels: str
    shape: Shape


def of(text: str) -> list[Series]:
    """Return the series whose metrics a text names: that of a dashboard's file."""
    names = set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", text))
    return [series for series in _all() if series.name in names]


def _all() -> Iterator[Series]:
    for service, port in SERVICES.items():
        own = _labels(service=service, instance=f"127.0.0.1:{port}", job=service)
        yield Series("instance:http_requests:rate5m", own, _wave(60))
        yield Series("instance:http_requests_errors:rate5m", own, _wave(0.2))
        for place, limit in enumerate(BUCKETS):
            labels = _labels(service=service, instance=f"127.0.0.1:{port}", job=service, le=limit)
            share = min(1.0, (place + 1) / 12)
            yield Series("instance_le:http_request_duration_seconds_bucket:rate5m", labels, _wave(60 * share))
            if service == "api-gateway":
                yield Series("instance_le:scan_duration_seconds_bucket:rate5m", labels, _wave(20 * share))
        yield from _requests(service, port)
    yield from _realtime()
    yield from _machine()


def _requests(service: str, port: int) -> Iterator[Series]:
    for endpoint in ENDPOINTS:
        labels = {"service": service, "instance": f"127.0.0.1:{port}", "job": service, "endpoint": endpoint}
        for status in ("200", "500", "503"):
            rate = 10 if status == "200" else 0.02
            yield Series("http_requests_total", _labels(**labels, method="GET", status=status), _count(rate))
        for place, limit in enumerate(BUCKETS):
            share = min(1.0, (place + 1) / 12)
            name = "http_request_duration_seconds_bucket"
            yield Series(name, _labels(**labels, method="GET", le=limit), _count(10 * share))


def _realtime() -> Iterator[Series]:
    worker = {"service": "realtime-worker", "instance": "127.0.0.1:8004", "job": "realtime-worker"}
    gateway = _labels(service="api-gateway", instance="127.0.0.1:8000", job="api-gateway")
    for client, share in CLIENTS.items():
        yield Series("websocket_active_connections", _labels(**worker, client=client), _wave(80 * share))
    yield Series("socketio_connections", gateway, _wave(80))
    for event in EVENTS:
        yield Series("realtime_messages_processed_total", _labels(**worker, type=event), _count(5))
    for client in CLIENTS:
        for reason in REASONS:
            labels = _labels(**worker, client=client, reason=reason)
            yield Series("websocket_disconnections_total", labels, _count(0.01))


def _machine() -> Iterator[Series]:
    node = {"service": "node-exporter", "instance": "127.0.0.1:9100", "job": "node-exporter"}
    yield Series("instance:node_cpu_utilisation:rate5m", _labels(**node), _wave(0.6))
    yield Series("instance:node_memory_utilisation:ratio", _labels(**node), _wave(0.5))
    yield Series("node_memory_MemTotal_bytes", _labels(**node), lambda busy, number: 8e9)
    yield Series("node_memory_MemAvailable_bytes", _labels(**node), lambda busy, number: 6e9 - 3e9 * busy)
    for mode in ("idle", "user", "system", "iowait"):
        for cpu in ("0", "1"):
            yield Series("node_cpu_seconds_total", _labels(**node, cpu=cpu, mode=mode), _count(0.25))
    for service, port in SERVICES.items():
        labels = _labels(service=service, instance=f"127.0.0.1:{port}", job=service)
        yield Series("up", labels, lambda busy, number: 1)


def _labels(**labels: str) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


def _wave(most: float) -> Shape:
    return lambda busy, number: most * busy * (0.9 + 0.1 * math.sin(number / 37)) + most * 0.02


def _count(rate: float) -> Shape:
    # Whatever the hour it only grows, as a counter must.
    return lambda busy, number: rate * SCRAPE_SECONDS * number + rate * 200 * busy


def _busy(moment: int) -> float:
    """Return how busy the warehouse is: two shifts, from 6 to 22 o'clock."""
    hour = moment / 3600 % 24
    return max(0.0, math.sin((hour - 6) / 16 * math.pi)) * 0.95


def fill(folder: Path, series: list[Series], end: int) -> int:
    """Write the history of some series up to `end` into a Prometheus' data folder. Returns the samples."""
    begin = end - HOURS * 3600
    written = 0
    for start in range(begin, end, _BLOCK_HOURS * 3600):
        moments = range(start, min(start + _BLOCK_HOURS * 3600, end), SCRAPE_SECONDS)
        text = folder / "samples.txt"
        with text.open("w") as file:
            for line in _lines(series, moments, begin):
                file.write(line)
        _make_block(text, folder / "data")
        written += len(series) * len(moments)
        text.unlink()
    return written


def _lines(series: list[Series], moments: range, begin: int) -> Iterator[str]:
    noise = random.Random(1)
    busy = [(moment, (moment - begin) // SCRAPE_SECONDS, _busy(moment)) for moment in moments]
    for one in sorted(series, key=lambda item: item.name):
        head, shape = f"{one.name}{{{one.labels}}}", one.shape
        for moment, number, load in busy:
            yield f"{head} {shape(load, number) + noise.random() * 1e-3:.6g} {moment}\n"
    yield "# EOF\n"


def _make_block(text: Path, data: Path) -> None:
    subprocess.run(
        [
            *(str(install.locate("promtool")), "tsdb", "create-blocks-from", "openmetrics"),
            *(f"--max-block-duration={_BLOCK_HOURS}h", "--quiet", str(text), str(data)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
