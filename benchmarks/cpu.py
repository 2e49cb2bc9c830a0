"""Processor time of the parts of a stack, while something is done with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

from benchmarks.report import Measurement
from benchmarks.stack import BenchStack


@contextmanager
def spent(stack: BenchStack) -> Iterator[dict[str, float]]:
    """Yield a mapping that holds, after the block, the processor seconds that each part spent in it.

    A part is its process with all below it, as PostgreSQL's are; those that ended meanwhile count as well.
    """
    spent_by: dict[str, float] = {}
    parts = {part["name"]: psutil.Process(part["pid"]) for part in stack.status() if part["pid"]}
    before = {name: seconds(process) for name, process in parts.items()}
    yield spent_by
    spent_by.update({name: seconds(process) - before[name] for name, process in parts.items()})


def measurements(spent_by: dict[str, float], times: int, what: str) -> list[Measurement]:
    """Return what each part, and all together, spent on one of several equal things, in milliseconds."""
    each = {name: 1000 * value / times for name, value in spent_by.items()}
    together = {"all parts": sum(each.values())}
    return [
        Measurement(f"processor time of {name}, {what}", ms, "ms") for name, ms in (each | together).items()
    ]


def medians(runs: Sequence[Sequence[Measurement]]) -> list[Measurement]:
    """Return of several runs with the same figures the median of each."""
    middle = len(runs) // 2
    return [sorted(same, key=lambda item: item.value)[middle] for same in zip(*runs, strict=True)]


def seconds(process: psutil.Process) -> float:
    """Return the processor time of a process and all below it, those that ended among them."""
    whole = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it ended just now, and its parent has its time
        whole += times.user + times.system + times.children_user + times.children_system
    return whole
