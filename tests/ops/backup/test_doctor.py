"""When the doctor asks for a backup, and when it has no business to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from magacin.core import last_backup
from magacin.ops.backup.archive import Backup
from magacin.ops.backup.server import Server
from magacin.ops.doctor import backups
from magacin.ops.doctor.patient import Patient
from magacin.stack.lifecycle import Stack

DAY = 86400.0


def found(stack: Stack, days: float = 0) -> list[tuple[str, str]]:
    patient = Patient(stack, lambda: time.time() + days * DAY)
    return [(finding.check, finding.level.value) for finding in backups.recent(patient)]


@pytest.fixture(autouse=True)
def never_backed_up(stores: Stack) -> None:
    stores.data.last_backup.unlink(missing_ok=True)


@pytest.fixture
def restored_identity(stores: Stack) -> Iterator[None]:
    before = stores.data.identity_file.read_text()
    yield
    stores.data.identity_file.write_text(before)


def test_of_a_day_of_work_it_is_a_note(stores: Stack, server: Server) -> None:
    assert found(stores) == [("no-backup", "note")]


def test_of_days_of_work_it_is_a_warning(stores: Stack, server: Server) -> None:
    assert found(stores, days=3) == [("backup", "warning")]
    [finding] = backups.recent(Patient(stores, lambda: time.time() + 3 * DAY))
    assert finding.mend.startswith("./magacin backup --data-dir ")


def test_all_is_saved(stores: Stack, server: Server, backup: Backup) -> None:
    """However long ago: where nobody works there is nothing to save."""
    assert found(stores, days=300) == []


def test_work_since_the_last_one(stores: Stack, server: Server, backup: Backup) -> None:
    with server.session() as session:
        session.execute("INSERT INTO tasks.requisitions (number, destination) VALUES ('R-9', '')")
    assert found(stores, days=1.9) == []
    assert found(stores, days=2.1) == [("backup", "warning")]


def test_nobody_has_worked_yet(stores: Stack, server: Server) -> None:
    with server.session() as session:
        session.execute(
            "TRUNCATE tasks.requisitions, tasks.requisition_lines, tasks.pick_tasks, tasks.task_lines CASCADE"
        )
    assert found(stores, days=30) == []


def test_what_the_demo_does_is_nobodys_work(stores: Stack, server: Server, restored_identity: None) -> None:
    stores.data.not_production()
    assert found(stores, days=30) == []


def test_a_note_that_cannot_be_read_is_none(stores: Stack, server: Server) -> None:
    last_backup.remember(stores.data.path, datetime.now(UTC) - timedelta(days=1), stores.data.path / "x.tar")
    assert last_backup.last(stores.data.path) is not None
    for text in ("", "[]", '{"at": 5}', '{"at": "soon"}'):
        stores.data.last_backup.write_text(text)
        assert last_backup.last(stores.data.path) is None
