"""`magacin logs`: what a part has said."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from magacin.cli._common import DataDirOption, data_dir
from magacin.stack import parts
from magacin.stack.errors import StackError

app = typer.Typer()


@app.command()
def logs(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"{', '.join(parts.PARTS)}, or supervisord.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=0, help="How many lines to show.")
    ] = 50,
    data_dir_option: DataDirOption = None,
) -> None:
    """Show the log of a part."""
    if name != "supervisord":
        parts.get(name)
    file = data_dir(data_dir_option).log(name)
    if not file.exists():
        raise StackError(f"{name} has no log in {file.parent}: it was never started there.")
    sys.stdout.flush()
    # tail follows a file by its name, through rotation, and reads a big one from its end.
    following = ["--follow=name", "--retry"] if follow else []
    os.execvp("tail", ["tail", f"--lines={lines}", *following, str(file)])  # noqa: S606  becoming tail is the point
