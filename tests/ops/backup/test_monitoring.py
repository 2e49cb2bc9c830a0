"""What a backup has of the monitoring, and what a restore makes of it, with the real servers of a stack."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from magacin.cli.restore import _tell_of_monitoring
from magacin.ops.backup import archive, history, monitoring, taking
from magacin.ops.backup.archive import Backup
from magacin.ops.backup.server import Server
from magacin.stack import clients, render, silences
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.silences import Silence
from tests.monitoring.live_alerting import until
from tests.ops.backup.conftest import Silent
from tests.ops.backup.test_archive import write
from tests.ops.backup.test_restoring import forged

SHIPPED = {path.name for path in (render.MONITORING / "grafana" / "dashboards").glob("*.json")}


def silence(comment: str, hours: float = 1) -> Silence:
    now = datetime.now(UTC)
    return {
        "matchers": [{"name": "alertname", "value": "High.*", "isRegex": True, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=hours)).isoformat(),
        "createdBy": "ana",
        "comment": comment,
    }


@pytest.fixture
def watched(stores: Stack, server: Server) -> Iterator[Stack]:
    """The stack with Prometheus and Alertmanager running, and no memory of earlier tests."""
    for folder in (stores.data.prometheus, stores.data.alertmanager, stores.data.path / "dashboards"):
        shutil.rmtree(folder, ignore_errors=True)
    stores.data.create()
    config = stores.data.etc / "prometheus.yml"
    config.write_text(
        config.read_text()
        .replace("scrape_interval: 15s", "scrape_interval: 1s")
        .replace("timeout: 10s", "timeout: 1s")
    )
    stores.start_parts(["alertmanager", "prometheus"])
    yield stores
    stores.stop_parts(["alertmanager", "prometheus"])
    shutil.rmtree(stores.data.path / "dashboards", ignore_errors=True)


def take(stack: Stack, folder: Path, **options: Any) -> Backup:
    return taking.take(
        Server(stack.site()), folder / "backup.tar", Silent(), lambda _: None, **options
    ).backup


def samples(stack: Stack) -> int:
    """Return how many samples Prometheus has of itself."""
    path = "/api/v1/query?query=count_over_time(prometheus_build_info[1d])"
    result = clients.ask(stack.site(), "prometheus", path).json()["data"]["result"]
    return int(result[0]["value"][1]) if result else 0


def put_back(stack: Stack, backup: Backup, *, other: bool = False) -> monitoring.PutBack:
    return monitoring.put_back(stack, backup, other_stack=other)


class TestTaken:
    def test_all_of_it(self, watched: Stack, tmp_path: Path) -> None:
        until(lambda: samples(watched) or None)
        silences.put_back(watched.site(), [silence("new shelves")])
        own = watched.data.path / "dashboards" / "mine.json"
        own.parent.mkdir()
        own.write_text('{"panels": []}')
        backup = take(watched, tmp_path)
        assert backup.manifest.silences == 1
        assert json.loads(b"".join(backup.content(monitoring.SILENCES)))[0]["comment"] == "new shelves"
        assert b"".join(backup.content("dashboards/mine.json")) == b'{"panels": []}'
        names = set(backup.files)
        assert {f"grafana/dashboards/{name}" for name in SHIPPED} <= names
        assert [name for name in names if name.startswith("prometheus/wal/")]
        backup.check(lambda _: None)
        subprocess.run(["tar", "-xf", backup.path], cwd=tmp_path, check=True)
        assert (tmp_path / "dashboards" / "mine.json").read_text() == '{"panels": []}'

    def test_no_history_for_who_wants_none(self, watched: Stack, tmp_path: Path) -> None:
        backup = take(watched, tmp_path, with_history=False)
        assert not [name for name in backup.files if name.startswith("prometheus/")]

    def test_without_alertmanager(self, backup: Backup) -> None:
        assert backup.manifest.silences is None
        assert monitoring.SILENCES not in backup.files


class TestPutBack:
    def test_on_a_new_machine(
        self, watched: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Prometheus answers as before, silences are in force, the dashboard is there."""
        until(lambda: samples(watched) or None)
        silences.put_back(watched.site(), [silence("new shelves"), silence("over soon")])
        own = watched.data.path / "dashboards" / "mine.json"
        own.parent.mkdir()
        own.write_text('{"panels": []}')
        had = samples(watched)
        backup = take(watched, tmp_path)
        watched.stop_parts(["alertmanager", "prometheus"])
        for folder in (watched.data.prometheus, watched.data.alertmanager, own.parent):
            shutil.rmtree(folder)
        watched.data.create()

        done = put_back(watched, backup)
        assert (done.dashboards, done.silences_later, done.history_aside) == (("mine.json",), 2, None)
        assert own.read_text() == '{"panels": []}'
        watched.start_parts(["alertmanager", "prometheus"])
        silences.put_back_kept(watched.site(), Silent())
        silences.put_back_kept(watched.site(), Silent())
        assert sorted(s["comment"] for s in silences.read(watched.site())) == ["new shelves", "over soon"]
        assert samples(watched) >= had > 0
        _tell_of_monitoring(backup, done)
        assert "Dashboards that are there again: mine.json." in capsys.readouterr().out

    def test_what_a_stack_has_stays(self, watched: Stack, tmp_path: Path) -> None:
        silences.put_back(watched.site(), [silence("new shelves")])
        own = watched.data.path / "dashboards" / "mine.json"
        own.parent.mkdir()
        own.write_text("{}")
        backup = take(watched, tmp_path)
        own.write_text('{"panels": [1]}')
        assert put_back(watched, backup) == monitoring.PutBack()
        assert own.read_text() == '{"panels": [1]}'
        assert len(silences.read(watched.site())) == 1

    def test_a_stack_that_has_just_begun_gets_the_history_of_another(
        self, watched: Stack, tmp_path: Path
    ) -> None:
        until(lambda: samples(watched) or None)
        backup = take(watched, tmp_path)
        done = put_back(watched, backup, other=True)
        assert done.history_bytes > 0
        assert done.history_aside is not None
        assert history.is_there(done.history_aside)
        assert samples(watched) > 0
        # With a block of its own, it is a history that somebody may look for.
        (watched.data.prometheus / "01M8MRHJQFTT9ZMZDCK3DPAJJ8").mkdir()
        assert put_back(watched, backup, other=True).history_bytes == 0

    def test_a_dashboard_that_was_added_to_the_checkout(
        self, stores: Stack, backup: Backup, tmp_path: Path
    ) -> None:
        """There is none of that name here: the console shows it from the data directory."""
        files = [
            monitoring.InMemory("grafana/dashboards/ours.json", b"{}"),
            monitoring.InMemory("grafana/dashboards/magacin-overview.json", b"{}"),
        ]
        other = write(tmp_path / "other.tar", files)
        assert put_back(stores, other).dashboards == ("ours.json",)
        assert (stores.data.path / "dashboards" / "ours.json").read_text() == "{}"
        shutil.rmtree(stores.data.path / "dashboards")

    def test_a_silence_that_is_over_is_not_made(self, watched: Stack) -> None:
        assert silences.put_back(watched.site(), [silence("long ago", hours=-1)]) == 0

    def test_no_room_for_the_history(self, stores: Stack, tmp_path: Path) -> None:
        shutil.rmtree(stores.data.prometheus, ignore_errors=True)
        backup = write(tmp_path / "one.tar", [monitoring.InMemory("prometheus/wal/00000000", b"x")])
        huge = {**backup.files, "prometheus/wal/00000000": archive.Place(0, 1 << 60)}
        with pytest.raises(StackError, match="no room for Prometheus' history"):
            put_back(stores, archive.Backup(backup.path, backup.manifest, backup.offset, huge))
        assert not stores.data.prometheus.exists()

    def test_one_of_before_there_was_monitoring_in_it(self, stores: Stack, backup: Backup) -> None:
        old = forged(backup, backup.path.with_name("old.tar"), format=1, silences=None)
        assert not old.files
        assert put_back(stores, old) == monitoring.PutBack()


