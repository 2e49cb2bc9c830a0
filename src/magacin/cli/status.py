"""`magacin status`: how is every part, right now?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, print_lan, print_table, stack

if TYPE_CHECKING:
    from magacin.stack.status import PartStatus

app = typer.Typer()
UNHEALTHY, NOT_RUNNING = 1, 3


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of parts as JSON.")] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Probe every part that was started. Exit 0: all healthy; 1: something is not; 3: not running."""
    mine = stack(data_dir, Progress())
    statuses = mine.status()
    if as_json:
        print(json.dumps([as_dict(s) for s in statuses], indent=2))
    elif statuses:
        print_table(statuses)
        print_lan(mine)
    elif left := mine.leftovers():
        print(f"supervisord is gone, but these still run: {', '.join(left)}.")
        print("./magacin up takes over from there, ./magacin down stops them.")
    else:
        print(f"Nothing runs in {mine.data.path}. Start it: ./magacin up")
    if not statuses:
        raise typer.Exit(NOT_RUNNING)
    if not all(s.healthy for s in statuses):
        raise typer.Exit(UNHEALTHY)


def as_dict(status: PartStatus) -> dict[str, object]:
    """Return what `--json` prints of a part. `uptime` is in seconds, `lan` what phones open, or null."""
    return {
        "name": status.part.name,
        "group": status.part.group,
        "address": status.address,
        "pid": status.pid or None,
        "state": status.state,
        "health": "healthy" if status.healthy else "unhealthy",
        "detail": status.detail,
        "uptime": status.uptime,
        "lan": status.lan,
    }
