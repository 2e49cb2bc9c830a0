"""A run of drills on one stack, from the first look at it to the receipt."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from magacin.drills import arrangements, schedule
from magacin.drills.arrangements import DOCTORED_PROC
from magacin.drills.changes import Changes
from magacin.drills.claims import Claims
from magacin.drills.drill import STORES, Drill
from magacin.drills.engine import Run, Tell
from magacin.drills.faults import drills, seconds
from magacin.drills.files import MonitoringFiles
from magacin.drills.machine import Machine
from magacin.drills.observer import Observer
from magacin.drills.proxy import Proxy
from magacin.drills.results import DrillResult, Report
from magacin.drills.rig import Rig
from magacin.drills.scope import Scope
from magacin.drills.timing import Timing
from magacin.drills.waiting import uninterrupted
from magacin.stack import clients, notifications
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


def choose(names: Iterable[str]) -> list[type[Drill]]:
    """Return the drills of these alerts or by these names; raise StackError for a name that is neither."""
    known = drills()
    chosen: dict[str, type[Drill]] = {}
    for name in names:
        found = [drill for drill in known.values() if name == drill.name or name in drill.alerts()]
        if not found:
            raise StackError(f"there is no alert and no drill {name!r}.", "See them: ./magacin drill list")
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
    work = asyncio.create_task(_Session(stack, wish, report, tell, doing).run())
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


@dataclass(frozen=True)
class _Session:
    """What a run of drills is about."""

    stack: Stack
    wish: Wish
    report: Report
    tell: Tell
    doing: Callable[[str], None]

    async def run(self) -> None:
        """Set up what the drills need, run them, and put all back as it was."""
        chosen = choose(self.wish.names)
        why_not = {drill: drill.impossible() or drill.unfit(self.stack.data) for drill in chosen}
        possible = [drill for drill in chosen if not why_not[drill]]
        self.report.results += [_skipped(drill, why) for drill, why in why_not.items() if why]
        source = self.wish.monitoring or self.stack.monitoring
        files = MonitoringFiles(self.stack, source, self.wish.speed, seconds())
        scope = Scope(Changes(self.stack, files), "")
        async with AsyncExitStack() as exits:
            session = await exits.enter_async_context(clients.http_session(total=60, site=self.stack.site()))
            exits.push_async_callback(lambda: uninterrupted(self._restore(scope)))
            needs = frozenset(need for drill in possible for need in drill.needs)
            rig = await self._arrange(scope, Observer(self.stack.site(), session), needs, exits)
            self.report.timing = rig.timing
            await exits.enter_async_context(rig.observer.looking(min(1.0, max(0.2, rig.timing.scrape / 3))))
            await arrangements.every_target_scraped(rig.observer, _SCRAPED_SECONDS)
            await arrangements.forget_old_alerts(rig)
            self.doing(f"Running {len(possible)} drills")
            await self._run_all(possible, rig, scope.changes)

    async def _arrange(
        self, scope: Scope, observer: Observer, needs: frozenset[str], exits: AsyncExitStack
    ) -> Rig:
        stack, site, prefix = self.stack, self.stack.site(), f"DRILL-{self.report.run}-"
        if "demo" in self._alive():
            self.doing("Sending the demo's people home")
            await scope.stop_part("demo")
        self.doing("Letting the drills' person in")
        person = await arrangements.add_person(scope, observer, site, prefix)
        self.doing(f"Putting the rules in place at speed {self.wish.speed:g}")
        await arrangements.put_rules(scope, needs, self.wish.speed)
        timing = Timing.read(stack.data.etc, self.wish.speed, self.wish.patience)
        machine, proxy = Machine(stack.data.drills / "proc"), Proxy(site.port("postgres"))
        if DOCTORED_PROC in needs:
            scope.remember("remove", "remove the copy of /proc", path=str(machine.folder))
            await exits.enter_async_context(machine.running())
        rig = Rig(stack, site, observer, person, timing, machine, proxy, prefix)
        self.doing("Starting some parts anew for the drills")
        await arrangements.alter_parts(rig, scope, needs)
        exits.push_async_callback(proxy.stop)
        return rig

    async def _run_all(self, possible: Sequence[type[Drill]], rig: Rig, changes: Changes) -> None:
        claims = Claims(self._alive())

        async def run(kind: type[Drill], fault_is_over: Callable[[], None]) -> None:
            one = Run(kind(rig, Scope(changes, kind.name)), claims, self.tell, fault_is_over)
            self.report.results.append(one.result)
            await one.run()

        await schedule.run_all(possible, run, claims)

    def _alive(self) -> set[str]:
        processes = self.stack.supervisor.processes()
        return {name for name in PARTS if name in processes and processes[name].alive}

    async def _restore(self, scope: Scope) -> None:
        self.doing("Putting everything back as it was")
        if problems := await scope.undo():
            raise StackError(
                "not everything could be put back.",
                *problems,
                "The next command on this stack tries again, whichever it is: ./magacin status",
            )


def _skipped(drill: type[Drill], why: str) -> DrillResult:
    now = datetime.now(UTC)
    return DrillResult(drill.name, drill.title(), now, now, skipped=why)
