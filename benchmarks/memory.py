"""Memory of the four services, idle: all that they have, and with what they share counted once."""

from __future__ import annotations

import psutil

from benchmarks.report import Measurement
from benchmarks.stack import BenchStack

SERVICES = ("api-gateway", "task-service", "import-service", "realtime-worker")
MIB = 1024 * 1024


def measure(stack: BenchStack) -> list[Measurement]:
    """Add up the proportional sets (PSS), in which a page that several processes share is divided by them.

    supervisord is said as well, from which the services may be forks: it then holds what they share.
    """
    parts = {part["name"]: psutil.Process(part["pid"]) for part in stack.status() if part["name"] in SERVICES}
    sizes = {name: process.memory_full_info() for name, process in parts.items()}
    [parent] = {process.ppid() for process in parts.values()}
    together = sum(size.pss for size in sizes.values()) / MIB
    resident = sum(size.rss for size in sizes.values()) / MIB
    supervisor = psutil.Process(parent).memory_full_info().pss / MIB
    return [
        *(Measurement(f"memory of {name} (PSS)", size.pss / MIB, "MiB") for name, size in sizes.items()),
        Measurement("memory of the four together (PSS)", together, "MiB", at_most=230),
        Measurement("memory of supervisord (PSS)", supervisor, "MiB"),
        Measurement("memory of the four and supervisord (PSS)", together + supervisor, "MiB"),
        Measurement("resident memory of the four, shared pages counted for each", resident, "MiB"),
    ]
