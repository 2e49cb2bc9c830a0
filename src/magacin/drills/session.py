"""A run of drills on one stack, from the first look at it to the receipt."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import aiohttp

from magacin.drills import arrangements, schedule
from magacin.drills.arrangements import WORKING_TIME, Machine
from magacin.drills.drill import STORES, Drill
from magacin.drills.engine import Run, Tell
from magacin.drills.faults import drills
from magacin.drills.files import MonitoringFiles
from magacin.drills.journal import Journal
from magacin.drills.observer import Observer
from magacin.drills.results import DrillResult
from magacin.drills.rig import Rig
from magacin.drills.scope import Scope
from magacin.drills.timing import Timing
from magacin.drills.waiting import uninterrupted
from magacin.stack import notifications
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import PARTS

_SCRAPED_SECONDS = 120.0


@dataclass(frozen=True)
class Wish:
    """What is to be drilled: alerts or drills by name, all of them when there is none."""

    names: Sequence[str] = ()
    speed: float = 1.0
    monitoring: Path | None = None
    not_production: bool = False
    patience: float = 45.0


@dataclass
class Report:
    """What came of a run."""

    run: str
    speed: float
    started_at: datetime
    ended_at: datetime | None = None
    results: list[DrillResult] = field(default_factory=list)
    timing: Timing | None = None
    interrupted: bool = False
    named: bool = False
    """Whether its drills were asked for by name, and not all there are."""

    @property
    def failed(self) -> bool:
        """Whether any stage of any drill failed, or the run did not come to its end."""
        return self.interrupted or any(result.verdict == "failed" for result in self.results)

    @property
    def skipped(self) -> bool:
        """Whether a drill that was asked for by name was not run, or none was."""
        skipped = [result.verdict == "skipped" for result in self.results]
        return any(skipped) if self.named else all(skipped)

    @property
    def verdict(self) -> Literal["ok", "failed", "skipped"]:
        """What came of it as a whole."""
        if self.failed:
            return "failed"
        return "skipped" if self.skipped else "ok"


def choose(names: Iterable[str]) -> list[type[Drill]]:
    """Return the drills of these alerts or by these names; raise StackError for a name that is neither."""
    known = drills()
    chosen: dict[str, type[Drill]] = {}
    for name in names:
        found = [drill for drill in known.values() if name == drill.name or name in drill.alerts()]
        if not found:
            raise StackError(f"there is no alert and no drill {name!r}.", "See them: ./magacin drill --list")
        chosen |= {drill.name: drill for drill in found}
    return list((chosen or known).values())


def check(stack: Stack, wish: Wish) -> None:
    """Raise StackError where drills must not run, or cannot."""
    known = stack.data.identity()
    if known is None:
        stack.site()
    elif known.production and not wish.not_production:
        raise StackError(
            "a drill breaks the stack, and people may depend on this one.",
            f"It is in {stack.data.path}, and was not started with --demo.",
            "If nobody depends on it, say so: --not-production",
        )
    if wish.speed <= 0:
        raise StackError("the speed must be greater than 0.", "1 is real time, 20 is twenty times as fast.")
    _require_running(stack)
    if stack.inbox_url() is None:
        raise StackError(
            "a drill cannot see what this stack sends to real people.",
            "Drill on a stack without notifications.yml, whose messages end in its inbox.",
        )
    _require_links(stack)


def _require_links(stack: Stack) -> None:
    """Raise StackError where links of messages lead to a console of other people's, with a login."""
    if (links := notifications.read(stack.data.notifications).settings.links) is not None:
        raise StackError(
            f"a drill opens the runbook that a message links to, and cannot open {links.console}.",
            "Drill on a stack without notifications.yml.",
        )


def _require_running(stack: Stack) -> None:
    """Raise StackError unless every part runs that a drill counts on: the stores, and what is scraped.

    A target that is down already is an alert already, and Prometheus would be waited for in vain.
    """
    processes = stack.supervisor.processes()
    if not processes:
        raise StackError(f"nothing runs in {stack.data.path}.", "Start it: ./magacin up --demo --detach")
    used = {name for name, process in processes.items() if process.used}
    scraped = {name for name, part in PARTS.items() if part.metrics is not None}
    # What only some stacks have is a target only where it was started.
    wanted = STORES | {name for name in scraped if name in used or not PARTS[name].own_target}
    if missing := [name for name in PARTS if name in wanted and not processes[name].alive]:
        again = f"start {' '.join(missing)}" if used.issuperset(missing) else "up --detach"
        raise StackError(f"these do not run: {', '.join(missing)}.", f"Start them: ./magacin {again}")


