"""A database from before there were task lines, migrated: every total of before is found again.

It was left by the Task Service of commit d534ad2, with tasks that nobody has, that were given out, half
picked, completed by scans and by shortages, cancelled and put back, and a requisition without a task.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.core.migrations import alembic_config, upgrade
from magacin.tasks import migrate as tasks_migrate
from magacin.tasks.app import create_app
from magacin.tasks.migrate import migrate
from magacin.tasks.models import SCHEMA, metadata
from magacin.tasks.settings import TaskSettings
from tests.conftest import SERVICE_TOKEN, Server
from tests.support import Caller, serving

_FIXTURES = Path(__file__).parents[1] / "fixtures"
_DATA = _FIXTURES / "before-task-lines.sql"
BEFORE: dict[str, Any] = json.loads((_FIXTURES / "before-task-lines.json").read_text("utf-8"))
_MIGRATIONS = Path(tasks_migrate.__file__).parent / "migrations"
_OLD = "0002"

_COUNTED = [one for one in BEFORE["operations"] if one["status"] < 300]


@pytest.fixture(scope="session")
async def as_it_was(postgres_server: Server) -> Callable[..., None]:
    """A database as it was then, to be copied; what runs psql on a database of that server."""
    server = ("-h", "127.0.0.1", "-p", str(postgres_server.port), "-U", "magacin")
    psql = ("psql", "-qX", "-v", "ON_ERROR_STOP=1", *server)

    def run(database: str, *command: str) -> None:
        subprocess.run([*psql, "-d", database, *command], check=True, stdout=subprocess.DEVNULL)

    run("postgres", "-c", "CREATE DATABASE as_it_was")
    await upgrade(_url(postgres_server, "as_it_was"), SCHEMA, _MIGRATIONS, _OLD)
    run("as_it_was", "-f", str(_DATA))
    return run


@pytest.fixture
async def before(postgres_server: Server, as_it_was: Callable[..., None]) -> AsyncIterator[SecretStr]:
    """A copy of it for one test."""
    as_it_was("postgres", "-c", "CREATE DATABASE before_lines TEMPLATE as_it_was")
    yield _url(postgres_server, "before_lines")
    as_it_was("postgres", "-c", "DROP DATABASE before_lines WITH (FORCE)")


def _url(server: Server, name: str) -> SecretStr:
    return SecretStr(f"postgresql+asyncpg://magacin@127.0.0.1:{server.port}/{name}")


@pytest.fixture
async def old(before: SecretStr) -> AsyncIterator[Database]:
    database = Database(before, application="tests")
    yield database
    await database.close()


@pytest.fixture
async def call(before: SecretStr, redis_url: SecretStr) -> AsyncIterator[Caller]:
    """The service of today on that database, migrated."""
    await migrate(before)
    settings = TaskSettings(
        database_url=before,
        redis_url=redis_url,
        service_token=SecretStr(SERVICE_TOKEN),
        undo_seconds=10**9,  # what was closed when the database was made may still be taken back
    )
    async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
        yield Caller(session, url)


async def _task(call: Caller, task_id: int) -> Any:
    status, task = await call("GET", f"/api/tasks/{task_id}", role=Role.SUPERVISOR)
    assert status == 200, task
    return task


async def _send(call: Caller, one: dict[str, Any]) -> tuple[int, Any]:
    return await call("POST", one["path"], one["body"], user=one["user"], role=Role(one["role"]))


def _is_told(old: Any, new: Any) -> bool:
    """Tell whether an answer still says all that it said; more may have been added since."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and _is_told(value, new[name]) for name, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_is_told, old, new))
    return bool(old == new)


async def _totals(connection: AsyncConnection) -> dict[int, tuple[int, int, int]]:
    """Return requisition line → required, picked and short of it, as the tables of then have them."""
    rows = await connection.execute(text("SELECT id, required, picked, short FROM tasks.requisition_lines"))
    return {row.id: (row.required, row.picked, row.short) for row in rows}


async def _pairs(connection: AsyncConnection, query: str) -> dict[int, int]:
    return {row[0]: row[1] for row in await connection.execute(text(query))}


async def _planned(connection: AsyncConnection) -> dict[int, tuple[int, int, int]]:
    """Return the same of those that have task lines now, summed over these."""
    rows = await connection.execute(
        text("""
            SELECT l.id, l.required, sum(t.required) AS planned, sum(t.picked) AS picked,
                   sum(t.short) AS short, sum(t.required - t.picked - t.short) AS remaining
              FROM tasks.requisition_lines l JOIN tasks.task_lines t ON t.requisition_line_id = l.id
             GROUP BY l.id
        """)
    )
    found = {}
    for row in rows:
        assert row.planned == row.required == row.picked + row.short + row.remaining
        found[row.id] = (row.required, row.picked, row.short)
    return found