class TestRefused:
    @pytest.mark.parametrize(
        "name", ["../secrets/x", "/etc/passwd", "prometheus/../../x", "x", "prometheus//x"]
    )
    def test_a_name_that_leads_elsewhere(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(StackError, match="is not a backup"):
            write(tmp_path / "one.tar", [monitoring.InMemory(name, b"x")])

    def test_a_file_that_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "one.tar"
        write(path, [monitoring.InMemory("dashboards/mine.json", b"{panels}")])
        path.write_bytes(path.read_bytes().replace(b"{panels}", b"{Panels}"))
        with pytest.raises(StackError, match="is damaged"):
            archive.read(path).check(lambda _: None)

    def test_a_file_that_became_shorter(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.json"
        path.write_text("{}")
        with pytest.raises(StackError, match="became shorter"):
            write(tmp_path / "one.tar", [monitoring.OnDisk("dashboards/mine.json", path, 9)])

    def test_cut_off_among_the_files(self, tmp_path: Path) -> None:
        path = tmp_path / "one.tar"
        write(path, [monitoring.InMemory(f"dashboards/{n}.json", b"x" * 1000) for n in range(3)])
        content = path.read_bytes()
        for length in range(1024, content.rindex(b"}\n") + 2, 256):
            path.write_bytes(content[:length])
            with pytest.raises(StackError, match="is cut off"):
                archive.read(path)
