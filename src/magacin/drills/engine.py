"""Runs one drill: causes the fault, follows its alerts, undoes it, and looks whether all is whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from magacin.drills.claims import Claims
from magacin.drills.drill import Drill
from magacin.drills.following import Follower, StageFailed
from magacin.drills.observer import GONE
from magacin.drills.people import Unanswered
from magacin.drills.results import DrillResult, ProofResult, Stage, Verdict
from magacin.drills.suppression import probe
from magacin.drills.waiting import meanwhile, uninterrupted
from magacin.drills.watchdog import follow
from magacin.stack import probes
from magacin.stack.errors import StackError
from magacin.stack.parts import PARTS

Tell = Callable[[DrillResult, str, Stage], None]
_WHOLE_SECONDS = 60.0
# What may go wrong in a drill's own work without being a mistake in it.
_EXPECTED = (StackError, Unanswered, *GONE)


class Run:
    """One drill, run once."""

    def __init__(self, drill: Drill, claims: Claims, tell: Tell, fault_is_over: Callable[[], None]) -> None:
        self.result = DrillResult(drill.name, drill.title(), datetime.now(UTC))
        self._drill = drill
        self._rig = drill.rig
        self._scope = drill.scope
        self._claims = claims
        self._tell = tell
        self._fault_is_over = fault_is_over
        observer, timing = drill.rig.observer, drill.timing
        self._followers = [follow(observer, timing, proof, self._note_proof) for proof in drill.proves]
        self.result.proofs = [follower.result for follower in self._followers]

    async def run(self) -> DrillResult:
        """Run it to its end. What was broken is undone also when this is cancelled."""
        try:
            if await self._step("prepared", self._prepare()):
                await self._break_and_follow()
        except asyncio.CancelledError:
            self._note("interrupted", ["it was ended before it was through"], self.result.started_at, "")
            raise
        finally:
            await uninterrupted(self._clean_up())
        self.result.ended_at = datetime.now(UTC)
        return self.result

    async def _prepare(self) -> None:
        await self._drill.prepare()
        # On a machine that has other things to do, the alert may be about already: it ends the same way.
        async with meanwhile(self._resolve_what_is_about()):
            await asyncio.gather(*(follower.quiet() for follower in self._followers))

    async def _resolve_what_is_about(self) -> None:
        if any(follower.is_about() for follower in self._followers):
            await self._drill.resolve()

    async def _break_and_follow(self) -> None:
        try:
            caused = await self._step("fault caused", self._cause())
            if caused:
                await self._follow()
        finally:
            await uninterrupted(self._end_fault())
        if not caused:
            return
        self._fault_is_over()
        async with meanwhile(self._drill.resolve()):
            try:
                await self._each(self._over)
            finally:
                await self._stop_scanners()
        await self._look_whether_whole()

    async def _cause(self) -> None:
        await self._drill.cause()
        self.result.fault_at = datetime.now(UTC)
        for follower in self._followers:
            follower.fault_is_there()

    async def _follow(self) -> None:
        if self._drill.ends_when_firing:
            await self._each(lambda follower: follower.until_firing())
            await self._end_fault()
            await self._each(lambda follower: follower.until_told(self.result.undone_at))
            return
        await self._each(self._all_the_way)

    async def _all_the_way(self, follower: Follower) -> None:
        await follower.until_firing()
        await follower.until_told()
        if follower.result.severity == "critical":
            about = follower.result
            stage = await probe(
                self._rig.observer, self._rig.timing, self.result.drill, about.alert, about.service
            )
            follower.result.stages.append(stage)
            self._note_proof(follower.result, stage)

    async def _over(self, follower: Follower) -> None:
        if self.result.undone_at is not None:
            await follower.until_over(self.result.undone_at)

    async def _each(self, step: Callable[[Follower], Coroutine[Any, Any, None]]) -> None:
        """Do a step for each alert that has come so far; one that fails keeps none of the others from it."""

        async def guarded(follower: Follower) -> None:
            try:
                await step(follower)
            except StageFailed:
                return

        await asyncio.gather(*(guarded(f) for f in self._followers if not f.lost))

    async def _end_fault(self) -> None:
        """End the fault, once."""
        if self.result.undone_at is not None:
            return
        problems = await self._collect(self._drill.end())
        problems += await self._scope.undo()
        self.result.undone_at = datetime.now(UTC)
        anchor = self.result.fault_at or self.result.started_at
        self._note("fault undone", problems, anchor, "as before")

    async def _look_whether_whole(self) -> None:
        since = datetime.now(UTC)
        problems: list[str] = []
        deadline = time.monotonic() + _WHOLE_SECONDS
        while problems := await self._unhealthy():
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        for screens in self._scope.screens:
            if not await screens.reconnected(30):
                problems.append(f"{screens.wanted - screens.connected} sockets did not connect again")
        scans = 0
        for scanner in self._scope.scanners:
            problems += await self._collect(scanner.problems())
            scans += len(scanner.acknowledged)
        problems += await self._collect(self._drill.whole())
        seen = self._looked_at()
        if self._scope.scanners:
            seen += f"; {scans} scans acknowledged, each counted once"
        self._note("application whole", problems, since, seen)

    def _concerned(self) -> set[str]:
        """Return the parts that have to be whole by now."""
        return self._claims.concerning(type(self._drill))

    def _looked_at(self) -> str:
        """Say which parts were found whole, and which were left to other drills."""
        concerned = self._concerned()
        scraped = [name for name in concerned if PARTS[name].metrics is not None]
        said = f"{len(concerned)} parts healthy, {len(scraped)} targets up"
        left = sorted(self._claims.parts - concerned)
        if not left:
            return f"every part healthy, every target up ({said})"
        return f"{said} ({', '.join(sorted(concerned))}); left to other drills: {', '.join(left)}"

    async def _unhealthy(self) -> list[str]:
        before = self._concerned()
        answers = await asyncio.to_thread(
            probes.probe_all, [PARTS[name] for name in sorted(before)], self._rig.site
        )
        up = {series["metric"].get("job", "") for series in await self._rig.observer.query("up == 1")}
        # A drill that began meanwhile may have taken one of them away.
        concerned = before & self._concerned()
        found = [f"{name}: {a.detail}" for name, a in answers.items() if name in concerned and not a.healthy]
        missing = {name for name in concerned if PARTS[name].metrics is not None} - up
        return found + [f"{name}: not scraped" for name in sorted(missing)]

    async def _clean_up(self) -> None:
        await self._stop_scanners()
        await self._collect(self._scope.stop_background())
        for screens in self._scope.screens:
            await screens.close()
        problems = await self._scope.undo()
        if problems:
            self._note("cleaned up", problems, self.result.started_at, "")

    async def _stop_scanners(self) -> None:
        for scanner in self._scope.scanners:
            await scanner.stop()

    async def _step(self, name: str, work: Coroutine[Any, Any, None]) -> bool:
        """Do the drill's own work; where it fails, say so as a failed stage."""
        started = datetime.now(UTC)
        try:
            await work
        except StageFailed:
            return False
        except _EXPECTED as error:
            said = f"{error} {' '.join(getattr(error, 'details', ()))}".strip() or type(error).__name__
            self._note(name, [said], started, "")
            return False
        return True

    async def _collect(self, work: Coroutine[Any, Any, list[str] | None]) -> list[str]:
        try:
            return await work or []
        except _EXPECTED as error:
            return [f"{type(error).__name__}: {error}"]

    def _note(self, name: str, problems: list[str], since: datetime, seen: str) -> None:
        now = datetime.now(UTC)
        verdict: Verdict = "failed" if problems else "ok"
        stage = Stage(name, verdict, now, (now - since).total_seconds(), None, "; ".join(problems) or seen)
        self.result.stages.append(stage)
        self._tell(self.result, "", stage)

    def _note_proof(self, proof: ProofResult, stage: Stage) -> None:
        self._tell(self.result, proof.alert, stage)
