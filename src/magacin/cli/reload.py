"""`magacin reload`: let the running monitoring read its configuration again."""

from __future__ import annotations

import typer

from magacin.cli._common import DataDirOption, Progress, stack

app = typer.Typer()


@app.command()
def reload(data_dir: DataDirOption = None) -> None:
    """Check rules, routes, templates and notifications.yml, and have the running monitoring read them.

    On an error nothing changes: the monitoring goes on with what it has.
    """
    with Progress() as progress:
        reloaded = stack(data_dir, progress).reload()
    print(f"{' and '.join(reloaded)} read the configuration again.")
