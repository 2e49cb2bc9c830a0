"""`magacin drill list`: what drills there are."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer


def show(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """Show the drills, and start none."""
    from magacin.drills.faults import drills

    found = sorted(drills().values(), key=lambda kind: (kind.alerts(), kind.name))
    if as_json:
        listed = [{"drill": kind.name, "alerts": kind.alerts(), "fault": kind.title()} for kind in found]
        print(json.dumps(listed, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("ALERT", "DRILL", "FAULT"):
        table.add_column(heading, overflow="fold")
    for kind in found:
        table.add_row("\n".join(kind.alerts()), kind.name, kind.title())
    Console(width=None if sys.stdout.isatty() else 80, highlight=False).print(table)
