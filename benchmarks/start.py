"""How long it takes from `up` to all healthy, monitoring included: in a new folder, and in one that was used.

What a machine lacks is installed by a start before the one that is measured: that is a network's figure.
"""

from __future__ import annotations

import statistics
import time

from benchmarks.build import Build
from benchmarks.report import Measurement
from benchmarks.stack import BenchStack, new_stack

SECOND_STARTS = 3


def measure(build: Build) -> list[Measurement]:
    """Measure the whole stack, nothing else running."""
    with new_stack(build) as stack:
        _seconds(stack)
    with new_stack(build) as stack:
        first = _seconds(stack)
        again = [_seconds(stack) for _ in range(SECOND_STARTS)]
    return [
        Measurement("first start in a new folder, all installed", first, "s"),
        Measurement("second start, median", statistics.median(again), "s", at_most=20),
        Measurement("second start, slowest", max(again), "s"),
    ]


def _seconds(stack: BenchStack) -> float:
    begun = time.monotonic()
    stack.up()
    seconds = time.monotonic() - begun
    stack.down()
    return seconds
