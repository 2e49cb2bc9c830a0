"""Scans at a fixed rate, each measured from when it was due: what waits behind a slow one is slow as well."""

from __future__ import annotations

import asyncio

from benchmarks.report import Measurement
from benchmarks.scans import ROUNDS, scan_all
from benchmarks.stack import BenchStack

RATE = 300


def measure(stack: BenchStack) -> list[Measurement]:
    """Scan several times, and return the medians of the runs."""
    runs = [asyncio.run(scan_all(stack, rate=RATE)) for _ in range(ROUNDS)]
    rate = sorted(run.rate for run in runs)[ROUNDS // 2]
    latencies = {q: sorted(run.quantile(q) for run in runs)[ROUNDS // 2] for q in (0.5, 0.95, 0.99)}
    return [
        Measurement(f"scans a second, of {RATE} that were due", rate, "/s", at_least=0.98 * RATE),
        *(
            Measurement(f"latency at {RATE}/s, from when it was due, p{100 * q:.0f}", 1000 * seconds, "ms")
            for q, seconds in latencies.items()
        ),
    ]
