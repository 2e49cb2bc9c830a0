"""What `backup` and `restore` say to somebody who asks for what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from magacin.cli.backup import local
from tests.cli.test_main import run
from tests.ops.backup.test_archive import write


class TestBackup:
    def test_of_nothing(self, tmp_path: Path) -> None:
        done = run("backup", "--data-dir", str(tmp_path / "none"))
        assert done.returncode == 1
        assert done.stderr.startswith(f"magacin: there is no stack in {tmp_path}/none.")
        assert not (tmp_path / "none").exists()

    def test_none_are_kept_is_a_usage_error(self, tmp_path: Path) -> None:
        assert run("backup", "--keep", "0", "--data-dir", str(tmp_path)).returncode == 2


class TestRestore:
    @pytest.fixture(autouse=True)
    def nothing_is_made(self, tmp_path: Path) -> None:
        self.data = tmp_path / "data"

    def refused(self, *arguments: str) -> str:
        done = run("restore", *arguments, "--data-dir", str(self.data))
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        assert (
            max(map(len, (done.stdout + done.stderr).replace(str(self.data.parent), "").split("\n"))) <= 100
        )
        assert not self.data.exists()
        return done.stderr

    def test_a_picture(self, tmp_path: Path) -> None:
        (tmp_path / "me.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100_000))
        assert "me.png is not a backup of Magacin Track" in self.refused(str(tmp_path / "me.png"), "--yes")

    def test_half_of_one(self, tmp_path: Path) -> None:
        path = tmp_path / "backup.tar"
        write(path)
        path.write_bytes(path.read_bytes()[:1500])
        assert "backup.tar is cut off" in self.refused(str(path), "--yes")

    def test_newer_tables(self, tmp_path: Path) -> None:
        write(tmp_path / "backup.tar", revisions={"tasks": "0999"}, magacin="7.0.0")
        said = self.refused(str(tmp_path / "backup.tar"), "--yes")
        assert "is of Magacin Track 7.0.0, with newer tables" in said
        assert "Update first: git pull" in said

    def test_nobody_to_ask(self, tmp_path: Path) -> None:
        write(tmp_path / "backup.tar")
        assert "--yes" in self.refused(str(tmp_path / "backup.tar"))

    @pytest.mark.parametrize("arguments", [[], ["x.tar", "--undo"]])
    def test_one_thing_or_the_other(self, arguments: list[str]) -> None:
        assert "say which backup" in self.refused(*arguments)

    def test_undo_of_nothing(self) -> None:
        assert "there is no stack" in self.refused("--undo", "--yes")


def test_times_are_those_of_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Belgrade")
    time.tzset()
    assert local(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "2026-07-02 00:30"
    monkeypatch.undo()
    time.tzset()
