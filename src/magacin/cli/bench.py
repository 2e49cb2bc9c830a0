"""`magacin bench`: measure the running system against its targets."""

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
        typer.Argument(help="start, memory, scans, events, imports, console; all of them by default."),
    ] = None,
) -> None:
    """Measure starts, scans, events, imports, memory and the console, on stacks of its own, against targets.

    Exit status 1 when a target is missed. It takes about eight minutes and both cores: run nothing else. The
    console needs what the tests need besides: ./magacin test has installed it.
    """
    raise typer.Exit(
        subprocess.run([sys.executable, "-m", "benchmarks", *(names or [])], cwd=ROOT).returncode
    )
