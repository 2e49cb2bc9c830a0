"""`magacin drill`: break something on purpose, and see that the alert reaches a person."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, stack
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from magacin.drills.results import DrillResult, Stage
    from magacin.drills.session import Report

app = typer.Typer()
_MARKS = {"ok": ("✓", "green"), "late": ("~", "yellow"), "failed": ("✗", "red"), "skipped": ("-", "dim")}


@app.command()
def drill(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ALERT …]", help="Alerts, or drills as --list has them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Drill every alert.")] = False,
    speed: Annotated[
        float,
        typer.Option(metavar="N", help="Divide every duration of rules, routes and intervals by N."),
    ] = 1.0,
    listed: Annotated[bool, typer.Option("--list", help="Show the drills, and start none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
    not_production: Annotated[
        bool, typer.Option("--not-production", help="Say that nobody depends on this stack.")
    ] = False,
    monitoring: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Drill the rules and routes of DIR instead of monitoring/."),
    ] = None,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", help="Wait so long for a stage, beyond three times its floor.")
    ] = 45.0,
    data_dir: DataDirOption = None,
) -> None:
    """Cause real faults on the running stack, follow each alert to the person, and undo everything.

    Exit status 1 when a stage failed. The receipt is in DATA/drills/TIME: receipt.json and receipt.html.
    """
    if listed:
        _list(as_json=as_json)
        return
    if not names and not every:
        raise StackError("say which alerts: ./magacin drill ServiceDown, or --all.", "See them: --list")
    from magacin.drills import receipt, session
    from magacin.drills.journal import exclusive

    progress = _Progress()
    mine = stack(data_dir, progress)
    mine.report = _Silent()
    wish = session.Wish(names or (), speed, monitoring, not_production, patience)
    session.choose(wish.names)
    session.check(mine, wish)
    try:
        with exclusive(mine.data):
            report = asyncio.run(session.run(mine, wish, progress.tell, progress.doing))
            folder = receipt.write(report, mine.data.drills)
    finally:
        progress.close()
    if as_json:
        print((folder / receipt.JSON).read_text(encoding="utf-8"))
    else:
        _summary(report, folder)
    if report.interrupted:
        raise typer.Exit(130)
    if report.failed:
        raise typer.Exit(1)


def _list(*, as_json: bool) -> None:
    from magacin.drills.faults import drills

    found = sorted(drills().values(), key=lambda kind: (kind.alerts(), kind.name))
    if as_json:
        print(
            json.dumps(
                [{"drill": kind.name, "alerts": kind.alerts(), "fault": _title(kind)} for kind in found],
                indent=2,
            )
        )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("ALERT", "DRILL", "FAULT"):
        table.add_column(heading, overflow="fold")
    for kind in found:
        table.add_row("\n".join(kind.alerts()), kind.name, _title(kind))
    Console(width=None if sys.stdout.isatty() else 110, highlight=False).print(table)


def _title(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


class _Silent:
    """A stack's own progress is of no interest while drills start and stop its parts."""

    def doing(self, text: str) -> None:
        """Show nothing."""

    def percent(self, percent: int, text: str) -> None:
        """Show nothing."""

    def done(self, text: str) -> None:
        """Show nothing."""


class _Progress(Progress):
    """A line for each stage: how long it took, and the least that it can take."""

    def tell(self, result: DrillResult, alert: str, stage: Stage) -> None:
        """Show a stage."""
        mark, color = _MARKS[stage.verdict]
        floor = f" (floor {stage.floor:.1f})" if stage.floor is not None else ""
        line = f"{alert or result.drill}: {stage.name} {stage.seconds:.1f} s{floor}"
        if stage.verdict == "failed":
            line += f" — {stage.seen}"
        self.line(mark, color, line)


def _summary(report: Report, folder: Path) -> None:
    print()
    for result in sorted(report.results, key=lambda one: one.drill):
        mark, _ = _MARKS[result.verdict]
        alerts = ", ".join(dict.fromkeys(proof.alert for proof in result.proofs))
        print(f"{mark} {result.drill:<22} {result.skipped or alerts}")
        for alert, stage in result.failures:
            print(f"    {alert or 'the fault'}: {stage.name} failed: {stage.seen}")
    took = (report.ended_at - report.started_at).total_seconds() if report.ended_at else 0
    failed = sum(result.verdict == "failed" for result in report.results)
    print(f"\n{len(report.results)} drills, {failed} failed, {took:.0f} s. Receipt: {folder}/receipt.html")
