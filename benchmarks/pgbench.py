"""The yardstick: pgbench makes the same writes on the same server, one transaction a scan.

Its tables are copies of the service's, with the same indexes, checks and foreign keys; the statements are the
writes of one scan and the lock they are made under: lock the task, update line and task, insert scan and
outbox row, commit. What a scan has to look up besides is the service's own affair.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from benchmarks.stack import BenchStack
from magacin.stack import install

_SETUP = """
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS yardstick CASCADE;
CREATE SCHEMA yardstick;
CREATE TABLE yardstick.articles (LIKE tasks.articles INCLUDING ALL);
CREATE TABLE yardstick.pick_tasks (LIKE tasks.pick_tasks INCLUDING ALL);
CREATE TABLE yardstick.scans (LIKE tasks.scans INCLUDING ALL);
CREATE TABLE yardstick.outbox (LIKE tasks.outbox INCLUDING ALL);
ALTER TABLE yardstick.scans
    ADD FOREIGN KEY (task_id) REFERENCES yardstick.pick_tasks,
    ADD FOREIGN KEY (article_id) REFERENCES yardstick.articles;
INSERT INTO yardstick.articles (sku, description) SELECT n, '' FROM generate_series(1, {clients}) n;
-- Commits of before have no task lines: there, lines of requisitions were picked.
SELECT to_regclass('tasks.task_lines') IS NOT NULL AS has_task_lines \\gset
\\if :has_task_lines
CREATE TABLE yardstick.lines (LIKE tasks.task_lines INCLUDING ALL);
INSERT INTO yardstick.pick_tasks (status, lines_open)
    SELECT 'in_progress', 1 FROM generate_series(1, {clients});
INSERT INTO yardstick.lines (id, task_id, requisition_line_id, article_id, required)
    SELECT n, n, n, n, 1000000 FROM generate_series(1, {clients}) n;
\\else
CREATE TABLE yardstick.lines (LIKE tasks.requisition_lines INCLUDING ALL);
INSERT INTO yardstick.pick_tasks (requisition_id, status, lines_open)
    SELECT n, 'in_progress', 1 FROM generate_series(1, {clients}) n;
INSERT INTO yardstick.lines (requisition_id, article_id, required)
    SELECT n, n, 1000000 FROM generate_series(1, {clients}) n;
\\endif
ANALYZE yardstick.articles, yardstick.pick_tasks, yardstick.lines;
"""

_SCAN = """
\\set task :client_id + 1
BEGIN;
SELECT id, status, lines_open FROM yardstick.pick_tasks WHERE id = :task FOR UPDATE;
UPDATE yardstick.lines SET picked = picked + 1 WHERE id = :task;
UPDATE yardstick.pick_tasks SET status = 'in_progress', lines_open = 1 WHERE id = :task;
INSERT INTO yardstick.scans (operation_id, task_id, line_id, article_id, worker, code, sent_quantity,
                             quantity, outcome, picked, required, task_status, remaining_lines, scanned_at)
VALUES (gen_random_uuid(), :task, :task, :task, 'worker', '85123A', 1, 1,
        'picked', 1, 1000000, 'in_progress', 1, now());
INSERT INTO yardstick.outbox (type, subject, rooms, data)
VALUES ('scan.recorded', 'task:' || :task, '["task:1"]',
        '{"task_id": 1, "line_id": 1, "sku": "85123A", "code": "85123A", "quantity": 1, "outcome": "picked",'
        '"picked": 1, "required": 1000000, "remaining_lines": 1, "worker": "worker"}');
COMMIT;
"""


def make_tables(stack: BenchStack, *, clients: int) -> None:
    """Make the tables anew. Each client has a task; task, line and article have its number, from 1."""
    psql = [_tool("psql"), "--quiet", "--set=ON_ERROR_STOP=1"]
    setup = _SETUP.format(clients=clients)
    subprocess.run(psql, input=setup, text=True, env=stack.postgres_environment(), check=True)


def transactions_per_second(stack: BenchStack, *, clients: int, seconds: int) -> float:
    """Return pgbench's rate for the writes of a scan."""
    environment = stack.postgres_environment()
    make_tables(stack, clients=clients)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "scan.sql"
        script.write_text(_SCAN)
        command = [
            _tool("pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2",
            f"--time={seconds}", f"--file={script}",
        ]  # fmt: skip
        run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found = re.search(r"^tps = ([\d.]+)", run.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit(f"pgbench printed no rate:\n{run.stdout}")
    return float(found[1])


def _tool(name: str) -> str:
    # Debian keeps the tools beside the server, and not on PATH.
    return str(install.locate("postgres").resolve().with_name(name))
