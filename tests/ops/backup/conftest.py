"""The stores of a real stack, with our tables and a little work in them."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from magacin.cli.migrate import upgrade_all
from magacin.ops.backup import taking
from magacin.ops.backup.archive import Backup
from magacin.ops.backup.server import Server
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from magacin.stack.secrets import DATABASE, SUPERUSER
from magacin.stack.starting import Wish
from tests.support import free_offset

# Enough that a dump is longer than what pipes and sockets hold.
ARTICLES = 14_000
_FILL = f"""
TRUNCATE tasks.articles, tasks.requisitions, tasks.requisition_lines, tasks.task_lines, tasks.pick_tasks,
tasks.outbox, imports.jobs, gateway.users RESTART IDENTITY CASCADE;
INSERT INTO tasks.articles (sku, description) SELECT md5(n::text), md5((-n)::text)
FROM generate_series(1, {ARTICLES}) AS n;
INSERT INTO tasks.requisitions (number, destination) VALUES ('R-1', 'store 1');
INSERT INTO tasks.requisition_lines (requisition_id, article_id, required) VALUES (1, 1, 100);
INSERT INTO tasks.pick_tasks (lines_open) VALUES (1);
INSERT INTO tasks.task_requisitions (task_id, requisition_id) VALUES (1, 1);
INSERT INTO tasks.task_lines (id, task_id, requisition_line_id, article_id, required, picked)
VALUES (1, 1, 1, 1, 100, 7);
INSERT INTO tasks.scans (operation_id, task_id, worker, code, sent_quantity, quantity, outcome, task_status,
    remaining_lines, scanned_at)
SELECT gen_random_uuid(), 1, 'ana', 'x', 1, 1, 'picked', 'in_progress', 1, now() - interval '1 hour'
FROM generate_series(1, 7);
INSERT INTO tasks.scan_retention (removed_before, first_day, place) VALUES ('2025-01-01', '2025-01-01', 7)
ON CONFLICT DO NOTHING;
INSERT INTO tasks.outbox (type, subject, rooms, data) VALUES ('scan.recorded', 'task:1', '[]', '{{}}');
INSERT INTO gateway.users (username, role, password_hash) VALUES ('ana', 'worker', 'hash');
INSERT INTO gateway.refresh_tokens VALUES ('\\x00', gen_random_uuid(), 'ana', now() + interval '1 day', NULL);
"""


class Silent:
    """A reporter for nobody."""

    def doing(self, text: str) -> None:
        pass

    def percent(self, percent: int, text: str) -> None:
        pass

    def done(self, text: str) -> None:
        pass


@pytest.fixture(scope="session")
def stores() -> Iterator[Stack]:
    """PostgreSQL and Redis of a stack, in a folder that PostgreSQL's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="magacin-backup-"))
    folder.chmod(0o755)
    stack = Stack(DataDir(folder / "data"), Silent())
    try:
        stack.up(Wish(stores=True, port_offset=free_offset()))
        asyncio.run(upgrade_all(Server(stack.site()).url(DATABASE)))
        yield stack
    finally:
        stack.down()
        shutil.rmtree(folder)


@pytest.fixture
def server(stores: Stack) -> Server:
    """The server, with the same in its database before each test."""
    server = Server(stores.site())
    with server.session(SUPERUSER, "postgres") as admin:
        admin.execute("DROP DATABASE IF EXISTS magacin_before_restore WITH (FORCE)")
    with server.session() as session:
        session.execute(_FILL)
    return server


@pytest.fixture
def backup(server: Server, tmp_path: Path) -> Backup:
    return taking.take(server, tmp_path / "backup.tar", Silent(), lambda _: None).backup


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a quarter of a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)
