"""`magacin drill run`: cause faults, and follow each alert to the person."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, Quiet, stack
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from magacin.drills.results import DrillResult, Report, Stage
    from magacin.drills.session import Wish
    from magacin.stack.lifecycle import Stack

# 2 is what a command line that cannot be understood ends with.
_SKIPPED = 3
_MARKS = {"ok": ("✓", "green"), "late": ("~", "yellow"), "failed": ("✗", "red"), "skipped": ("-", "dim")}


def run_drills(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="ALERT", help="Alerts or drills of `drill list`.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Drill every alert.")] = False,
    speed: Annotated[
        float,
        typer.Option(metavar="N", help="Divide every duration of rules, routes and intervals by N."),
    ] = 1.0,
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

    Exit status 1 when a stage failed; 3 when a drill asked for by name was skipped, or none was run. The
    receipt is in DATA/drills/TIME: receipt.json and receipt.html.
    """
    if not names and not every:
        raise StackError(
            "say which alerts: ./magacin drill run ServiceDown, or --all.",
            "See them: ./magacin drill list",
            "Or break nothing, and ask the real receivers for an answer: ./magacin drill live",
        )
    from magacin.drills import receipt
    from magacin.drills.session import Wish
    from magacin.stack.lifecycle import Stack

    with _Progress() as progress:
        # A stack's own progress is of no interest while drills start and stop its parts.
        mine = Stack(stack(data_dir, progress).data, Quiet())
        report = _run(mine, Wish(names or (), speed, monitoring, not_production, patience), progress)
    folder = receipt.write(report, mine.data.drills)
    if as_json:
        print((folder / receipt.JSON).read_text(encoding="utf-8"))
    else:
        _summary(report, folder)
    if status := 130 if report.interrupted else 1 if report.failed else _SKIPPED if report.skipped else 0:
        raise typer.Exit(status)


def _run(mine: Stack, wish: Wish, progress: _Progress) -> Report:
    from magacin.drills import session
    from magacin.drills.journal import exclusive

    session.choose(wish.names)
    session.check(mine, wish)
    with exclusive(mine.data):
        return asyncio.run(session.run(mine, wish, progress.tell, progress.doing))


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
