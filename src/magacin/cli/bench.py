"""`magacin bench`: measure the running system against its targets, or against another commit."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from magacin.stack.paths import ROOT

app = typer.Typer()


@app.command()
def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="start, memory, scans, batches, callbacks, release, events, imports, worker, console: "
            "all by default; million, growth, soak"
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="REF", help="Measure this commit as well, and say the ratios.")
    ] = None,
    turns: Annotated[
        int, typer.Option(min=1, metavar="N", help="How often each build is measured, with --against.")
    ] = 3,
) -> None:
    """Measure starts, scans, events, imports, memory and the console, on stacks of its own, against targets.

    batches is of scans that come 500 at a time, callbacks of how long large bodies keep an event loop,
    release of scans while a file's orders become tasks, worker of the workers' application on a slow phone,
    million of an import of a million rows, growth of costs beside ever more data, and soak of half an hour
    in which everything happens at once.

    Exit status 1 when a target is missed. It takes about eight minutes and both cores: run nothing else. The
    console and the workers' application need Debian's chromium besides: ./magacin test has installed it.

    With --against, another commit is built beside this one (in .magacin-bench, where it stays for the next
    time), and both are measured in turn. What counts then are the ratios of this build to the other.
    """
    compared = ["--against", against, "--turns", str(turns)] if against else []
    command = [sys.executable, "-m", "benchmarks", *compared, *(names or [])]
    raise typer.Exit(subprocess.run(command, cwd=ROOT).returncode)
