"""`magacin drill history`: the live drills, and who answered them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, duration

if TYPE_CHECKING:
    from magacin.contracts.live_drills import LiveDrill

_SHOWN = 50


def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print the history as JSON.")] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Show the live drills: who answered each, and how fast."""
    from magacin.cli.drill._record import with_record

    drills = with_record(data_dir, lambda record: record.history(_SHOWN))
    if as_json:
        print(json.dumps([_as_dict(one) for one in drills], indent=2))
    elif drills:
        _print_table(drills)
    else:
        print("There was no live drill yet. Send one: ./magacin drill live")


def _as_dict(one: LiveDrill) -> dict[str, object]:
    return one.model_dump(mode="json") | {"answered_after_seconds": one.answered_after}


def _print_table(drills: list[LiveDrill]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("SENT (UTC)", "ALERT", "SEVERITY", "ANSWERED BY", "AFTER"):
        table.add_column(heading, overflow="fold")
    for one in drills:
        by = escape(one.acknowledged_by) if one.acknowledged_by else _unanswered(one)
        after = duration(round(one.answered_after)) if one.answered_after is not None else ""
        table.add_row(f"{one.sent_at:%Y-%m-%d %H:%M}", one.alert, one.severity.value, by, after)
    Console(width=80, highlight=False).print(table)


def _unanswered(one: LiveDrill) -> str:
    return "[red]not sent[/red]" if one.failed else "[yellow]nobody[/yellow]"
