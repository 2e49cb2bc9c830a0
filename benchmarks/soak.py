"""Half an hour of everything at once, with drills in it: what grows that should not, do the books balance.

The drills come first, and the half hour counts from their end; `MAGACIN_SOAK_MINUTES` makes it longer or
shorter. Growth is what the parts have more in the last fifth of it than in the first.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from benchmarks import mixed
from benchmarks.build import Build
from benchmarks.memory import MIB, SERVICES
from benchmarks.report import Measurement
from benchmarks.stack import BenchStack, new_stack

# One of each kind: connections that break, services that are killed, stores that end. Each by itself: many
# scans that fail are an alert of their own, which keeps others back.
DRILLS = ("sockets-cut", "service-killed", "gateway-killed", "redis-stopped", "postgres-stopped")
DRILL_SPEED = 10
_MINUTES = 30.0
_EVERY = 10.0
# What was broken is forgotten after so long: pools shrink, and caches are full again.
_SETTLE = 60.0
_WATCHED = (*SERVICES, "inbox", "console", "postgres", "redis", "alertmanager", "prometheus")


@dataclass(frozen=True)
class Sample:
    """What a part had at a moment: with all processes below it."""

    pid: int
    memory: float
    """Proportional set size, MiB."""
    handles: int
    """Open file descriptors."""
    connections: int
    """TCP sockets that are connected."""


@dataclass
class Samples:
    """What the parts of a stack had, again and again."""

    stack: BenchStack
    parts: dict[str, list[Sample]] = field(default_factory=dict)

    def take(self) -> None:
        """Look at all parts once."""
        for part in self.stack.status():
            if part["name"] in _WATCHED and part["pid"] and (sample := _look(part["pid"])):
                self.parts.setdefault(part["name"], []).append(sample)

    async def go_on(self, until: float) -> None:
        """Look every ten seconds until then, by `time.monotonic`."""
        while time.monotonic() < until:
            await asyncio.to_thread(self.take)
            await asyncio.sleep(_EVERY)

    def growth(self, name: str, what: str) -> tuple[float, float]:
        """Return what a part had, by the medians of the first and the last fifth of what was seen of it."""
        seen = self.parts[name]
        seen = [sample for sample in seen if sample.pid == seen[-1].pid]
        fifth = max(1, len(seen) // 5)
        first, last = (
            statistics.median(getattr(one, what) for one in some) for some in (seen[:fifth], seen[-fifth:])
        )
        return first, last


def _look(pid: int) -> Sample | None:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    memory = handles = connections = 0
    for one in family:
        try:
            memory += one.memory_full_info().pss
            handles += one.num_fds()
            connections += sum(socket.status == "ESTABLISHED" for socket in one.net_connections("tcp"))
        except psutil.Error:
            continue  # it ended just now
    return Sample(pid, memory / MIB, handles, connections)


def measure(build: Build) -> list[Measurement]:
    """Start everything, have it work and be broken, and say what grew."""
    minutes = float(os.environ.get("MAGACIN_SOAK_MINUTES", _MINUTES))
    with new_stack(build) as stack:
        stack.up()
        found = asyncio.run(soak(stack, minutes * 60, DRILLS))
        doctor = build.magacin("doctor", "--data-dir", str(stack.data_dir), check=False)
        return [
            *found,
            Measurement("broken in the end, by the doctor", doctor.returncode == 1, "", at_most=0),
        ]


async def soak(stack: BenchStack, seconds: float, drills: Sequence[str]) -> list[Measurement]:
    """Have a stack at work, cause the faults of some drills, and watch for so long what grows after them."""
    samples = Samples(stack)
    async with mixed.at_work(stack.site) as work:
        told = sum([await drill(stack, name) for name in drills])
        work.doors.set()
        await asyncio.sleep(_SETTLE)
        await samples.go_on(time.monotonic() + seconds)
    for what in work.wrong:
        print(what)
    answers = work.statuses
    return [
        Measurement("pieces that were acknowledged", sum(work.picked.values()), ""),
        Measurement("orders that were imported", work.orders, ""),
        Measurement("events at screens", work.events, ""),
        Measurement("looks at a dashboard", work.queries, ""),
        Measurement("answers", answers.total(), ""),
        Measurement(f"drills that reached everybody, of {len(drills)}", told, "", at_least=len(drills)),
        Measurement("what does not balance", len(work.wrong), "", at_most=0),
        *growth(samples),
    ]


async def drill(stack: BenchStack, name: str) -> bool:
    """Run a drill on a stack at speed; return whether everybody was told of everything."""
    options = ["--speed", str(DRILL_SPEED), "--not-production", "--data-dir", str(stack.data_dir)]
    command = [*stack.build.command, "drill", "run", name, *options]
    process = await asyncio.create_subprocess_exec(*command, cwd=stack.build.root, stdout=subprocess.DEVNULL)
    return await process.wait() == 0


def growth(samples: Samples) -> list[Measurement]:
    """Return how much more each part has at the end. What serves people may not grow; a store may fill."""
    found = []
    for name, what in itertools.product(samples.parts, ("memory", "handles", "connections")):
        first, last = samples.growth(name, what)
        unit = "MiB" if what == "memory" else ""
        # Screens come and go, and a few of each are under way at any moment.
        most = 0.05 * first + 2 if what == "memory" else 5
        limit = most if name in (*SERVICES, "inbox", "console") else None
        found += [
            Measurement(f"{what} of {name}, after the drills", first, unit),
            Measurement(f"{what} of {name}, growth since", last - first, unit, at_most=limit),
        ]
    return found
