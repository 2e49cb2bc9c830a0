"""The sub-commands of `drill`, the older spellings of them, and what a run says by its exit status."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from magacin.cli.drill import app
from magacin.cli.drill._old_spellings import options_of, spelt_anew
from magacin.drills import session
from magacin.drills.faults import drills
from magacin.drills.results import DrillResult, Report
from magacin.drills.session import Wish
from magacin.ops.backup import rehearsal
from magacin.stack.errors import StackError

AT = datetime(2026, 1, 1, tzinfo=UTC)
DONE = DrillResult("task-overdue", "A task is overdue.", AT, AT)
SKIPPED = DrillResult("disk-filled", "A disk is filled.", AT, AT, skipped="only root can do that")


@pytest.mark.parametrize(
    ("asked", "results", "status"),
    [
        (["task-overdue"], [DONE], 0),
        (["--all"], [DONE, SKIPPED], 0),
        (["task-overdue", "disk-filled"], [DONE, SKIPPED], 3),
        (["--all"], [SKIPPED], 3),
        (["run", "task-overdue"], [DONE], 0),
        (["run", "--all"], [SKIPPED], 3),
    ],
)
def test_what_was_skipped_is_no_success_where_it_was_asked_for(
    asked: list[str],
    results: list[DrillResult],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run(_: object, wish: Wish, *_rest: Any) -> Report:
        return Report("20260101T000000Z", 1, AT, AT, list(results), named=bool(wish.names))

    monkeypatch.setattr(session, "check", lambda *_: None)
    monkeypatch.setattr(session, "run", run)
    found = CliRunner().invoke(app, [*asked, "--data-dir", str(tmp_path / "data")])
    assert found.exit_code == status, found.output
    if SKIPPED in results:
        assert "skipped: only root can do that" in found.output
        assert "1 skipped" in found.output


OPTIONS = {name: options_of(command) for name, command in get_group(app).commands.items()}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ServiceDown", "run ServiceDown"),
        ("--all --speed 20", "run --all --speed 20"),
        ("--speed 20 ServiceDown task-overdue --json", "run ServiceDown task-overdue --speed 20 --json"),
        ("--data-dir history --all", "run --data-dir history --all"),
        ("", "run"),
        ("--live", "live"),
        ("ServiceDown --live --data-dir live", "live ServiceDown --data-dir live"),
        ("--severity warning --live --valid-days=3", "live --severity warning --valid-days=3"),
        ("--json history", "history --json"),
        ("history --live", "history"),
        ("--list --json", "list --json"),
        ("--nonsense", "run --nonsense"),
        # One command took all options, and paid no heed to those that meant nothing to it.
        ("--live --speed 20 --json ServiceDown", "live ServiceDown"),
        ("--list ServiceDown --data-dir x --monitoring=y --live", "list"),
    ],
)
def test_old_spellings_mean_what_they_meant(old: str, new: str) -> None:
    assert spelt_anew(old.split(), OPTIONS) == new.split()


@pytest.mark.parametrize("spelling", ["list", "--list"])
def test_list_shows_every_drill_with_its_alerts(spelling: str) -> None:
    found = CliRunner().invoke(app, [spelling, "--json"])
    listed = {one["drill"]: one["alerts"] for one in json.loads(found.output)}
    assert listed == {name: list(kind.alerts()) for name, kind in drills().items()}


@pytest.mark.parametrize("spelling", ["live", "--live"])
def test_a_live_drill_is_of_one_alert(spelling: str) -> None:
    found = CliRunner().invoke(app, [spelling, "ServiceDown", "HighErrorRate"])
    assert isinstance(found.exception, StackError)
    assert str(found.exception) == "a live drill is of one alert."


def test_help_is_about_the_sub_commands_and_each_has_its_own() -> None:
    assert all(
        name in CliRunner().invoke(app, ["--help"]).output for name in ("run", "live", "history", "list")
    )
    assert "--speed" in CliRunner().invoke(app, ["ServiceDown", "--help"]).output
    assert "--valid-days" in CliRunner().invoke(app, ["--live", "--help"]).output


@pytest.mark.parametrize(("same", "status"), [(True, 0), (False, 1)])
def test_another_answer_of_what_was_restored_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, same: bool, status: int
) -> None:
    """A rehearsed restore says so by its exit status, for cron."""
    answer = rehearsal.Answer("up", 3, same)
    receipt = rehearsal.Receipt(AT, 1, 0.1, 0.1, {"tasks.scans": 7}, 5, 0, [answer])
    monkeypatch.setattr(rehearsal, "rehearse", lambda *_: receipt)
    done = CliRunner().invoke(app, ["restore", "--data-dir", str(tmp_path)])
    assert done.exit_code == status
    assert ("✓ history    up: 3 series" if same else "✗ history    up: another answer") in done.output
