"""Whatever the scan path asks for is found by an index, however much has been recorded."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import create_async_engine

from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.operations import UndoIn
from magacin.contracts.tasks.picking import PickingSettings
from magacin.contracts.tasks.refusals import RefusalQuery
from magacin.contracts.tasks.scans import ScanIn
from magacin.contracts.tasks.shortages import ShortageIn, ShortageReason, ShortagesQuery
from magacin.core.db import Database
from magacin.tasks.codes import CodeRules
from magacin.tasks.migrate import migrate
from magacin.tasks.picking import service as picking
from magacin.tasks.refusals import service as refusals
from magacin.tasks.scans import service
from magacin.tasks.scans.ledger import Operation
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.scans.undo import Undo
from magacin.tasks.shortages import listing
from tests.conftest import Server

# Filled in this order; what is large has one row for each number.
_FILL = (
    """
    INSERT INTO tasks.articles (sku, description)
    SELECT CASE WHEN n % 10 = 0 THEN 'abc-' || n ELSE n::text END, '' FROM generate_series(1, :articles) n
    """,
    """
    INSERT INTO tasks.barcodes (code, article_id, pieces)
    SELECT CASE WHEN n % 10 = 0 THEN 'BAR-' || n ELSE lpad(n::text, 14, '0') END, n, 1 + n % 12
      FROM generate_series(1, :articles) n
    """,
    """
    INSERT INTO tasks.locations (code, zone, aisle, sequence)
    SELECT 'L' || n, '', '', n FROM generate_series(1, :articles) n
    """,
    "INSERT INTO tasks.requisitions (number, destination) SELECT n, '' FROM generate_series(1, :tasks) n",
    """
    INSERT INTO tasks.pick_tasks (status, lines_open)
    SELECT 'in_progress', 4 FROM generate_series(1, :tasks) n
    """,
    "INSERT INTO tasks.task_requisitions SELECT n, n FROM generate_series(1, :tasks) n",
    """
    INSERT INTO tasks.pick_task_workers (task_id, worker)
    SELECT n, 'worker' || n % 100 FROM generate_series(1, :tasks) n
    """,
    """
    INSERT INTO tasks.requisition_lines (requisition_id, article_id, required)
    SELECT 1 + (n - 1) / 4, 1 + (n * 7) % :articles, 10 FROM generate_series(1, :lines) n
    """,
    """
    INSERT INTO tasks.task_lines (id, task_id, requisition_line_id, article_id, location_id, required)
    SELECT id, requisition_id, id, article_id, 1 + id % :articles, required FROM tasks.requisition_lines
    """,
    """
    INSERT INTO tasks.earlier_lines (task_id, version, article_id, line_id, required)
    SELECT task_id, 1, article_id, id, required FROM tasks.task_lines WHERE task_id % 10 = 0
    """,
    """
    INSERT INTO tasks.scans (operation_id, task_id, line_id, article_id, worker, code, sent_quantity,
                             quantity, outcome, picked, short, required, task_status, remaining_lines,
                             scanned_at)
    SELECT md5(n::text)::uuid, 1 + n % (:tasks), 1 + n % :lines, 1 + (n * 7) % :articles,
           'worker' || n % 100, n, 1, 1, 'picked', 1, 0, 10, 'in_progress', 10, now()
      FROM generate_series(1, :scans) n
    """,
    """
    INSERT INTO tasks.shortages (operation_id, task_id, line_id, article_id, quantity, reason, worker,
                                 created_at)
    SELECT md5('s' || n)::uuid, 1 + n % (:tasks), 1 + n % :lines, 1 + n % 1000, 1, 'damaged',
           'worker' || n % 100, now() - n * interval '2 seconds'
      FROM generate_series(1, :fourth) n
    """,
    """
    INSERT INTO tasks.undos (operation_id, undoes, worker, outcome, undone_kind, task_id, undone_at)
    SELECT md5('u' || n)::uuid, md5(n::text)::uuid, 'worker1', 'undone', 'scan', 1 + n % (:tasks), now()
      FROM generate_series(1, :fourth) n
    """,
    """
    INSERT INTO tasks.operations (operation_id)
    SELECT operation_id FROM tasks.scans
     UNION ALL SELECT operation_id FROM tasks.shortages
     UNION ALL SELECT operation_id FROM tasks.undos
    """,
    """
    INSERT INTO tasks.refusals (refused_at, worker, reason, operation_id)
    SELECT now() - n * interval '1 second', 'worker' || n % 100, 'task_not_found', md5('r' || n)::uuid
      FROM generate_series(1, :fourth) n
    """,
)
_TABLES = (
    "articles", "barcodes", "locations", "requisitions", "pick_tasks", "task_requisitions",
    "pick_task_workers", "requisition_lines", "task_lines", "earlier_lines", "scans", "shortages", "undos",
    "operations", "refusals",
)  # fmt: skip


Sizes = tuple[int, int, int]
# No fewer: where a table is small, reading all of it is what takes least.
SMALL: Sizes = (200_000, 200_000, 50_000)
LARGE: Sizes = (10_000_000, 1_000_000, 100_000)


def _psql(server: Server, statement: str) -> None:
    to = ("-h", "127.0.0.1", "-p", str(server.port), "-U", "magacin", "-d", "postgres")
    subprocess.run(["psql", "-qX", *to, "-c", statement], check=True)


@pytest.fixture(
    scope="module", params=[SMALL, pytest.param(LARGE, marks=[pytest.mark.long, pytest.mark.timeout(7_200)])]
)
async def large(
    postgres_server: Server, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[SecretStr, Sizes]]:
    """A database with so many scans, task lines and articles."""
    sizes: Sizes = request.param
    _psql(postgres_server, "CREATE DATABASE large")
    url = SecretStr(f"postgresql+asyncpg://magacin@127.0.0.1:{postgres_server.port}/large")
    await migrate(url)
    await _fill(url, *sizes)
    yield url, sizes
    _psql(postgres_server, "DROP DATABASE large WITH (FORCE)")


async def _fill(url: SecretStr, scans: int, lines: int, articles: int) -> None:
    sizes = {"scans": scans, "lines": lines, "articles": articles, "tasks": lines // 4, "fourth": scans // 4}
    engine = create_async_engine(url.get_secret_value(), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        # What a trigger checks of so many lines takes longer than all else, and is not what is asked here.
        await connection.execute(text("SET session_replication_role = replica"))
        for statement in _FILL:
            filled = re.sub(
                r":(scans|lines|articles|tasks|fourth)", lambda name: str(sizes[name[1]]), statement
            )
            await connection.execute(text(filled))
        for table in _TABLES:
            await connection.execute(text(f"VACUUM ANALYZE tasks.{table}"))
    await engine.dispose()


def _batch(size: int, sizes: Sizes) -> list[Operation]:
    """Return operations of all kinds on tasks far apart, as workers send them, and some as they do not."""
    _, lines, articles = sizes
    return [_MAKERS[n % len(_MAKERS)](1 + n * 9_973 % lines, articles, n) for n in range(size)]


def _who(line: int) -> Identity:
    return Identity(f"worker{_task(line) % 100}", Role.WORKER)


def _task(line: int) -> int:
    return 1 + (line - 1) // 4


def _sku(line: int, articles: int) -> str:
    article = 1 + (line * 7) % articles
    return f"abc-{article}" if article % 10 == 0 else str(article)


def _scan(line: int, articles: int, n: int, **more: Any) -> Operation:
    body = {"task_id": _task(line), "code": _sku(line, articles), "operation_id": uuid4(), **more}
    return Scan.of(ScanIn(**body), _who(line), CodeRules())


def _scan_of_version(line: int, articles: int, n: int) -> Operation:
    return _scan(line, articles, n, version=1, line_id=line)


def _unknown(line: int, articles: int, n: int) -> Operation:
    codes = ("ABC-20", "bar-30", "no such thing", "(01)04006381333931(37)3", "]E04006381333931")
    return _scan(line, articles, n, code=codes[n // 6 % len(codes)])


def _nowhere(line: int, articles: int, n: int) -> Operation:
    return _scan(line, articles, n, task_id=2**40)


def _shortage(line: int, articles: int, n: int) -> Operation:
    report = ShortageIn(line_id=line, quantity=1, reason=ShortageReason.DAMAGED, operation_id=uuid4())
    return Shortage(_task(line), report, _who(line))


def _undo(line: int, articles: int, n: int) -> Operation:
    scan = UUID(hashlib.md5(str(200_000 + n).encode()).hexdigest())
    return Undo(UndoIn(undoes=scan, operation_id=uuid4()), Identity("vera", Role.SUPERVISOR))


_MAKERS: Sequence[Callable[..., Operation]] = (
    _scan, _scan, _scan_of_version, _shortage, _undo, _unknown, _nowhere,
)  # fmt: skip


async def _recorded(url: SecretStr, batches: Sequence[Sequence[Operation]], mode: str) -> list[str]:
    """Record batches; return the plans of all that PostgreSQL did for them."""

    async def record(database: Database) -> None:
        for batch in batches:
            answers = await service.record(database, batch, timedelta(minutes=15))
            assert len(answers) == len(batch)

    return await _plans(Database(url, application="tests", pool_size=1), record, mode)


async def _plans(database: Database, work: Callable[[Database], Awaitable[None]], mode: str) -> list[str]:
    """Do some work on a database, which is closed then; return the plans of all that PostgreSQL did."""
    plans: list[str] = []
    told = {
        "auto_explain.log_min_duration": "0",
        "auto_explain.log_nested_statements": "on",
        "client_min_messages": "log",
        "plan_cache_mode": mode,
    }

    @event.listens_for(database.engine.sync_engine, "connect")
    def explain(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("LOAD 'auto_explain'")
        for name, value in told.items():
            cursor.execute(f"SET {name} = '{value}'")
        cursor.close()
        connection.commit()  # so that the first transaction begins with its own statement
        connection.driver_connection.add_log_listener(lambda _, message: plans.append(message.message))

    await work(database)
    await database.close()
    return [plan for plan in plans if "plan:" in plan]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("size", [1, 200])
async def test_no_table_is_read_from_its_beginning(
    large: tuple[SecretStr, Sizes], size: int, mode: str
) -> None:
    url, sizes = large
    # Of one kind each, and of all: a batch of scans alone asks less.
    kinds = [[one] for one in _batch(len(_MAKERS), sizes)] if size == 1 else [_batch(size, sizes)]
    scans = [[one for one in batch if isinstance(one, Scan)] for batch in kinds]

    plans = await _recorded(url, [*kinds, *filter(None, scans)], mode)

    assert any("pk_task_lines" in plan for plan in plans), "plans were told"
    assert _read_whole(plans) == []


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_a_device_holds_is_found_by_indexes(large: tuple[SecretStr, Sizes], mode: str) -> None:
    url, _ = large
    some = PickingSettings(separators=[], variable_measure_eans=[], undo_seconds=900)

    async def collect(database: Database) -> None:
        async with database.begin() as connection:
            held = await picking.collect(connection, Identity("worker1", Role.WORKER), some, CodeRules())
        assert len(held.tasks) == 100

    # As the requests of devices have it.
    database = Database(url, application="tests", pool_size=1, by_index=True)
    plans = await _plans(database, collect, mode)

    assert any("ix_task_lines_task_id" in plan for plan in plans), "plans were told"
    assert _read_whole(plans) == []


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_was_refused_is_found_by_indexes(large: tuple[SecretStr, Sizes], mode: str) -> None:
    url, _ = large

    async def page(database: Database) -> None:
        wanted = RefusalQuery(limit=500)
        async with database.begin() as connection:
            first = await refusals.list_refusals(connection, wanted)
            rest = wanted.model_copy(update={"before": first.next_before, "worker": "worker1"})
            found = await refusals.list_refusals(connection, rest)
        assert (len(first.items), {one.worker for one in found.items}) == (500, {"worker1"})

    plans = await _plans(Database(url, application="tests", pool_size=1), page, mode)

    assert any("ix_refusals_refused_at" in plan for plan in plans), "plans were told"
    assert _read_whole(plans) == []


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("asked", [{}, {"sku": "7"}, {"worker": "worker7"}, {"reason": "damaged"}])
async def test_shortages_are_found_by_indexes(
    large: tuple[SecretStr, Sizes], mode: str, asked: dict[str, Any]
) -> None:
    url, _ = large

    async def page(database: Database) -> None:
        wanted = ShortagesQuery(limit=20, **asked)
        async with database.begin() as connection:
            first = await listing.list_all(connection, wanted, "Europe/Belgrade")
            rest = wanted.model_copy(update={"before": first.next_before})
            found = await listing.list_all(connection, rest, "Europe/Belgrade")
        assert {len(first.items), len(found.items)} == {20}

    # As the requests for lists have it.
    plans = await _plans(Database(url, application="tests", pool_size=1, by_index=True), page, mode)

    assert any("ix_shortages_by_" in plan for plan in plans), "plans were told"
    assert _read_whole(plans) == []


def _read_whole(plans: Sequence[str]) -> list[str]:
    tables = "|".join(_TABLES)  # the driver asks for types, in catalogues
    return [plan for plan in plans if re.search(rf"Seq Scan on ({tables})\b", plan)]
