"""The metrics that every service has, and how a scrape reads them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import math
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.utils import floatToGoString

log = structlog.get_logger(__name__)

# When each counter was born is a series more for every one, and nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]  # typed only in part

# 0.3 s is the threshold of HighScanLatency and of the latency SLO: a quantile is only exact at a boundary.
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10)

HTTP_REQUESTS = Counter(
    "http_requests_total",
    "Requests answered, by route template; /metrics and /health are not counted.",
    ["method", "status", "endpoint"],
)
HTTP_REQUEST_DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from the request's first byte to the response's last.",
    ["method", "endpoint"],
    buckets=LATENCY_BUCKETS,
)
HTTP_REQUESTS_IN_PROGRESS = Gauge(
    "http_requests_in_progress", "Requests being worked on now.", ["method"], multiprocess_mode="livesum"
)
BUILD_INFO = Gauge(
    "magacin_build_info",
    "Always 1; the label says what runs.",
    ["version"],
    multiprocess_mode="max",
)
DEPENDENCY_UP = Gauge(
    "magacin_dependency_up",
    "Whether a dependency answered when last asked, at the latest by this scrape.",
    ["dependency"],
    multiprocess_mode="mostrecent",
)
PROCESS_DEATHS = Counter(
    "service_process_deaths_total",
    "Processes of a service with several of them (MAGACIN_WORKERS) that died and were replaced.",
)

Refresher = Callable[[], Awaitable[object]]

_Labelled = TypeVar("_Labelled", Counter, Gauge, Histogram)


def zeroed(metric: _Labelled, *values: Iterable[str]) -> _Labelled:
    """Return `metric` with every combination of these label values in being at zero.

    `rate()` over a series that appears with the value 1 is 0: without this the first one is not seen.
    """
    for labels in itertools.product(*values):
        metric.labels(*labels)
    return metric


def from_store(gauges: Sequence[Gauge], read: Callable[[], Awaitable[Sequence[float]]]) -> Refresher:
    """Return what sets `gauges`, in their order, to what `read` finds in a store.

    They are no numbers while the store is away: an old value would look like a measurement.
    """

    @functools.wraps(read)  # the log names it, where it fails
    async def refresh() -> None:
        found: Sequence[float] = [math.nan] * len(gauges)
        try:
            found = await read()
        finally:
            for gauge, value in zip(gauges, found, strict=True):
                gauge.set(value)

    return refresh


class MetricsPage:
    """Answers a scrape. Gauges that mirror a store are refreshed first, so that they cannot drift.

    On failure a refresher must leave NaN, not an old value.
    """

    # Prometheus gives up after 10 s; a page without a few gauges is worth more than none.
    timeout_seconds = 3.0

    def __init__(self, refreshers: Sequence[Refresher] = ()) -> None:
        self._refreshers = refreshers

    async def render(self) -> tuple[bytes, str]:
        """Return the exposition and its content type."""
        await asyncio.gather(*(self._guarded(refresh) for refresh in self._refreshers))
        return exposition(_registry()), CONTENT_TYPE_LATEST

    async def _guarded(self, refresh: Refresher) -> None:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await refresh()
        except Exception as error:  # noqa: BLE001  the scrape must go out: it is how this failure gets known
            log.warning(
                "metrics_refresh_failed",
                refresher=refresh.__qualname__,
                error=type(error).__name__,
            )


# OpenMetrics' names, which the library has within, in the older format; counters have a suffix besides.
_TYPES = {"info": "gauge", "stateset": "gauge", "unknown": "untyped"}
_SUFFIXES = {"counter": "_total", "info": "_info"}


def exposition(registry: CollectorRegistry) -> bytes:
    """Return what all metrics are, in Prometheus' text format, as `prometheus_client.generate_latest` does.

    That writes the labels of each series anew each time, and escapes them: two thirds of the work, which
    services do four times a minute and drills twenty times as often. Names that need escaping, and
    timestamps, are not for here: no metric has them.
    """
    lines: list[str] = []
    for metric in registry.collect():
        lines.append(_head(metric))
        for sample in metric.samples:
            value = floatToGoString(sample.value)  # type: ignore[no-untyped-call]  # typed only in part
            lines.append(f"{_series(sample.name, tuple(sample.labels.items()))} {value}\n")
    return "".join(lines).encode()


def _head(metric: Metric) -> str:
    name = metric.name + _SUFFIXES.get(metric.type, "")
    about = metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {about}\n# TYPE {name} {_TYPES.get(metric.type, metric.type)}\n"


@functools.lru_cache(maxsize=1 << 15)
def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(labels))
    return f"{name}{{{inside}}}" if inside else name


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _registry() -> CollectorRegistry:
    # With several workers each writes its values to files of that folder, and any of them can add up all.
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    _forget_the_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    registry = CollectorRegistry()
    # The library is typed only in part.
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _forget_the_dead(folder: Path) -> None:
    """Drop what workers that have ended said of themselves; what they have counted stays.

    The parent starts another in the place of one that died (processes.py), and leaves the files to us.
    """
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        if not _lives(pid):
            # Another worker may answer a scrape as well, and be faster.
            with contextlib.suppress(FileNotFoundError):
                mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def initialise_http_metrics(routes: Iterable[tuple[str, str, int]], error_statuses: Iterable[int]) -> None:
    """Bring every (method, endpoint, success status) and its 5xx into being at zero.

    `rate()` over a series that appears with the value 1 is 0: without this the first error is not seen.
    """
    for method, endpoint, status in routes:
        HTTP_REQUEST_DURATION.labels(method, endpoint)
        HTTP_REQUESTS_IN_PROGRESS.labels(method)
        for code in (status, *error_statuses):
            HTTP_REQUESTS.labels(method, str(code), endpoint)
