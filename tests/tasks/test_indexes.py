"""Whatever is asked for is found by an index, however much has been recorded."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Pool, event

from magacin.contracts import api
from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.operations import UndoIn
from magacin.contracts.tasks.picking import PickingSettings
from magacin.contracts.tasks.refusals import RefusalQuery
from magacin.contracts.tasks.scans import ScanIn
from magacin.contracts.tasks.shortages import ShortageIn, ShortageReason, ShortagesQuery
from magacin.core.db import Database
from magacin.core.logging import REQUEST_ID
from magacin.tasks.app import create_app
from magacin.tasks.bulk import BulkLane
from magacin.tasks.codes import CodeRules
from magacin.tasks.migrate import migrate
from magacin.tasks.picking import service as picking
from magacin.tasks.refusals import service as refusals
from magacin.tasks.scans import service
from magacin.tasks.scans.ledger import Operation
from magacin.tasks.scans.retention import Retention
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.scans.state import Confirming
from magacin.tasks.scans.undo import Undo
from magacin.tasks.settings import TaskSettings
from magacin.tasks.shortages import listing
from tests.conftest import SERVICE_TOKEN, Server
from tests.support import Caller, serving
from tests.tasks.filling import TABLES, Sizes, close_tasks, fill

# No fewer: where a table is small, reading all of it is what takes least.
SMALL = Sizes(scans=200_000, lines=200_000, articles=50_000)
LARGE = Sizes(scans=10_000_000, lines=1_000_000, articles=100_000)


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
    await fill(url, sizes)
    yield url, sizes
    _psql(postgres_server, "DROP DATABASE large WITH (FORCE)")


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
            answers = await service.record(database, batch, timedelta(minutes=15), Confirming())
            assert len(answers) == len(batch)

    return await _plans(Database(url, application="tests", pool_size=1), record, mode)


async def _plans(database: Database, work: Callable[[Database], Awaitable[None]], mode: str) -> list[str]:
    """Do some work on a database, which is closed then; return the plans of all that PostgreSQL did."""
    plans: list[str] = []
    told = {"auto_explain.log_min_duration": "0", "plan_cache_mode": mode}
    event.listen(database.engine.sync_engine, "connect", _explaining(plans, told))

    await work(database)
    await database.close()
    return [plan for plan in plans if "plan:" in plan]


def _explaining(plans: list[str], settings: Mapping[str, str]) -> Callable[[Any, Any], None]:
    """Return what has a new connection tell `plans` how PostgreSQL did what it was asked."""
    told = {"auto_explain.log_nested_statements": "on", "client_min_messages": "log", **settings}

    def explain(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("LOAD 'auto_explain'")
        for name, value in told.items():
            cursor.execute(f"SET {name} = '{value}'")
        cursor.close()
        connection.commit()  # so that the first transaction begins with its own statement
        connection.driver_connection.add_log_listener(lambda _, message: plans.append(message.message))

    return explain


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


async def test_what_is_too_old_is_found_by_indexes(large: tuple[SecretStr, Sizes]) -> None:
    url, _ = large

    async def remove(database: Database) -> None:
        turn = BulkLane(lambda: False).turn
        assert await Retention(database, months=13, zone="UTC", turn=turn).step()

    async with Database(url, application="tests", pool_size=1) as database, database.begin() as connection:
        for statement in _SOME_ARE_OLD:
            await connection.exec_driver_sql(statement)
    # As the service has it.
    database = Database(url, application="tests", pool_size=1, by_index=True)
    plans = await _plans(database, remove, "force_generic_plan")

    (removal,) = [plan for plan in plans if "Delete on scans" in plan]
    # Each by its key: a join of these could as well read the index from its beginning to its end.
    assert {"pk_scans", "pk_operations"} <= set(re.findall(r"\bpk_\w+", removal))
    assert not re.search(r"(Merge|Hash) .*Join", removal)
    assert _read_whole(plans) == []


_SOME_ARE_OLD = (
    "UPDATE tasks.scans SET scanned_at = scanned_at - interval '3 years' WHERE operation_id IN"
    " (SELECT md5(n::text)::uuid FROM generate_series(1, 300) n)",
    "INSERT INTO tasks.scan_retention (removed_before, first_day, place)"
    " SELECT now() - interval '2 years', now() - interval '2 years', 0 ON CONFLICT DO NOTHING",
)


def _read_whole(plans: Sequence[str]) -> list[str]:
    tables = "|".join(TABLES)  # the driver asks for types, in catalogues
    return [plan for plan in plans if re.search(rf"Seq Scan on ({tables})\b", plan)]


# Each list and each single object, as screens ask for them. What files are made of is not among them, nor a
# search by part of a text: it reads all articles, or all locations, of which there are far fewer.
_ASKED = (
    "/api/articles?limit=100",
    "/api/articles/7",
    "/api/articles/7/locations",
    "/api/board",
    "/api/locations?limit=100",
    "/api/tasks?limit=100",
    "/api/tasks?limit=100&status=in_progress",
    "/api/tasks?limit=100&status=open",
    "/api/tasks?limit=100&mine=true",
    "/api/tasks?task_id=1&task_id=2",
    "/api/tasks/1",
    "/api/picking",
    "/api/refusals?limit=100",
    "/api/refusals?limit=100&sku=7",
    "/api/refusals?limit=100&worker=worker7",
    "/api/reports/day",
    "/api/reports/worker?period=last_month",
    "/api/report-mails",
    "/api/requisitions?limit=100",
    "/api/requisitions?limit=100&released=true",
    "/api/requisitions?limit=100&released=false",
    "/api/requisitions/1",
    "/api/tasks/1/scans",
    "/api/tasks/1/shortages",
    "/api/shortages?limit=100",
    "/api/shortages?limit=100&sku=7",
    "/api/shortages?limit=100&worker=worker7&reason=damaged",
    "/api/shifts",
    "/api/teams",
    "/api/attendance",
    "/api/wall",
    "/api/webhooks",
    "/api/webhooks/1/deliveries",
    "/api/webhooks/1/deliveries?status=waiting",
    "/api/webhooks/1/deliveries/1",
)
# Rows that a statement may look at: some pages, what a day brings, and the lines of what is open.
_MOST_ROWS = 10_000
# Once in five minutes, by an index alone.
_COUNTED = "count(*) FROM tasks.pick_tasks WHERE status = 'completed' AND completed_at < "


@pytest.fixture(scope="module")
async def asking(
    large: tuple[SecretStr, Sizes], redis_server: Server
) -> AsyncIterator[Callable[[str], Awaitable[list[str]]]]:
    """Asks the service for something, and returns the plans of what it asked PostgreSQL for that."""
    plans: list[str] = []

    def explain(connection: Connection) -> None:
        # What the loops do besides is not asked here. Only requests have an id.
        if REQUEST_ID.get() is not None:
            connection.exec_driver_sql("SET LOCAL auto_explain.log_min_duration = 0")

    url, _ = large
    await close_tasks(url, left_open=2_000)
    async with Database(url, application="tests", pool_size=1) as database, database.begin() as connection:
        await connection.exec_driver_sql(_REPORTS_HAVE_FOLLOWED)
    listen = _explaining(plans, {"auto_explain.log_analyze": "on", "auto_explain.log_timing": "off"})
    event.listen(Pool, "connect", listen)
    event.listen(Engine, "begin", explain)
    settings = TaskSettings(
        database_url=url,
        redis_url=SecretStr(f"redis://127.0.0.1:{redis_server.port}/0"),
        service_token=SecretStr(SERVICE_TOKEN),
    )
    try:
        async with serving(create_app(settings)) as base, aiohttp.ClientSession() as session:
            call = Caller(session, base)

            async def ask(path: str) -> list[str]:
                plans.clear()
                role = Role.SCREEN if path == "/api/wall" else Role.ADMIN
                status, answer = await call("GET", path, user="worker7", role=role)
                assert status in (200, 404), answer
                return [plan for plan in plans if "plan:" in plan]

            yield ask
    finally:
        event.remove(Pool, "connect", listen)
        event.remove(Engine, "begin", explain)


_REPORTS_HAVE_FOLLOWED = "UPDATE tasks.report_state SET place = (SELECT max(place) FROM tasks.operations)"


@pytest.mark.parametrize("path", _ASKED)
async def test_what_is_asked_for_reads_what_it_shows(
    asking: Callable[[str], Awaitable[list[str]]], path: str
) -> None:
    plans = await asking(path)

    assert plans, "plans were told"
    excessive = {*_read_whole(plans), *(plan for plan in plans if _most_rows(plan) > _MOST_ROWS)}
    excessive = {plan for plan in excessive if _COUNTED not in plan}
    assert not excessive, "\n".join(excessive)


def test_everything_that_can_be_asked_for_is_asked() -> None:
    asked = {path.partition("?")[0] for path in _ASKED}
    for endpoint in api.TASKS:
        if endpoint.method == "GET" and not endpoint.bulk and endpoint.path.startswith("/api/"):
            pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(endpoint.path))
            assert any(re.fullmatch(pattern, path) for path in asked), endpoint.path


def _most_rows(plan: str) -> float:
    """Return the most rows that a node of a plan gave or left out."""
    given = [float(rows) * float(loops) for rows, loops in re.findall(r"actual rows=(\S+) loops=(\d+)", plan)]
    left_out = [float(rows) for rows in re.findall(r"Rows Removed by \w+(?: \w+)?: (\d+)", plan)]
    return max(given + left_out, default=0)
