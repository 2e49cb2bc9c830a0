"""`magacin down`: stop everything."""

from __future__ import annotations

import signal

import typer

from magacin.cli._common import DataDirOption, Progress, stack

app = typer.Typer()


@app.command()
def down(data_dir: DataDirOption = None) -> None:
    """Stop everything, in order: the gateway first, the database last. Data is kept."""
    # Half stopped is the one state that nobody wants; what takes long is killed in the end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Progress() as progress:
        mine = stack(data_dir, progress)
        stopped = mine.down()
    print("Stopped." if stopped else f"Nothing runs in {mine.data.path}.")
