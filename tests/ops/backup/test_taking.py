"""A backup of a real database: whole, private, of one moment, or not there at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from magacin.ops.backup import archive, taking
from magacin.ops.backup.archive import Backup
from magacin.ops.backup.server import Server
from magacin.stack import postgres
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.secrets import GENERATED, SUPERUSER
from tests.ops.backup.conftest import ARTICLES, Silent
from tests.ops.backup.test_archive import write

_DUMPING = "FROM pg_stat_activity WHERE application_name = 'pg_dump'"
# What `magacin backup` does, and a signal in the middle of it.
KILLED = """
import os, signal, sys
from pathlib import Path
from magacin.cli.backup import interrupt_on_signals
from magacin.ops.backup import archive, taking
from magacin.ops.backup.server import Server
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from tests.ops.backup.conftest import Silent
interrupt_on_signals()
server = Server(Stack(DataDir(Path(sys.argv[1])), Silent()).site())
taking.take(server, Path(sys.argv[2]), Silent(), lambda _: os.kill(os.getpid(), int(sys.argv[3])))
"""


def take(server: Server, target: Path, tell: Callable[[int], None] = lambda _: None) -> taking.Taken:
    return taking.take(server, target, Silent(), tell)


class TestWhole:
    def test_says_what_is_in_it(self, server: Server, backup: Backup) -> None:
        manifest = backup.manifest
        assert manifest.rows["tasks.articles"] == ARTICLES
        assert manifest.rows["tasks.scans"] == 7
        assert manifest.rows["tasks.scan_retention"] == 1
        assert manifest.last_scan_at is not None
        assert set(manifest.revisions) == {"gateway", "tasks", "imports"}
        assert backup.path.stat().st_mode & 0o777 == 0o600
        identity = server.site.data.identity()
        assert identity is not None
        assert manifest.stack == identity.id

    def test_pg_restore_lists_every_table(self, server: Server, backup: Backup) -> None:
        program = postgres.program(server.site.data.postgres.resolve(), "pg_restore")
        dump = b"".join(backup.dump(lambda _: None))
        listed = subprocess.run(
            [program, "--list"], input=dump, capture_output=True, check=True
        ).stdout.decode()
        assert listed.count("TABLE DATA") == len(backup.manifest.rows)

    def test_has_no_secret_in_it_nor_in_the_process_list(self, server: Server, tmp_path: Path) -> None:
        secrets = [server.site.secrets.value(name).encode() for name in GENERATED]
        lists: list[bytes] = []

        def look(_: int) -> None:
            lists.append(subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, check=True).stdout)

        content = take(server, tmp_path / "backup.tar", look).backup.path.read_bytes()
        assert any(b"pg_dump" in said for said in lists)
        assert not [secret for secret in secrets if secret in content or any(secret in s for s in lists)]

    def test_is_of_one_moment(self, server: Server, tmp_path: Path) -> None:
        """A row that comes while the dump is written is neither counted nor dumped."""

        def work(_: int) -> None:
            with server.session() as other:
                other.execute("INSERT INTO tasks.barcodes VALUES (gen_random_uuid()::text, 1)")

        backup = take(server, tmp_path / "backup.tar", work).backup
        assert backup.manifest.rows["tasks.barcodes"] == 0
        with server.session() as session:
            assert session.value("SELECT count(*) FROM tasks.barcodes") > 0

    def test_says_what_is_not_in_it(self, server: Server, tmp_path: Path) -> None:
        with server.session(SUPERUSER, "magacin") as admin:
            admin.execute("CREATE SCHEMA reports; CREATE TABLE reports.mine (id int)")
        try:
            assert take(server, tmp_path / "backup.tar").left_out == ["reports"]
        finally:
            with server.session(SUPERUSER, "magacin") as admin:
                admin.execute("DROP SCHEMA reports CASCADE")

    def test_replaces_a_backup_and_nothing_else(self, server: Server, backup: Backup, tmp_path: Path) -> None:
        before = backup.manifest.created_at
        assert take(server, backup.path).backup.manifest.created_at > before
        letter = tmp_path / "letter.txt"
        letter.write_text("dear all")
        with pytest.raises(StackError, match="is there already"):
            take(server, letter)
        assert letter.read_text() == "dear all"


class TestForCron:
    def backup(self, server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "magacin.cli", "backup", *arguments]
        command += ["--data-dir", str(server.site.data.path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_says_nothing_and_keeps_some(self, server: Server, tmp_path: Path) -> None:
        identity = server.site.data.identity()
        assert identity is not None
        for night in range(1, 5):
            at = datetime(2026, 1, night, 2, 30, tzinfo=UTC)
            write(tmp_path / taking.default_name(at), created_at=at, stack=identity.id)
        done = self.backup(server, str(tmp_path), "--keep", "2", "--quiet")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        [before, made] = sorted(path.name for path in tmp_path.iterdir())
        assert before == "magacin-20260104T023000Z.tar"
        assert archive.read(tmp_path / made).manifest.rows["tasks.scans"] == 7

    def test_says_what_failed(self, server: Server, tmp_path: Path) -> None:
        done = self.backup(server, str(tmp_path / "none" / "x.tar"), "--quiet")
        assert (done.returncode, done.stderr) == (1, f"magacin: there is no folder {tmp_path}/none.\n")

    def test_where_nothing_is_named(self, server: Server) -> None:
        done = self.backup(server)
        folder = server.site.data.backups
        assert folder.stat().st_mode & 0o777 == 0o700
        assert f"Written and read back: {folder}/magacin-2" in done.stdout
        assert "Copy it to another machine." in done.stdout
        assert str(server.site.data.secrets) in done.stdout

    def test_keep_is_about_a_folder(self, server: Server, tmp_path: Path) -> None:
        done = self.backup(server, str(tmp_path / "one.tar"), "--keep", "2")
        assert done.returncode == 1
        assert "--keep is about the backups of a folder" in done.stderr


class TestNotAtAll:
    def test_on_a_full_disk(self, server: Server, small_disk: Path) -> None:
        with pytest.raises(StackError, match=r"there is no room for the backup in .*No space left"):
            take(server, small_disk / "backup.tar")
        assert list(small_disk.iterdir()) == []

    def test_over_a_limit_of_file_size(self, server: Server, tmp_path: Path) -> None:
        command = [sys.executable, "-P", "-m", "magacin.cli", "backup", str(tmp_path / "backup.tar")]
        command += ["--data-dir", str(server.site.data.path)]
        limited = ["bash", "-c", 'ulimit -f 100; exec "$@"', "-", *command]
        done = subprocess.run(limited, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "there is no room for the backup" in done.stderr
        assert "Traceback" not in done.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_interrupted(self, server: Server, tmp_path: Path, number: signal.Signals) -> None:
        done = self.killed(server, tmp_path / "backup.tar", number)
        assert "KeyboardInterrupt" in done.stderr
        assert list(tmp_path.iterdir()) == []

    def test_killed_outright(self, server: Server, tmp_path: Path) -> None:
        """What it had begun has another name, and goes with the next backup."""
        done = self.killed(server, tmp_path / "backup.tar", signal.SIGKILL)
        assert done.returncode == -signal.SIGKILL
        [left] = tmp_path.iterdir()
        assert left.name.startswith(".magacin-backup-")
        take(server, tmp_path / "backup.tar")
        assert [path.name for path in tmp_path.iterdir()] == ["backup.tar"]

    def test_not_what_another_one_is_writing(self, server: Server, tmp_path: Path) -> None:
        other = take(server, tmp_path / "one.tar", lambda _: taking.sweep(tmp_path))
        assert other.backup.path.exists()

    def killed(
        self, server: Server, target: Path, number: signal.Signals
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", KILLED, str(server.site.data.path), str(target), str(int(number))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        _, gone = psutil.wait_procs([p for p in psutil.process_iter() if _is_pg_dump(p, server)], timeout=60)
        assert not gone
        return done

    def test_when_the_server_goes_away(self, server: Server, tmp_path: Path) -> None:
        def cut(_: int) -> None:
            with server.session(SUPERUSER, "postgres") as admin:
                admin.rows(f"SELECT pg_terminate_backend(pid) {_DUMPING}")

        with pytest.raises(StackError, match="pg_dump failed") as caught:
            take(server, tmp_path / "backup.tar", cut)
        assert "connection" in "".join(caught.value.details)
        assert list(tmp_path.iterdir()) == []

    def test_when_there_is_no_server(self, stores: Stack, server: Server, tmp_path: Path) -> None:
        stores.stop_parts(["postgres"])
        try:
            with pytest.raises(StackError, match="PostgreSQL does not answer"):
                take(server, tmp_path / "backup.tar")
        finally:
            stores.start_parts(["postgres"])
        assert list(tmp_path.iterdir()) == []

    def test_where_there_is_no_folder(self, server: Server, tmp_path: Path) -> None:
        with pytest.raises(StackError, match="there is no folder"):
            take(server, tmp_path / "none" / "backup.tar")


def _is_pg_dump(process: psutil.Process, server: Server) -> bool:
    try:
        return process.name() == "pg_dump" and f"--port={server.site.port('postgres')}" in process.cmdline()
    except psutil.Error:
        return False
