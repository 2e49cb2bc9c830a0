"""`magacin drill`: break something on purpose, and see that the alert reaches a person."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, stack
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from magacin.drills.results import DrillResult, Report, Stage

app = typer.Typer()
# 2 is what a command line that cannot be understood ends with.
_SKIPPED = 3
_MARKS = {"ok": ("✓", "green"), "late": ("~", "yellow"), "failed": ("✗", "red"), "skipped": ("-", "dim")}


class Severity(StrEnum):
    """What `--severity` takes."""

    CRITICAL = "critical"
    WARNING = "warning"


@app.command()
def drill(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ALERT …|history]",
            help="Alerts or drills of --list; or `history`, of live ones.",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Drill every alert.")] = False,
    speed: Annotated[
        float,
        typer.Option(metavar="N", help="Divide every duration of rules, routes and intervals by N."),
    ] = 1.0,
    listed: Annotated[bool, typer.Option("--list", help="Show the drills, and start none.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the receipt, the list or the history as JSON.")
    ] = False,
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
    live: Annotated[
        bool,
        typer.Option("--live", help="Break nothing: send an alert marked as a drill to real people."),
    ] = False,
    severity: Annotated[
        Severity | None,
        typer.Option(help="Of a live drill without an ALERT. [default: critical]", show_default=False),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where those who get a live drill reach the gateway."
            " [default: drill.base_url of notifications.yml]",
            show_default=False,
        ),
    ] = None,
    valid_days: Annotated[
        float,
        typer.Option(metavar="DAYS", min=0.01, max=90, help="How long a live drill's link counts."),
    ] = 7,
    data_dir: DataDirOption = None,
) -> None:
    """Cause real faults on the running stack, follow each alert to the person, and undo everything.

    Exit status 1 when a stage failed; 3 when a drill asked for by name was skipped, or none was run. The
    receipt is in DATA/drills/TIME: receipt.json and receipt.html.

    With --live nothing is broken, so it is allowed in production: an alert that says it is a drill takes the
    real way to the real receivers, and whoever gets it opens the link in it. `drill history` shows who did.
    """
    if listed:
        _list(as_json=as_json)
        return
    if live or names == ["history"]:
        _with_people(names or [], severity, base_url, valid_days, as_json=as_json, data_dir=data_dir)
        return
    if not names and not every:
        raise StackError(
            "say which alerts: ./magacin drill ServiceDown, or --all.",
            "See them: --list",
            "Or break nothing, and ask the real receivers for an answer: --live",
        )
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
    if report.skipped:
        raise typer.Exit(_SKIPPED)


def _with_people(
    names: list[str],
    severity: Severity | None,
    base_url: str | None,
    valid_days: float,
    *,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    from magacin.cli import _drill_live

    if names == ["history"]:
        _drill_live.show_history(as_json, data_dir)
    elif len(names) > 1:
        raise StackError("a live drill is of one alert.", "./magacin drill --live ServiceDown")
    else:
        alert = names[0] if names else None
        _drill_live.send_live(alert, severity.value if severity else None, base_url, valid_days, data_dir)


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
    Console(width=None if sys.stdout.isatty() else 80, highlight=False).print(table)


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
        said = f"skipped: {result.skipped}" if result.skipped else alerts
        print(f"{mark} {result.drill:<22} {said}")
        for alert, stage in result.failures:
            print(f"    {alert or 'the fault'}: {stage.name} failed: {stage.seen}")
    took = (report.ended_at - report.started_at).total_seconds() if report.ended_at else 0
    failed = sum(result.verdict == "failed" for result in report.results)
    skipped = sum(result.verdict == "skipped" for result in report.results)
    also = f", {skipped} skipped" if skipped else ""
    count = f"{len(report.results)} drills, {failed} failed{also}"
    print(f"\n{count}, {took:.0f} s. Receipt: {folder}/receipt.html")
