"""`magacin stop`: take a part away, as a fault would."""

from __future__ import annotations

from typing import Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, stack

app = typer.Typer()


@app.command()
def stop(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Parts, as `status` lists them.")],
    data_dir: DataDirOption = None,
) -> None:
    """Stop single parts, until `magacin start NAME` or `magacin up`. Alerts will speak of it."""
    with Progress() as progress:
        stopped = stack(data_dir, progress).stop_parts(names)
    print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing of that was running.")