async def test_every_total_is_what_it_was(old: Database, before: SecretStr) -> None:
    async with old.begin() as connection:
        totals = await _totals(connection)
        open_before = await _pairs(connection, "SELECT id, lines_open FROM tasks.pick_tasks")

    await migrate(before)

    async with old.begin() as connection:
        planned = await _planned(connection)
        wrong = await connection.execute(
            text("""
                SELECT t.id, t.lines_open FROM tasks.pick_tasks t
                 WHERE lines_open <> (SELECT count(*) FROM tasks.task_lines
                                       WHERE task_id = t.id AND picked + short < required)
            """)
        )
        open_now = await _pairs(connection, "SELECT id, lines_open FROM tasks.pick_tasks")
        # What names a line names one of its own task and article, of the very requisition line.
        strays = await connection.execute(
            text("""
                SELECT s.operation_id FROM tasks.scans s LEFT JOIN tasks.task_lines l ON l.id = s.line_id
                 WHERE s.line_id IS NOT NULL
                   AND (l.id IS NULL OR (l.task_id, l.article_id) <> (s.task_id, s.article_id))
                 UNION ALL
                SELECT s.operation_id FROM tasks.shortages s LEFT JOIN tasks.task_lines l ON l.id = s.line_id
                 WHERE l.id IS NULL OR l.task_id <> s.task_id
                 UNION ALL
                SELECT NULL FROM tasks.task_lines WHERE id <> requisition_line_id
            """)
        )
        sums = await connection.execute(
            text("""
                SELECT l.id FROM tasks.task_lines l
                 WHERE l.picked <> (SELECT coalesce(sum(quantity), 0) FROM tasks.scans s
                                     WHERE s.line_id = l.id
                                       AND outcome IN ('picked', 'line_complete', 'task_complete'))
                    OR l.short <> (SELECT coalesce(sum(quantity), 0) FROM tasks.shortages s
                                    WHERE s.line_id = l.id AND outcome = 'reported')
            """)
        )
        assert [wrong.all(), strays.all(), sums.all()] == [[], [], []]
        served = await _pairs(connection, "SELECT task_id, requisition_id FROM tasks.task_requisitions")
        assert served == {task["task_id"]: task["requisition_id"] for task in BEFORE["tasks"]}
    given = {line: total for line, total in totals.items() if line in planned}
    assert planned == given
    assert open_now == open_before
    # Only the lines of the requisition that has no task are in none.
    assert {totals[line] for line in totals.keys() - planned.keys()} == {(4, 0, 0), (2, 0, 0)}


async def test_every_id_stays_that_of_its_operation(old: Database, before: SecretStr) -> None:
    async with old.begin() as connection:
        kinds = "SELECT operation_id FROM tasks.scans UNION SELECT operation_id FROM tasks.shortages"
        recorded = (await connection.scalars(text(kinds))).all()

    await migrate(before)

    async with old.begin() as connection:
        carried = (await connection.scalars(text("SELECT operation_id FROM tasks.operations"))).all()
    assert sorted(carried) == sorted(recorded)
    assert recorded


async def test_the_api_tells_of_every_task_what_it_told(call: Caller) -> None:
    tasks = [await _task(call, task["task_id"]) for task in BEFORE["tasks"]]
    assert {task["status"] for task in tasks} == {
        "open", "assigned", "in_progress", "completed", "cancelled",
    }  # fmt: skip
    assert [old for old, new in zip(BEFORE["tasks"], tasks, strict=True) if not _is_told(old, new)] == []


async def test_what_is_sent_again_gets_its_first_answer_and_counts_nothing(call: Caller) -> None:
    answers = [await _send(call, one) for one in BEFORE["operations"]]

    assert [status for status, _ in answers] == [one["status"] for one in BEFORE["operations"]]
    for one, (_, answer) in zip(BEFORE["operations"], answers, strict=True):
        # A shortage answers with its task, as it is by the time it is answered.
        is_shortage = one["path"] != "/api/scan" and one["status"] == 201
        task_id = one["answer"].get("task_id")
        assert _is_told(BEFORE["tasks"][task_id - 1] if is_shortage else one["answer"], answer), one
    tasks = [await _task(call, task["task_id"]) for task in BEFORE["tasks"]]
    assert all(map(_is_told, BEFORE["tasks"], tasks))


async def test_all_of_it_can_be_taken_back_once(call: Caller, old: Database) -> None:
    undos = [{"undoes": one["body"]["operation_id"], "operation_id": str(uuid4())} for one in _COUNTED]
    for undo, one in zip(undos, _COUNTED, strict=True):
        status, answer = await call("POST", "/api/undo", undo, user=one["user"], role=Role(one["role"]))
        assert (status, answer["quantity"]) == (200, _pieces(one)), answer
        again = undo | {"operation_id": str(uuid4())}
        status, answer = await call("POST", "/api/undo", again, user=one["user"], role=Role(one["role"]))
        assert (status, answer["error"]["code"]) == (409, "already_undone")

    for task in BEFORE["tasks"]:
        now = await _task(call, task["task_id"])
        assert (now["picked"], now["short"]) == (0, 0)
        closed = {"completed": "in_progress"}
        assert now["status"] == closed.get(task["status"], task["status"])
    async with old.begin() as connection:
        assert all(picked == short == 0 for _, picked, short in (await _planned(connection)).values())


