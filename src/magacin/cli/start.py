"""`magacin start`: bring back a part that was stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, stack

app = typer.Typer()


@app.command()
def start(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Parts, as `status` lists them.")],
    data_dir: DataDirOption = None,
) -> None:
    """Start single parts of a running stack, and wait until they are healthy."""
    with Progress() as progress:
        started = stack(data_dir, progress).start_parts(names)
    print(f"Started: {', '.join(started)}." if started else "All of that is running.")
