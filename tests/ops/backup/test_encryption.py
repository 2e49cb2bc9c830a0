"""Backups that are encrypted: for whom they are, and for nobody else, all the way."""

from __future__ import annotations

import errno
import os
import pty
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from magacin.ops.backup import archive, rehearsal, restoring, retention, taking
from magacin.ops.backup.archive import Backup, Facts, Manifest
from magacin.ops.backup.encryption import Identity, Recipients
from magacin.ops.backup.monitoring import OWN, InMemory
from magacin.ops.backup.server import Server
from magacin.ops.doctor import backups
from magacin.ops.doctor.patient import Patient
from magacin.stack import install, postgres
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from tests.ops.backup.conftest import Silent
from tests.ops.backup.test_archive import DUMP
from tests.ops.backup.test_restoring import lose, migrate, no_services, scans

__all__ = ["no_services"]

# It protects a key that is made here, and thrown away.
PASSPHRASE = "correct horse battery staple"
# Of a dashboard, which no compression hides.
TITLE = "Pallets of an hour ago"
SOURCES = [InMemory("dashboards/one", b"one"), InMemory("dashboards/two", b"two")]


def describe(dump: Facts, files: dict[str, Facts]) -> Manifest:
    return Manifest(
        format=archive.FORMAT,
        encrypted=True,
        magacin="1",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        stack="00",
        postgres_major=15,
        database_bytes=1,
        revisions={},
        rows={},
        last_scan_at=None,
        dump_bytes=dump.size,
        dump_sha256=dump.sha256,
        files=files,
    )


@dataclass(frozen=True)
class Key:
    file: Path
    recipients: Recipients

    @property
    def identity(self) -> Identity:
        return Identity.read(self.file)


def make_key(folder: Path, name: str) -> Key:
    keygen = install.locate("age").with_name("age-keygen")
    file, public = folder / name, folder / f"{name}.pub"
    subprocess.run([keygen, "-o", file], check=True, capture_output=True)
    public.write_bytes(subprocess.run([keygen, "-y", file], check=True, capture_output=True).stdout)
    return Key(file, Recipients(public))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return make_key(tmp_path_factory.mktemp("keys"), "key")


@pytest.fixture
def dashboard(stores: Stack) -> None:
    folder = stores.data.path / "dashboards"
    folder.mkdir(exist_ok=True)
    (folder / "pallets.json").write_text(f'{{"title": "{TITLE}"}}')


def take(server: Server, target: Path, recipients: Recipients) -> Backup:
    return taking.take(server, target, Silent(), lambda _: None, recipients=recipients).backup


@pytest.fixture
def sealed(server: Server, dashboard: None, tmp_path: Path, key: Key) -> Backup:
    return take(server, tmp_path / "sealed.tar", key.recipients)


class TestComesBack:
    def test_with_a_key_to_it(self, stores: Stack, server: Server, sealed: Backup, key: Key) -> None:
        lose(server, 7)
        (stores.data.path / "dashboards" / "pallets.json").unlink()
        restored = restoring.restore(stores, archive.read(sealed.path, key.identity), migrate)
        assert scans(server) == 7
        assert restored.monitoring.dashboards == ("pallets.json",)
        assert TITLE in (stores.data.path / "dashboards" / "pallets.json").read_text()
        # And by hand, on a day on which nothing of ours runs.
        program = postgres.program(server.site.data.postgres.resolve(), "pg_restore")
        by_hand = f"tar -xOf {sealed.path} database.dump | age -d -i {key.file} | {program} --list"
        listed = subprocess.run(["bash", "-c", by_hand], check=True, capture_output=True)
        assert listed.stdout.count(b"TABLE DATA") == len(sealed.manifest.rows)

    @pytest.mark.long  # scrypt takes its time, several times
    def test_with_a_key_that_a_passphrase_protects(self, key: Key, tmp_path: Path) -> None:
        """It is asked for once, however many files there are."""
        backup, protected = tmp_path / "backup.tar", tmp_path / "protected"
        with backup.open("w+b") as file:
            archive.write(file, [DUMP], describe, lambda _: None, SOURCES, key.recipients)
        assert "asked: 2" in on_terminal(["age", "-p", "-o", str(protected), str(key.file)])
        opening = (
            "import sys; from pathlib import Path; from magacin.ops.backup import archive;"
            "from magacin.ops.backup.encryption import Identity;"
            "backup = archive.read(Path(sys.argv[1]), Identity.read(Path(sys.argv[2])));"
            "print([*backup.dump(lambda _: None), *map(b''.join, map(backup.content, backup.files))])"
        )
        said = on_terminal([sys.executable, "-c", opening, str(backup), str(protected)])
        assert f"[{DUMP!r}, b'one', b'two']" in said
        assert "asked: 1" in said


