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
        list[str] | None, typer.Argument(help="memory, scans, events, imports; all of them by default.")
    ] = None,
) -> None:
    """Measure scans, events, imports and memory on a stack of its own, and compare with the targets.

    Exit status 1 when a target is missed. It takes about four minutes and both cores: run nothing else.
    """
    raise typer.Exit(
        subprocess.run([sys.executable, "-m", "benchmarks", *(names or [])], cwd=ROOT).returncode
    )
