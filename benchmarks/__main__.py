"""Runs the benchmarks that are asked for, all of them by default."""

from __future__ import annotations

import importlib
import sys
from contextlib import nullcontext

from rich.console import Console

from benchmarks import start
from benchmarks.report import save, show
from benchmarks.stack import running_stack

# First what starts stacks of its own, while none runs. Then memory: it is to be idle. Last the one that needs
# nothing of the application.
ON_A_STACK = ("memory", "scans", "events", "imports")
BENCHMARKS = ("start", *ON_A_STACK, "console")


def main(names: list[str]) -> int:
    """Run the benchmarks and return 0 when every target is met, else 1."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    console = Console()
    measurements = []
    chosen = names or BENCHMARKS
    needs_stack = bool(set(chosen) & set(ON_A_STACK))
    if "start" in chosen:
        with console.status("measuring: start"):
            measurements += start.measure()
    with running_stack() if needs_stack else nullcontext() as stack:
        for name in (name for name in chosen if name != "start"):
            with console.status(f"measuring: {name}"):
                measurements += importlib.import_module(f"benchmarks.{name}").measure(stack)
    show(measurements, console)
    console.print(f"Saved as {save(measurements)}")
    return 0 if all(item.met is not False for item in measurements) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