def on_terminal(command: list[str]) -> str:
    """Run a command on a terminal, give the passphrase whenever it is asked for; return what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown, asked = b"", 0
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            break  # it has ended
        shown += piece
        if shown.lower().count(b"passphrase") > asked and shown.rstrip().endswith(b":"):
            asked = shown.lower().count(b"passphrase")
            os.write(terminal, PASSPHRASE.encode() + b"\n")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    return f"{shown.decode()}\nasked: {asked}"


def words() -> list[str]:
    """Return what the process list says of the programs that were started here."""
    found: list[str] = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            found += process.cmdline()
    return found


class TestForNobodyElse:
    def test_nothing_can_be_read(self, server: Server, dashboard: None, tmp_path: Path, key: Key) -> None:
        """Neither in the file, nor while it is written; and no key is in the process list."""
        seen: list[bytes] = []
        said: list[str] = []

        def look(_: int) -> None:
            said.extend(words())
            seen.extend(path.read_bytes() for path in tmp_path.iterdir())

        target, recipients = tmp_path / "sealed.tar", key.recipients
        sealed = taking.take(server, target, Silent(), look, recipients=recipients).backup
        assert len(seen) > 1
        assert f"{OWN}pallets.json" in sealed.files
        for content in (*seen, target.read_bytes()):
            assert b"PGDMP" not in content
            assert TITLE.encode() not in content
        for _ in archive.read(target, key.identity).dump(lambda _: None):
            said += words()
        assert {"--encrypt", "--decrypt"} < set(said)
        assert not any("AGE-SECRET-KEY" in word or word.startswith("age1") for word in said)
        assert "AGE-SECRET-KEY" not in repr(key.identity)

    def test_without_the_key_nothing_is_touched(
        self, stores: Stack, server: Server, sealed: Backup, tmp_path: Path
    ) -> None:
        lose(server, 3)
        with pytest.raises(StackError, match="is encrypted"):
            restoring.restore(stores, archive.read(sealed.path), migrate)
        other = make_key(tmp_path, "other").identity
        with pytest.raises(StackError, match="could not be decrypted") as caught:
            restoring.restore(stores, archive.read(sealed.path, other), migrate)
        assert any("no identity matched" in line for line in caught.value.details)
        assert scans(server) == 4

    @pytest.mark.parametrize(
        ("content", "says"), [(None, "cannot read the identity"), (b"", "is no identity")]
    )
    def test_with_no_key_at_all(self, tmp_path: Path, content: bytes | None, says: str) -> None:
        if content is not None:
            (tmp_path / "key").write_bytes(content)
        with pytest.raises(StackError, match=says):
            Identity.read(tmp_path / "key")


class TestWithoutAKey:
    """What the nightly run does, whose machine has none."""

    def test_damage_is_noticed(self, sealed: Backup) -> None:
        sealed.check(lambda _: None)
        content = bytearray(sealed.path.read_bytes())
        content[sealed.offset + 1000] ^= 1
        sealed.path.write_bytes(content)
        with pytest.raises(StackError, match="is damaged"):
            archive.read(sealed.path).check(lambda _: None)
        sealed.path.write_bytes(content[: sealed.offset + 1000])
        with pytest.raises(StackError, match="is cut off"):
            archive.read(sealed.path)

    def test_a_dump_that_cannot_be_restored_is_noticed(
        self, server: Server, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Server, "dump", lambda *_: iter([b"PGDMP", b"and nothing more"]))
        with pytest.raises(StackError, match="pg_restore failed"):
            take(server, tmp_path / "sealed.tar", key.recipients)
        assert not list(tmp_path.iterdir())

    def test_older_ones_are_removed(self, server: Server, sealed: Backup, key: Key) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        names = [taking.default_name(at + timedelta(days=day)) for day in range(3)]
        made = [take(server, sealed.path.with_name(name), key.recipients) for name in names]
        assert retention.remove_older(made[-1], 2) == [made[0].path]

    def test_the_folder_says_for_whom(self, server: Server, key: Key, tmp_path: Path) -> None:
        """Without an option, so that no backup is made in the open by mistake. The doctor knows of it."""
        data = server.site.data
        data.backup_recipients.write_bytes(key.recipients.file.read_bytes())
        data.last_backup.unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", "magacin.cli", "backup", str(tmp_path / "one.tar")]
        try:
            done = subprocess.run(
                [*command, "--data-dir", str(data.path)], capture_output=True, text=True, check=True
            )
        finally:
            data.backup_recipients.unlink()
        assert "  Encrypted. " in done.stdout
        assert archive.read(tmp_path / "one.tar").manifest.encrypted
        assert not list(backups.recent(Patient(Stack(data, Silent()))))

    def test_for_nobody_none_is_made(self, server: Server, tmp_path: Path) -> None:
        (tmp_path / "nobody").write_text("somebody\n")
        with pytest.raises(StackError, match="does not say for whom") as caught:
            take(server, tmp_path / "sealed.tar", Recipients(tmp_path / "nobody"))
        assert any("malformed recipient" in line for line in caught.value.details)
        assert not (tmp_path / "sealed.tar").exists()

    def test_on_a_full_disk(self, server: Server, small_disk: Path, key: Key) -> None:
        with pytest.raises(StackError, match=r"there is no room for the backup in .*No space left"):
            take(server, small_disk / "backup.tar", key.recipients)
        assert list(small_disk.iterdir()) == []

    def test_a_rehearsal_needs_one(self, stores: Stack, key: Key) -> None:
        with pytest.raises(StackError, match="a key is needed"):
            rehearsal.rehearse(stores, migrate, Silent(), rehearsal.Keys(key.recipients))
