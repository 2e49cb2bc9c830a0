"""Runs the benchmarks that are asked for, all but the long ones by default."""

from __future__ import annotations

import argparse
import importlib
import sys
from contextlib import nullcontext
from dataclasses import asdict

from rich.console import Console

from benchmarks import against
from benchmarks.build import HERE, Build, of_commit
from benchmarks.report import Measurement, save, show
from benchmarks.stack import running_stack

# First what starts stacks of its own, while none runs. Then memory: it is to be idle. Last the one that needs
# nothing of the application.
ON_A_STACK = (
    "memory", "scans", "paced", "one_hop", "batches", "callbacks", "release", "events", "sockets", "imports",
    "worker", "desk", "million",
)  # fmt: skip
BENCHMARKS = ("start", *ON_A_STACK, "console", "growth", "soak")
# Long, and so only when it is asked for.
NOT_BY_DEFAULT = frozenset({"growth", "million", "soak"})
# Of what commits of before do not have, or of this build alone, or against something else than them.
NOT_COMPARED = frozenset({"batches", "callbacks", "desk", "growth", "one_hop", "soak", "sockets", "worker"})


def main(arguments: list[str]) -> int:
    """Run the benchmarks; return 0, or 1 when a target is missed. A comparison has no targets."""
    options = _parser().parse_args(arguments)
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    alone = sorted(NOT_COMPARED.intersection(options.names)) if options.against else []
    if alone:
        print(f"{', '.join(alone)}: commits of before do not have what this measures. Leave --against out.")
        return 2
    console = Console()
    wanted = set(options.names) or set(BENCHMARKS) - NOT_BY_DEFAULT
    wanted -= NOT_COMPARED if options.against else set()
    chosen = [name for name in BENCHMARKS if name in wanted]
    if options.against:
        return _compare(options.against, chosen, options.turns, console)
    measurements = measure(HERE, chosen, console)
    show(measurements, console)
    content = [asdict(item) | {"met": item.met} for item in measurements]
    console.print(f"Saved as {save({'measurements': content})}")
    return 0 if all(item.met is not False for item in measurements) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="magacin bench")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--against", metavar="REF")
    parser.add_argument("--turns", type=int, default=3)
    return parser


def _compare(ref: str, chosen: list[str], turns: int, console: Console) -> int:
    other = of_commit(ref)
    comparisons = against.compare(other, lambda build: measure(build, chosen, console), turns)
    against.show(comparisons, other, console)
    content = [asdict(item) | {"ratios": item.ratios} for item in comparisons]
    console.print(f"Saved as {save({'against': ref, 'comparisons': content})}")
    return 0


def measure(build: Build, chosen: list[str], console: Console) -> list[Measurement]:
    """Run some benchmarks on a build, in their order; those that need a stack share one."""
    measurements: list[Measurement] = []
    needs_stack = any(name in ON_A_STACK for name in chosen)
    if "start" in chosen:
        measurements += _measured("start", build, build, console)
    with running_stack(build) if needs_stack else nullcontext() as stack:
        for name in (name for name in chosen if name != "start"):
            measurements += _measured(name, build, stack if name in ON_A_STACK else build, console)
    return measurements


def _measured(name: str, build: Build, on: object, console: Console) -> list[Measurement]:
    with console.status(f"measuring {build.name}: {name}"):
        found: list[Measurement] = importlib.import_module(f"benchmarks.{name}").measure(on)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