async def run(stack: Stack, wish: Wish, tell: Tell, doing: Callable[[str], None]) -> Report:
    """Run the drills that are wished for. Ends them and undoes everything on SIGINT and SIGTERM."""
    now = datetime.now(UTC)
    report = Report(now.strftime("%Y%m%dT%H%M%SZ"), wish.speed, now, named=bool(wish.names))
    work = asyncio.create_task(_run(stack, wish, report, tell, doing))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A second one does not disturb the undoing, which the first has begun.
        loop.add_signal_handler(number, _interrupt, work, report)
    with suppress(asyncio.CancelledError):
        await work
    report.ended_at = datetime.now(UTC)
    return report


def _interrupt(work: asyncio.Task[None], report: Report) -> None:
    if not report.interrupted:
        report.interrupted = True
        work.cancel()


async def _run(stack: Stack, wish: Wish, report: Report, tell: Tell, doing: Callable[[str], None]) -> None:
    chosen = choose(wish.names)
    possible = [drill for drill in chosen if not drill.impossible()]
    report.results += [_skipped(drill) for drill in chosen if drill not in possible]
    timeout = aiohttp.ClientTimeout(total=60, sock_connect=5)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        observer = Observer(stack.site(), session)
        files = MonitoringFiles(stack, wish.monitoring or stack.monitoring, wish.speed)
        rig = Rig(stack, observer, Journal(stack.data), files, report.run)
        async with AsyncExitStack() as exits:
            scope = Scope(rig, "")
            exits.push_async_callback(lambda: uninterrupted(_restore(rig, scope, doing)))
            await _arrange(rig, scope, possible, wish, exits, doing)
            report.timing = rig.timing
            await exits.enter_async_context(observer.looking(min(1.0, max(0.2, rig.timing.scrape / 3))))
            await arrangements.every_target_scraped(observer, _SCRAPED_SECONDS)
            await arrangements.forget_old_alerts(rig)
            rig.parts = rig.alive()
            doing(f"Running {len(possible)} drills")
            await schedule.run_all(
                possible, lambda drill, ease: _one(drill, rig, report, tell, ease), rig.claims
            )


async def _one(
    drill: type[Drill], rig: Rig, report: Report, tell: Tell, fault_is_over: Callable[[], None]
) -> None:
    one = Run(drill, rig, tell, fault_is_over)
    report.results.append(one.result)
    await one.run()


async def _arrange(
    rig: Rig,
    scope: Scope,
    chosen: Sequence[type[Drill]],
    wish: Wish,
    exits: AsyncExitStack,
    doing: Callable[[str], None],
) -> None:
    needs = frozenset(need for drill in chosen for need in drill.needs)
    if _runs(rig.stack, "demo"):
        doing("Sending the demo's people home")
        await rig.stop_part(scope, "demo")
    doing("Letting the drills' person in")
    await arrangements.add_person(rig, scope)
    doing(f"Putting the rules in place at speed {wish.speed:g}")
    scope.remember("remove", "remove the copy of the rules", path=str(rig.files.folder))
    scope.remember("monitoring", "put the usual rules and routes in place")
    if WORKING_TIME in needs:
        rig.files.add("working time", arrangements.always_working_time)
    # A Prometheus that is going to be started anew must not judge what it has scraped by the new rules.
    servers = ["prometheus", "alertmanager"] if wish.speed == 1 else ["alertmanager"]
    await rig.changing(rig.files.put, servers)
    rig.timing = Timing.read(rig.stack.data.etc, wish.speed, wish.patience)
    folder = rig.stack.data.drills / "proc"
    rig.machine = Machine(folder)
    if arrangements.DOCTORED_PROC in needs:
        scope.remember("remove", "remove the copy of /proc", path=str(folder))
        await exits.enter_async_context(rig.machine.running())
    doing("Starting some parts anew for the drills")
    await arrangements.alter_parts(rig, scope, needs)
    exits.push_async_callback(rig.database_proxy.stop)


async def _restore(rig: Rig, scope: Scope, doing: Callable[[str], None]) -> None:
    doing("Putting everything back as it was")
    problems = await scope.undo()
    if problems:
        raise StackError(
            "not everything could be put back.",
            *problems,
            "The next command on this stack tries again, whichever it is: ./magacin status",
        )


def _runs(stack: Stack, name: str) -> bool:
    process = stack.supervisor.processes().get(name)
    return process is not None and process.alive


def _skipped(drill: type[Drill]) -> DrillResult:
    title = (drill.__doc__ or "").strip().splitlines()[0]
    now = datetime.now(UTC)
    return DrillResult(drill.name, title, now, now, skipped=drill.impossible() or "")
