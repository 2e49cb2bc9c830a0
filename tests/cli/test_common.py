from __future__ import annotations

from pathlib import Path

import pytest

from magacin.cli import _common, status
from magacin.stack.errors import StackError
from magacin.stack.parts import PARTS
from magacin.stack.status import PartStatus

LONG = "/health answers 503: database (ConnectionRefusedError), redis (TimeoutError), outbox (stopped)"
STATUSES = [
    PartStatus(PARTS["postgres-exporter"], "127.0.0.1:59187", 4194304, "running", True, "", 86400 * 400),
    PartStatus(PARTS["task-service"], "127.0.0.1:58001", 0, "backoff", False, LONG, 0),
    PartStatus(PARTS["demo"], "", 1, "running", True, "", 61),
]


def test_the_table_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    _common.print_table(STATUSES)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "127.0.0.1:58001" in lines[2]
    # The name that logs, stop and start want.
    assert lines[2].startswith("task-service ")
    assert "".join(" ".join(lines[2:-1]).split()).count("TimeoutError") == 1


def test_json_names_what_scripts_need() -> None:
    assert status.as_dict(STATUSES[1]) == {
        "name": "task-service",
        "group": "app",
        "address": "127.0.0.1:58001",
        "pid": None,
        "state": "backoff",
        "health": "unhealthy",
        "detail": LONG,
        "uptime": 0,
        "lan": None,
    }


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (7500, "2 h 5 min"),
        (86400, "1 d 0 h"),
    ],
)
def test_duration(seconds: int, expected: str) -> None:
    assert _common.duration(seconds) == expected


class TestDatabaseUrl:
    @pytest.fixture
    def data(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The folder of a stack, which is also that in the usual place."""
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "database-url").write_text("of-the-stack\n")
        monkeypatch.setenv("MAGACIN_DATA_DIR", str(tmp_path))
        return tmp_path

    def test_the_option_wins_over_the_environment_over_its_file_over_the_usual_place(
        self, data: Path
    ) -> None:
        (data / "named").write_text("of-the-file\n")
        file = {"MAGACIN_DATABASE_URL_FILE": str(data / "named")}
        both = {"MAGACIN_DATABASE_URL": "of-the-variable", **file}
        asked = [(data, both), (None, both), (None, file), (None, {})]
        urls = [_common.database_url(option, env).get_secret_value() for option, env in asked]
        assert urls == ["of-the-stack", "of-the-variable", "of-the-file", "of-the-stack"]

    def test_a_file_that_is_not_there_is_named(self, data: Path) -> None:
        with pytest.raises(StackError, match="/nowhere"):
            _common.database_url(None, {"MAGACIN_DATABASE_URL_FILE": "/nowhere"})


class TestProgressInALog:
    def test_says_each_thing_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        progress = _common.Progress()
        for _ in range(3):
            progress.doing("Waiting")
        progress.done("Healthy")
        assert capsys.readouterr().err == "  … Waiting\n  ✓ Healthy\n"

    def test_counts_in_quarters(self, capsys: pytest.CaptureFixture[str]) -> None:
        progress = _common.Progress()
        for percent in range(101):
            progress.percent(percent, f"file {percent}")
        assert capsys.readouterr().err.split() == [
            *"…0%…25%…50%…75%…100%".replace("…", " … ").replace("%", " %").split()
        ]
