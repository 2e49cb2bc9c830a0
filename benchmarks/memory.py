"""Resident memory of the four services, idle."""

from __future__ import annotations

import psutil

from benchmarks.report import Measurement
from benchmarks.stack import BenchStack

SERVICES = ("api-gateway", "task-service", "import-service", "realtime-worker")
MIB = 1024 * 1024


def measure(stack: BenchStack) -> list[Measurement]:
    """Add up the resident sets; shared pages count for each, so the truth is a little less."""
    pids = {part["name"]: part["pid"] for part in stack.status() if part["name"] in SERVICES}
    sizes = {name: psutil.Process(pid).memory_info().rss / MIB for name, pid in pids.items()}
    each = [Measurement(f"resident memory of {name}", size, "MiB") for name, size in sizes.items()]
    return [
        *each,
        Measurement("resident memory of the four together", sum(sizes.values()), "MiB", at_most=450),
    ]