def _pieces(one: dict[str, Any]) -> int:
    return int(one["answer"].get("quantity") or one["body"]["quantity"])


async def test_scanning_goes_on(call: Caller) -> None:
    half = BEFORE["tasks"][2]
    codes = ["A", *["C"] * half["lines"][2]["remaining"]]
    outcomes = []
    for code in codes:
        body = {"task_id": half["task_id"], "code": code, "operation_id": str(uuid4())}
        status, answer = await call("POST", "/api/scan", body)
        assert status == 200, answer
        outcomes.append(answer["outcome"])
    assert outcomes == ["line_complete", "picked", "task_complete"]
    # The requisition that had no task gets one, and the next requisition lines of their own.
    body = {"number": "NEW", "lines": [{"sku": "A", "quantity": 2}]}
    _, created = await call("POST", "/api/requisitions", body, role=Role.SUPERVISOR)
    wanted = {"requisition_ids": [1, created["requisition_id"]]}
    status, tasks = await call("POST", "/api/tasks", wanted, role=Role.SUPERVISOR)
    assert (status, [task["required"] for task in tasks]) == (201, [6, 2])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE tasks.pick_tasks SET lines_open = lines_open + 1 WHERE id = 3", 3),
        ("UPDATE tasks.pick_tasks SET lines_open = 1 WHERE status = 'completed' AND id = 5", 5),
        ("UPDATE tasks.requisition_lines SET picked = 1 WHERE id = 2", 2),  # in no task
    ],
)
async def test_what_does_not_add_up_is_named_and_nothing_is_changed(
    old: Database, before: SecretStr, damage: str, named: int
) -> None:
    async with old.begin() as connection:
        await connection.execute(text(damage))
    was = await _content(old)

    with pytest.raises(RuntimeError, match=f"task or requisition line {named} do not add up") as refused:
        await migrate(before)

    assert "Nothing was migrated" in str(refused.value)
    assert await _content(old) == was


async def test_names_that_look_alike_are_found_by_one_form(old: Database, before: SecretStr) -> None:
    apart, both = "S\u030cA", "C\u030cA"
    async with old.begin() as connection:
        for sku in (apart, both, "\u010cA", "PLAIN"):
            new = text("INSERT INTO tasks.articles (sku, description) VALUES (:sku, '')")
            await connection.execute(new, {"sku": sku})
    await migrate(before)
    async with old.begin() as connection:
        kept = set((await connection.scalars(text("SELECT sku FROM tasks.articles"))).all())
    # Of two, which one is right is for people to say.
    assert {"\u0160A", both, "\u010cA", "PLAIN"} <= kept
    assert apart not in kept


async def test_down_and_up_again_is_the_same(old: Database, before: SecretStr) -> None:
    was = await _content(old)
    await migrate(before)
    migrated = await _content(old)

    await _downgrade(old, _OLD)

    assert await _content(old) == was

    await migrate(before)

    assert await _content(old) == migrated
    async with old.begin() as connection:
        assert await connection.run_sync(_differences) == []


async def test_down_is_refused_when_the_tables_of_then_cannot_say_it(call: Caller, old: Database) -> None:
    # All that is left of a line is picked at another place, by a line that then was not.
    status, body = await call("PUT", "/api/locations/B-1", {"sequence": 1}, role=Role.SUPERVISOR)
    assert status == 200, body
    line = BEFORE["tasks"][0]["lines"][0]
    moved = {
        "lines": [{"line_id": line["line_id"], "quantity": line["remaining"]}],
        "to_task_id": 1,
        "location": "B-1",
        "operation_id": str(uuid4()),
    }
    status, body = await call("POST", "/api/tasks/1/split", moved, role=Role.SUPERVISOR)
    assert status == 200, body
    migrated = await _content(old)

    with pytest.raises(RuntimeError, match="Restore a backup"):
        await _downgrade(old, _OLD)

    assert await _content(old) == migrated


async def _content(database: Database) -> dict[str, list[Any]]:
    """Return all rows of all tables, whatever the order of their columns; not what follows them by itself."""
    async with database.begin() as connection:
        names = (
            await connection.scalars(
                text(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'tasks'"
                    " AND tablename !~ '^(report_|task_turns)' ORDER BY tablename"
                )
            )
        ).all()
        return {
            name: sorted(
                (await connection.scalars(text(f"SELECT to_jsonb(t)::text FROM tasks.{name} t"))).all()
            )
            for name in names
            if name != "outbox"
        }


async def _downgrade(database: Database, revision: str) -> None:
    async with database.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(_MIGRATIONS, sync), revision))


def _differences(connection: Connection) -> list[Any]:
    """Return what the tables lack of what the models say."""
    options = {
        "include_schemas": True,
        "include_name": lambda name, type_, _: type_ != "schema" or name == SCHEMA,
        "include_object": lambda _, name, type_, *__: (type_, name) != ("table", "alembic_version"),
    }
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    return found
