"""The receipt is what its schema says, and a page that needs nothing else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from magacin.drills import receipt
from magacin.drills.results import DrillResult, ProofResult, Report, Stage, timed
from magacin.drills.timeline import draw
from magacin.drills.timing import Timing
from magacin.stack import render
from tests.schemas import mistakes

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCHEMA = json.loads(receipt.SCHEMA.read_text())


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@pytest.fixture
def report() -> Report:
    proof = ProofResult(
        "ServiceDown",
        "critical",
        "api-gateway",
        [
            timed("rule pending", after(3), AT, 5, "value 0"),
            timed("firing", after(7), AT, 6, "severity=critical"),
            timed("email", after(30), AT, 7, "on-call@magacin.invalid: [CRITICAL] <b>"),
            Stage("Slack", "failed", after(40), 40, 7, "it went to #general"),
        ],
    )
    whole = DrillResult("service-killed", "A service is killed.", AT, after(60), AT, after(45), [proof], [])
    skipped = DrillResult("disk-filled", "A disk is filled.", AT, AT, skipped="only root can do that")
    timing = Timing.read(render.MONITORING, 20)
    return Report("20260101T120000Z", 20.0, AT, after(70), [whole, skipped], timing)


def test_keeps_to_its_schema(report: Report) -> None:
    assert not mistakes(receipt.as_dict(report), SCHEMA)


def test_schema_refuses_what_it_does_not_know(report: Report) -> None:
    content = receipt.as_dict(report)
    content["drills"][0]["alerts"][0]["stages"][0]["verdict"] = "fine"
    assert mistakes(content, SCHEMA)


def test_an_interrupted_run_has_failed(report: Report) -> None:
    report.results = []
    assert receipt.as_dict(report)["verdict"] == "skipped"
    report.interrupted = True
    assert receipt.as_dict(report)["verdict"] == "failed"


def test_one_that_was_asked_for_and_skipped_is_no_success(report: Report) -> None:
    report.results = [report.results[0], report.results[1]]
    report.results[0].proofs[0].stages.pop()
    assert receipt.as_dict(report)["verdict"] == "ok"
    assert "1 of 2 drills passed, 1 skipped" in receipt.as_page(report)
    report.named = True
    content = receipt.as_dict(report)
    assert content["verdict"] == "skipped"
    assert not mistakes(content, SCHEMA)


def test_nor_is_a_run_of_none(report: Report) -> None:
    report.results = report.results[1:]
    assert receipt.as_dict(report)["verdict"] == "skipped"


def test_is_written_for_its_owner_only(report: Report, tmp_path: Path) -> None:
    folder = receipt.write(report, tmp_path / "drills")
    assert folder == tmp_path / "drills" / "20260101T120000Z"
    assert {file.name for file in folder.iterdir()} == {"receipt.json", "receipt.html"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())


def test_page_needs_nothing_from_elsewhere(report: Report) -> None:
    page = receipt.as_page(report)
    assert not re.findall(r"(?:src|href)=\"(?!#)", page)
    assert "<script" not in page
    assert "1 of 2 drills failed" in page
    assert "it went to #general" in page
    assert "only root can do that" in page
    assert "&lt;b&gt;" in page


class TestTimeline:
    def test_shows_each_stage_where_it_was(self, report: Report) -> None:
        picture = draw(report.results[0])
        assert picture is not None
        [lane] = picture.lanes
        places = [mark.x for mark in lane.marks]
        assert places == sorted(places)
        assert [mark.number for mark in lane.marks] == [1, 2, 3, 4]
        assert [segment.state for segment in lane.segments] == ["pending", "firing"]
        assert all(190 <= x <= 900 for x in places)

    def test_marks_that_would_cover_each_other_stand_above(self, report: Report) -> None:
        stages = report.results[0].proofs[0].stages
        stages[1].at = stages[0].at
        picture = draw(report.results[0])
        assert picture is not None
        first, second, *_ = picture.lanes[0].marks
        assert first.x == second.x
        assert second.y < first.y

    def test_there_is_none_without_a_fault(self, report: Report) -> None:
        assert draw(report.results[1]) is None
