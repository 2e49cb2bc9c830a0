"""Floors are what the configuration makes everybody wait, and verdicts compare with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from magacin.drills.results import DrillResult, ProofResult, Stage, timed
from magacin.drills.timing import Timing, tolerated
from magacin.stack import render


@pytest.fixture(scope="module")
def real() -> Timing:
    return Timing.read(render.MONITORING, 1)


class TestFloor:
    def test_of_a_metric_is_a_scrape_and_its_timeout(self, real: Timing) -> None:
        assert real.moved(7) == 7 + 15 + 10

    def test_of_a_pending_rule_is_an_evaluation_more(self, real: Timing) -> None:
        assert real.pending(0) == 15 + 10 + 15

    def test_of_firing_has_the_rules_hold_in_whole_evaluations(self, real: Timing) -> None:
        assert real.firing("DatabaseConnectionIssues", 0) == real.pending(0) + 60
        assert real.firing("Watchdog", 0) == real.pending(0)

    @pytest.mark.parametrize(
        ("labels", "expected"),
        [
            ({"severity": "critical"}, (10, 60, 3600)),
            ({"severity": "warning"}, (30, 300, 43_200)),
            ({"severity": "none"}, (30, 300, 43_200)),
            ({"severity": "none", "alertname": "Watchdog"}, (0, 30, 60)),
            ({"severity": "unheard-of"}, (30, 300, 43_200)),
        ],
    )
    def test_of_a_message_is_that_of_its_route(
        self, real: Timing, labels: dict[str, str], expected: tuple[float, ...]
    ) -> None:
        route = real.route(labels)
        assert (route.group_wait, route.group_interval, route.repeat_interval) == expected

    def test_matchers_of_every_kind(self, real: Timing, tmp_path: Path) -> None:
        tree = {
            "group_wait": "1s",
            "routes": [
                {"matchers": ['a!="x"', "b=~'.*'"], "group_wait": "2s"},
                {"matchers": ['a="x"', 'c!~"y.*"'], "group_wait": "3s"},
            ],
        }
        timing = Timing(1, 1, 1, 1, {}, tree)
        assert timing.route({"a": "x"}).group_wait == 3
        assert timing.route({"a": "x", "c": "yes"}).group_wait == 1


class TestVerdict:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    def stage(self, seconds: float, floor: float) -> Stage:
        return timed("firing", self.at + timedelta(seconds=seconds), self.at, floor, "")

    def test_in_time_up_to_the_tolerance(self) -> None:
        assert self.stage(tolerated(10), 10).verdict == "ok"
        assert self.stage(tolerated(10) + 0.01, 10).verdict == "late"

    def test_never_before_the_fault(self) -> None:
        assert self.stage(-3, 10).seconds == 0

    def result(self, *stages: Stage) -> DrillResult:
        return DrillResult("d", "t", self.at, proofs=[ProofResult("A", "warning", "s", stages=list(stages))])

    def test_of_a_drill_is_the_worst_of_its_stages(self) -> None:
        ok, late = self.stage(1, 10), self.stage(99, 10)
        failed = Stage("email", "failed", self.at, 1, 1, "nothing came")
        assert self.result(ok).verdict == "ok"
        assert self.result(ok, late).verdict == "late"
        assert self.result(ok, late, failed).verdict == "failed"
        assert self.result(failed).failures == [("A", failed)]
