"""Restoring into a real server: all of it, or nothing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from magacin.cli.migrate import upgrade_all
from magacin.contracts.events import EVENT_STREAM
from magacin.ops.backup import archive, restoring, taking
from magacin.ops.backup.archive import Backup, Facts, Manifest
from magacin.ops.backup.server import Server
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import PARTS
from magacin.stack.secrets import SUPERUSER
from tests.ops.backup.conftest import Silent

DATABASES = "SELECT datname FROM pg_database WHERE datname LIKE 'magacin%' ORDER BY 1"
KILLED = """
import os, signal, sys
from pathlib import Path
from magacin.ops.backup import archive, restoring
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from tests.ops.backup.conftest import Silent
stack = Stack(DataDir(Path(sys.argv[1])), Silent())
restoring.restore(stack, archive.read(Path(sys.argv[2])), lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.fixture(autouse=True)
def no_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started afterwards is for the tests of whole stacks."""
    monkeypatch.setattr(restoring, "_start", lambda *_: [])


def migrate(url: SecretStr) -> None:
    asyncio.run(upgrade_all(url))


def scans(server: Server) -> int:
    with server.session() as session:
        return int(session.value("SELECT count(*) FROM tasks.scans"))


def lose(server: Server, count: int) -> None:
    with server.session() as session:
        session.execute(f"DELETE FROM tasks.scans WHERE ctid IN (SELECT ctid FROM tasks.scans LIMIT {count})")


def databases(server: Server) -> list[str]:
    with server.session(SUPERUSER, "postgres") as admin:
        return [row["datname"] for row in admin.rows(DATABASES)]


def forged(backup: Backup, path: Path, dump: bytes | None = None, **changes: Any) -> Backup:
    """Write the backup anew, with another dump or other claims, and right checksums."""

    def describe(dump: Facts, files: dict[str, Facts]) -> Manifest:
        own = {"dump_bytes": dump.size, "dump_sha256": dump.sha256, "files": files}
        return backup.manifest.model_copy(update=own | changes)

    content = b"".join(backup.dump(lambda _: None)) if dump is None else dump
    with path.open("w+b") as file:
        archive.write(file, [content], describe, lambda _: None)
    return archive.read(path)


class TestRestored:
    def test_everything_is_back(self, stores: Stack, server: Server, backup: Backup) -> None:
        lose(server, 7)
        restored = restoring.restore(stores, backup, migrate)
        assert restored.kept_aside
        with server.session() as session:
            counts = taking.totals(session).rows
        settled = {"tasks.outbox": 0, "gateway.refresh_tokens": 0}
        settled["audit.entries"] = backup.manifest.rows["audit.entries"] + 1  # of the restore itself
        assert counts == backup.manifest.rows | settled

    def test_no_number_is_given_out_again(self, stores: Stack, server: Server, backup: Backup) -> None:
        restoring.restore(stores, backup, migrate)
        insert = "INSERT INTO tasks.requisitions (number, destination) VALUES ('R-2', '') RETURNING id"
        event = (
            "INSERT INTO tasks.outbox (type, subject, rooms, data) VALUES ('', '', '[]', '{}') RETURNING id"
        )
        with server.session() as session:
            assert session.value(insert) > 1_000_000
            # A screen in a browser reads it as a number that is exact up to 2 ** 53.
            assert 10**12 < session.value(event) < 2**52

    def test_logins_and_events_of_before_have_ended(
        self, stores: Stack, server: Server, backup: Backup
    ) -> None:
        site = stores.site()
        key = site.secrets.value("jwt-key")
        client = redis.Redis(port=site.port("redis"), password=site.secrets.value("redis-password"))
        with client:
            client.xadd(EVENT_STREAM, {"event": "of a scan that is no more"})
            client.set("magacin:presence:seen", "{}")
            restoring.restore(stores, backup, migrate)
            assert not client.exists(EVENT_STREAM)
            assert client.exists("magacin:presence:seen")
        assert site.secrets.value("jwt-key") != key

    def test_somebody_who_is_connected_does_not_hold_it_up(
        self, stores: Stack, server: Server, backup: Backup
    ) -> None:
        with server.session() as somebody:
            restoring.restore(stores, backup, migrate)
            with pytest.raises(StackError, match="went away"):
                somebody.value("SELECT 1")

    def test_the_database_is_gone(self, stores: Stack, server: Server, backup: Backup) -> None:
        with server.session(SUPERUSER, "postgres") as admin:
            admin.execute("DROP DATABASE magacin WITH (FORCE)")
        assert not restoring.restore(stores, backup, migrate).kept_aside
        assert scans(server) == 7

    def test_others_still_cannot_connect(self, stores: Stack, server: Server, backup: Backup) -> None:
        restoring.restore(stores, backup, migrate)
        may = "SELECT has_database_privilege($1, 'magacin', 'CONNECT')"
        with server.session(SUPERUSER, "postgres") as admin:
            admin.execute("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger")
            assert [admin.value(may, role) for role in ("magacin_monitor", "stranger")] == [True, False]
            admin.execute("DROP ROLE stranger")

    def test_undone_and_undone_again(self, stores: Stack, server: Server, backup: Backup) -> None:
        lose(server, 3)
        restoring.restore(stores, backup, migrate)
        assert databases(server) == ["magacin", "magacin_before_restore"]
        assert [scans(server), restoring.undo(stores) and scans(server)] == [7, 4]
        restoring.undo(stores)
        assert scans(server) == 7
        assert databases(server) == ["magacin", "magacin_before_restore"]

    def test_nothing_to_undo(self, stores: Stack, server: Server) -> None:
        with pytest.raises(StackError, match="no database from before"):
            restoring.undo(stores)

    def test_the_doctor_knows_what_is_saved(self, stores: Stack, server: Server, backup: Backup) -> None:
        stores.data.last_backup.unlink()
        restoring.restore(stores, backup, migrate)
        assert backup.manifest.created_at.isoformat() in stores.data.last_backup.read_text()


def test_redis_goes_away_at_the_last_moment(stores: Stack, server: Server, backup: Backup) -> None:
    """What is said then is that the database is the restored one."""
    lose(server, 7)

    def stop_redis(url: SecretStr) -> None:
        migrate(url)
        stores.supervisor.stop([PARTS["redis"]])

    try:
        with pytest.raises(StackError, match="the database is restored, and Redis does not answer"):
            restoring.restore(stores, backup, stop_redis)
    finally:
        stores.start_parts(["redis"])
    assert scans(server) == 7


class TestOfTheFirstBuild:
    """Its backup, which `tests/e2e/test_upgrade.py` has made: of before most migrations."""

    FILE = Path(__file__).parents[2] / "fixtures" / "first-build.tar"

    def test_it_comes_back_whole(self, stores: Stack, server: Server) -> None:
        backup = archive.read(self.FILE)
        backup.check(lambda _: None)
        restoring.require_known(backup)
        restoring.restore(stores, backup, migrate)
        kept = (
            "tasks.scans", "tasks.shortages", "tasks.pick_tasks", "tasks.requisition_lines", "gateway.users",
            "imports.jobs",
        )  # fmt: skip
        with server.session() as session:
            rows = taking.totals(session).rows
            assert {table: rows[table] for table in kept} == {
                table: backup.manifest.rows[table] for table in kept
            }
            # Each requisition had one task, so each of its lines is one of a task's, with what was picked.
            assert rows["tasks.task_lines"] == backup.manifest.rows["tasks.requisition_lines"]
            counted = "SELECT sum(quantity) FROM tasks.{} WHERE outcome = ANY($1)"
            for table, column, outcomes in (
                ("scans", "picked", ["picked", "line_complete", "task_complete"]),
                ("shortages", "short", ["reported"]),
            ):
                of_lines = session.value(f"SELECT sum({column}) FROM tasks.task_lines")
                assert session.value(counted.format(table), outcomes) == of_lines > 0
            # A scanner that sends one again is told what it was told.
            assert session.value("SELECT count(*) FROM tasks.operations") == rows["tasks.scans"] + 2


class TestFailed:
    """Whatever goes wrong: the database is as it was, nothing is left beside it, and logins go on."""

    @pytest.fixture(autouse=True)
    def as_it_was(self, stores: Stack, server: Server, backup: Backup) -> Iterator[None]:
        lose(server, 2)
        key = stores.site().secrets.value("jwt-key")
        yield
        assert scans(server) == 5
        assert databases(server) == ["magacin"]
        assert stores.site().secrets.value("jwt-key") == key
        assert {"postgres", "redis"} <= stores.alive()

    def test_in_the_migration(self, stores: Stack, backup: Backup) -> None:
        def fail(_: SecretStr) -> None:
            raise StackError("the tables do not come up to date")

        with pytest.raises(StackError, match="do not come up"):
            restoring.restore(stores, backup, fail)

    def test_interrupted(self, stores: Stack, backup: Backup) -> None:
        def interrupt(_: SecretStr) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            restoring.restore(stores, backup, interrupt)

    def test_killed_and_done_once_more(
        self, stores: Stack, server: Server, backup: Backup, tmp_path: Path
    ) -> None:
        command = [sys.executable, "-c", KILLED, str(stores.data.path), str(backup.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert scans(server) == 5
        # What it left is not in the way of the next, which here fails for another reason.
        with pytest.raises(StackError, match="pg_restore failed"):
            restoring.restore(stores, forged(backup, tmp_path / "forged.tar", b"PGDMP nonsense"), migrate)

    @pytest.mark.parametrize("keep", [8, 2_000, 500_000])
    def test_a_dump_that_is_none_or_ends_early(
        self, stores: Stack, backup: Backup, tmp_path: Path, keep: int
    ) -> None:
        dump = b"".join(backup.dump(lambda _: None))[:keep]
        with pytest.raises(StackError, match="pg_restore failed"):
            restoring.restore(stores, forged(backup, tmp_path / "forged.tar", dump), migrate)

    def test_not_all_came_back(self, stores: Stack, backup: Backup, tmp_path: Path) -> None:
        rows = backup.manifest.rows | {"tasks.scans": 8}
        with pytest.raises(StackError, match="not all that was backed up") as caught:
            restoring.restore(stores, forged(backup, tmp_path / "forged.tar", rows=rows), migrate)
        assert caught.value.details == ("tasks.scans: 7 rows instead of 8",)

    def test_all_rows_came_back_with_other_numbers(
        self, stores: Stack, backup: Backup, tmp_path: Path
    ) -> None:
        assert backup.manifest.sums["tasks.task_lines.picked"] == 7
        sums = backup.manifest.sums | {"tasks.task_lines.picked": 8}
        with pytest.raises(StackError, match="not all that was backed up") as caught:
            restoring.restore(stores, forged(backup, tmp_path / "forged.tar", sums=sums), migrate)
        assert caught.value.details == ("tasks.task_lines.picked: 7 in sum instead of 8",)

    def test_newer_tables(self, backup: Backup) -> None:
        newer = backup.manifest.model_copy(update={"revisions": {"tasks": "0999", "gateway": "0002"}})
        restoring.require_known(backup)
        with pytest.raises(StackError, match="newer tables") as caught:
            restoring.require_known(replace(backup, manifest=newer))
        assert caught.value.details[0] == "The schema tasks is at 0999."

    def test_a_newer_postgresql(self, stores: Stack, backup: Backup, tmp_path: Path) -> None:
        with pytest.raises(StackError, match="was made with PostgreSQL 99"):
            restoring.restore(stores, forged(backup, tmp_path / "f.tar", postgres_major=99), migrate)

    def test_a_database_larger_than_the_disk(self, stores: Stack, backup: Backup, tmp_path: Path) -> None:
        with pytest.raises(StackError, match="the disk has"):
            restoring.restore(stores, forged(backup, tmp_path / "f.tar", database_bytes=2**60), migrate)

    def test_another_offset(self, stores: Stack, backup: Backup) -> None:
        with pytest.raises(StackError, match="has port offset"):
            restoring.restore(stores, backup, migrate, port_offset=1)


def test_what_would_be_lost_is_counted(stores: Stack, server: Server, backup: Backup) -> None:
    with server.session() as session:
        session.execute(
            "UPDATE tasks.scans SET scanned_at = now() + interval '1 minute' WHERE ctid = '(0,1)'"
        )
        newer = session.value("SELECT count(*) FROM tasks.scans WHERE scanned_at > now()")
    assert restoring.scans_since(stores.site(), backup.manifest.created_at) == newer == 1


def test_the_report_is_for_a_person(backup: Backup) -> None:
    from magacin.cli.backup import describe

    Silent().done("")
    assert describe(backup.manifest).startswith("1 requisition, 7 scans (last ")
    assert describe(backup.manifest).endswith("), 1 user")
