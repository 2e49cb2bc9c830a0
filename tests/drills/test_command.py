"""What a run of drills says by its exit status."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from magacin.cli.drill import app
from magacin.drills import session
from magacin.drills.results import DrillResult, Report
from magacin.drills.session import Wish

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
