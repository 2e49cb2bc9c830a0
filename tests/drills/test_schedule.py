"""Drills run at the same time unless they would disturb each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

import pytest

from magacin.drills import schedule
from magacin.drills.claims import Claim, Claims, undisturbed_parts
from magacin.drills.drill import Drill, Proof
from magacin.drills.expected import Severity
from magacin.drills.faults import drills


def kind(
    name: str,
    *,
    holds: str = "",
    uses: str = "",
    severity: Severity = "warning",
    service: str = "",
    first: int = 0,
) -> type[Drill]:
    """Return a drill that does nothing."""

    class Made(Drill):
        proves: ClassVar[tuple[Proof, ...]] = (
            Proof(alert=name, severity=severity, service=service or name, signal=""),
        )

        async def cause(self) -> None:
            """Cause nothing."""

    Made.name, Made.first = name, first
    Made.holds, Made.uses = frozenset(holds.split()), frozenset(uses.split())
    return Made


def conflict(one: type[Drill], other: type[Drill]) -> bool:
    return Claim(one).disturbs(Claim(other))


class TestConflict:
    def test_two_that_hold_the_same(self) -> None:
        assert conflict(kind("a", holds="postgres"), kind("b", holds="postgres"))

    def test_one_that_holds_what_another_uses(self) -> None:
        one, other = kind("a", holds="postgres"), kind("b", uses="postgres")
        assert conflict(one, other)
        assert conflict(other, one)

    def test_two_that_use_the_same_do_not(self) -> None:
        assert not conflict(kind("a", uses="postgres"), kind("b", uses="postgres"))

    def test_a_critical_and_a_warning_of_its_service(self) -> None:
        critical = kind("a", severity="critical", service="x")
        assert conflict(critical, kind("b", service="x"))
        assert conflict(kind("b", service="x"), critical)
        assert not conflict(critical, kind("b", service="y"))

    def test_two_criticals_of_a_service_do_not(self) -> None:
        one, other = (kind(n, severity="critical", service="x") for n in "ab")
        assert not conflict(one, other)

    @pytest.mark.parametrize("part", ["prometheus", "alertmanager"])
    def test_everybody_uses_what_alerts_go_through(self, part: str) -> None:
        assert conflict(kind("a", holds=part), kind("b"))


class TestOrder:
    def test_what_takes_long_begins_first(self) -> None:
        chosen = [kind("a"), kind("b", first=2), kind("c", first=1)]
        assert [one.name for one in schedule.order(chosen)] == ["b", "c", "a"]


class TestRunAll:
    async def test_runs_each_once_and_none_beside_what_disturbs_it(self) -> None:
        chosen = [kind(f"h{n}", holds="x") for n in range(3)] + [kind(f"u{n}", uses="x") for n in range(3)]
        running: set[type[Drill]] = set()
        seen: list[str] = []
        together = 0

        async def run(drill: type[Drill], _: Callable[[], None]) -> None:
            nonlocal together
            assert not any(conflict(drill, other) for other in running)
            running.add(drill)
            together = max(together, len(running))
            for _turn in range(5):
                await asyncio.sleep(0)
            running.remove(drill)
            seen.append(drill.name)

        await schedule.run_all(chosen, run, Claims())
        assert sorted(seen) == sorted(one.name for one in chosen)
        assert together == 3

    async def test_ends_the_others_when_one_breaks(self) -> None:
        cancelled = []

        async def run(drill: type[Drill], _: Callable[[], None]) -> None:
            if drill.name == "bad":
                raise RuntimeError("broken")
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(drill.name)

        with pytest.raises(RuntimeError, match="broken"):
            await schedule.run_all([kind("good"), kind("bad")], run, Claims())
        assert cancelled == ["good"]

    async def test_one_whose_fault_is_over_keeps_back_only_what_it_still_needs(self) -> None:
        one = kind("one", holds="x y", first=1)
        one.keeps = frozenset({"y"})
        over, begun = asyncio.Event(), []

        async def run(drill: type[Drill], fault_is_over: Callable[[], None]) -> None:
            begun.append(drill.name)
            if drill is one:
                await asyncio.sleep(0)
                assert begun == ["one"]
                fault_is_over()
                await over.wait()
                assert begun == ["one", "x"]
            elif drill.name == "x":
                over.set()

        await schedule.run_all([one, kind("x", uses="x"), kind("y", uses="y")], run, Claims())
        assert begun == ["one", "x", "y"]

    async def test_all_real_drills_come_to_their_turn(self) -> None:
        seen: list[str] = []

        async def run(drill: type[Drill], _: Callable[[], None]) -> None:
            await asyncio.sleep(0)
            seen.append(drill.name)

        await schedule.run_all(list(drills().values()), run, Claims())
        assert sorted(seen) == sorted(drills())


class TestUndisturbedParts:
    PARTS: ClassVar[set[str]] = {
        "postgres",
        "redis",
        "redis-exporter",
        "node-exporter",
        "task-service",
        "import-service",
        "api-gateway",
        "prometheus",
        "inbox",
    }

    def left(self, own: type[Drill], *others: Claim) -> set[str]:
        return self.PARTS - undisturbed_parts(self.PARTS, Claim(own), others)

    def test_alone_a_drill_answers_for_every_part(self) -> None:
        assert self.left(kind("a")) == set()

    def test_what_another_holds_or_uses_is_left_to_it(self) -> None:
        other = Claim(kind("b", holds="node-exporter", uses="inbox"))
        assert self.left(kind("a"), other) == {"node-exporter", "inbox"}

    def test_what_both_use_is_looked_at(self) -> None:
        assert self.left(kind("a", uses="redis"), Claim(kind("b", uses="redis"))) == set()

    def test_with_a_store_go_those_that_report_it(self) -> None:
        other = Claim(kind("b", holds="redis"))
        services = {"task-service", "import-service", "api-gateway"}
        assert self.left(kind("a"), other) == {"redis", "redis-exporter"} | services

    def test_with_a_service_goes_what_cannot_work_without_it(self) -> None:
        own, other = kind("a", uses="api-gateway"), Claim(kind("b", holds="task-service"))
        assert self.left(own, other) == {"task-service", "api-gateway"}

    def test_once_its_fault_is_over_another_keeps_less(self) -> None:
        other = kind("b", holds="node-exporter")
        other.keeps = frozenset()
        assert self.left(kind("a"), Claim(other, fault_is_over=True)) == set()
