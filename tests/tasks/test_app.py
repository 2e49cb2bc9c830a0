"""The service as a whole: dependencies that fail, what is told, what is measured."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from sqlalchemy import text

from magacin.contracts.events import EVENT_STREAM
from magacin.contracts.identity import Role
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanOutcome
from magacin.contracts.tasks.shortages import ShortageReason
from magacin.core.db import Database
from magacin.tasks.dependencies import TaskState
from magacin.tasks.settings import TaskSettings
from tests.conftest import Server
from tests.support import Caller
from tests.tasks.conftest import Warehouse


async def _eventually(check: Any, *, seconds: float = 120) -> Any:
    """Return what `check` returns as soon as it is true."""
    async with asyncio.timeout(seconds):
        while True:
            if result := await check():
                return result
            await asyncio.sleep(0.05)


async def _samples(call: Caller) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    page = await call.metrics()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def _events(redis: Redis) -> list[dict[str, Any]]:
    entries: Any = await redis.xrange(EVENT_STREAM)
    return [orjson.loads(fields[b"event"]) for _, fields in entries]


class TestPostgresqlDown:
    async def test_scan_says_so_and_is_recorded_when_sent_again(
        self, warehouse: Warehouse, call: Caller, postgres_server: Server
    ) -> None:
        task_id = await warehouse.task("ana", A=5)
        operation_id = str(uuid4())
        postgres_server.stop()
        try:
            status, body = await warehouse.scan(task_id, "A", operation_id=operation_id)
            assert (status, body["error"]["code"]) == (503, "dependency_unavailable")
            assert body["error"]["details"] == {"dependency": "postgresql"}
            for method, path in [("GET", "/api/tasks"), ("GET", "/api/board")]:
                assert (await call(method, path))[0] == 503
            status, health = await call("GET", "/health")
            assert (status, health["status"]) == (503, "failing")
            assert health["checks"]["postgresql"]["status"] == "failing"
            samples = await _samples(call)
            assert samples["magacin_dependency_up", frozenset({("dependency", "postgresql")})] == 0
            assert samples["pick_tasks", frozenset({("status", "open")})] != 0  # NaN, not a stale number
        finally:
            postgres_server.start()

        status, body = await warehouse.scan(task_id, "A", operation_id=operation_id)
        assert (status, body["picked"]) == (200, 1)
        await _eventually(lambda: _is_healthy(call))

    async def test_scans_under_way_when_it_is_killed_count_once(
        self, warehouse: Warehouse, postgres_server: Server
    ) -> None:
        task_id = await warehouse.task("ana", A=300)
        acknowledged: list[str] = []

        async def scan_until_acknowledged(operation_id: str) -> None:
            async def accepted() -> bool:
                return (await warehouse.scan(task_id, "A", operation_id=operation_id))[0] == 200

            await _eventually(accepted)
            acknowledged.append(operation_id)

        scans = [asyncio.create_task(scan_until_acknowledged(str(uuid4()))) for _ in range(300)]
        await _eventually(lambda: asyncio.sleep(0, len(acknowledged) > 20))
        postgres_server.kill()
        postgres_server.start()
        await asyncio.gather(*scans)

        async def read() -> Any:
            # A connection that lay there when it was killed may be found dead by one request.
            status, task = await warehouse.call("GET", f"/api/tasks/{task_id}")
            return task if status == 200 else None

        assert (await _eventually(read))["picked"] == 300


class TestRedisDown:
    async def test_scans_go_on_and_the_relay_catches_up(
        self, warehouse: Warehouse, call: Caller, redis: Redis, redis_server: Server
    ) -> None:
        task_id = await warehouse.task("ana", A=3)
        redis_server.stop()
        try:
            assert (await warehouse.scan(task_id, "A"))[0] == 200
            status, health = await call("GET", "/health")
            assert (status, health["status"]) == (200, "degraded")
            samples = await _samples(call)
            assert samples["outbox_pending", frozenset()] >= 1
        finally:
            redis_server.start()
        events = await _eventually(lambda: _scans_of(redis, task_id))
        assert events[0]["data"]["sku"] == "A"


async def test_scans_do_not_wait_for_a_connection_behind_those_who_read(
    service: tuple[str, TaskState], settings: TaskSettings, warehouse: Warehouse, redis: Redis
) -> None:
    task_id = await warehouse.task("ana", A=3)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(settings.database_pool_size):
            await stack.enter_async_context(service[1].database.begin())
        # Behind them it would wait for a minute, as `patience` of tests/conftest.py has it.
        async with asyncio.timeout(30):
            assert (await warehouse.scan(task_id, "A"))[0] == 200
            await _eventually(lambda: _scans_of(redis, task_id))


class TestEvents:
    async def test_are_told_in_order_with_growing_ids(
        self, warehouse: Warehouse, redis: Redis, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", "marko", A=50)
        await asyncio.gather(
            *(warehouse.scan(task_id, "A", user=u) for u in ("ana", "marko") for _ in range(25))
        )
        await _eventually(lambda: _outbox_is_empty(empty))

        told = [event for event in await _events(redis) if event["subject"] == f"task:{task_id}"]

        assert [e["data"]["picked"] for e in told if e["type"] == "scan.recorded"] == list(range(1, 51))
        assert [e["id"] for e in told] == sorted(e["id"] for e in told)
        assert told[-1]["type"] == "task.completed"
        assert told[-1]["rooms"] == [f"task:{task_id}", "user:ana", "user:marko"]

    @pytest.mark.usefixtures("relayed_when_committed")
    async def test_each_is_relayed_when_it_is_committed(
        self, warehouse: Warehouse, call: Caller, redis: Redis
    ) -> None:
        task_id = await warehouse.task("ana", A=2, B=1)
        line = (await warehouse.get(task_id))["lines"][0]["line_id"]
        short = {"line_id": line, "quantity": 1, "reason": "damaged", "operation_id": str(uuid4())}
        await _eventually(lambda: _of_type(redis, "task.assigned"))
        for path, body, event in (
            ("/api/scan", {"task_id": task_id, "code": "A", "operation_id": str(uuid4())}, "scan.recorded"),
            (f"/api/tasks/{task_id}/shortages", short, "shortage.reported"),
            (f"/api/tasks/{task_id}/cancel", None, "task.cancelled"),
        ):
            status, answer = await call("POST", path, body, role=Role.SUPERVISOR)
            assert status < 300, answer
            await _eventually(lambda event=event: _of_type(redis, event))

    async def test_refusal_is_told_to_its_worker(self, warehouse: Warehouse, redis: Redis) -> None:
        task_id = await warehouse.task("ana", A=1)
        await warehouse.scan(task_id, "nonsense")
        event = (await _eventually(lambda: _of_type(redis, "scan.refused")))[0]
        assert (event["data"]["outcome"], event["rooms"]) == ("unknown_code", ["user:ana"])


class TestMetrics:
    async def test_every_label_value_exists_at_zero_before_anything_happened(self, call: Caller) -> None:
        samples = await _samples(call)
        expected = [
            *(("scans_total", {"outcome": o.value}) for o in ScanOutcome),
            *(("pick_tasks", {"status": s.value}) for s in TaskStatus),
            *(("shortages_total", {"reason": r.value}) for r in ShortageReason),
            ("http_requests_total", {"method": "POST", "endpoint": "/api/scan", "status": "500"}),
            ("http_requests_total", {"method": "POST", "endpoint": "/api/scan", "status": "200"}),
            (
                "http_request_duration_seconds_bucket",
                {"method": "POST", "endpoint": "/api/scan", "le": "0.3"},
            ),
            ("db_pool_connections", {"state": "idle"}),
            ("outbox_pending", {}),
            ("outbox_oldest_age_seconds", {}),
            ("pick_task_oldest_open_age_seconds", {}),
            ("pick_tasks_overdue", {}),
            ("pick_tasks_held", {}),
            ("scan_batch_size_count", {}),
        ]
        missing = [
            (name, labels) for name, labels in expected if (name, frozenset(labels.items())) not in samples
        ]
        assert not missing

    async def test_a_scan_counts_once_by_outcome_and_endpoint(
        self, warehouse: Warehouse, call: Caller
    ) -> None:
        task_id = await warehouse.task("ana", A=5)
        before = await _samples(call)
        operation_id = str(uuid4())
        await warehouse.scan(task_id, "A", operation_id=operation_id)
        await warehouse.scan(task_id, "A", operation_id=operation_id)
        await warehouse.scan(task_id, "nonsense")
        after = await _samples(call)

        def grown(name: str, **labels: str) -> float:
            key = (name, frozenset(labels.items()))
            return after[key] - before.get(key, 0)

        assert grown("scans_total", outcome="picked") == 1
        assert grown("scans_total", outcome="unknown_code") == 1
        assert grown("http_requests_total", method="POST", endpoint="/api/scan", status="200") == 2
        assert grown("http_requests_total", method="POST", endpoint="/api/scan", status="409") == 1

    async def test_unfinished_tasks_past_their_due_time_are_overdue(
        self, warehouse: Warehouse, call: Caller, empty: Database
    ) -> None:
        cases = [
            # status, due time of the task and of its requisition, overdue?
            ("open", "-1 hour", None, True),
            ("assigned", None, "-1 hour", True),
            ("in_progress", "-1 hour", "1 hour", True),
            ("open", "1 hour", "-1 hour", False),
            ("open", "1 hour", None, False),
            ("open", None, None, False),
            ("completed", "-1 hour", None, False),
            ("cancelled", "-1 hour", None, False),
        ]
        overdue: list[float] = []
        for status, own, inherited, _ in cases:
            task_id = await warehouse.task(A=1)
            async with empty.begin() as connection:
                row = {"id": task_id, "status": status, "own": own, "inherited": inherited}
                await connection.execute(
                    text("""
                        UPDATE tasks.requisitions
                        SET due_at = now() + CAST(CAST(:inherited AS text) AS interval)
                        WHERE id = (SELECT requisition_id FROM tasks.task_requisitions WHERE task_id = :id)
                    """),
                    row,
                )
                await connection.execute(
                    text("""
                        UPDATE tasks.pick_tasks
                        SET status = :status, due_at = now() + CAST(CAST(:own AS text) AS interval)
                        WHERE id = :id
                    """),
                    row,
                )
            overdue.append((await _samples(call))["pick_tasks_overdue", frozenset()])

        grown = [after > before for before, after in itertools.pairwise([0.0, *overdue])]
        assert grown == [expected for *_, expected in cases]

    async def test_no_identifier_becomes_a_label(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("somebody-17", A=1)
        await warehouse.scan(task_id, "4006381333931", user="somebody-17")
        await call("GET", "/api/tasks/123456789")
        await call("GET", "/wp-login.php")
        await call("BREW", "/api/scan")
        page = await call.metrics()
        for secret in ("somebody-17", "4006381333931", "123456789", "wp-login", "BREW"):
            assert secret not in page
        assert 'endpoint="unmatched"' in page


class TestTrust:
    @pytest.mark.parametrize("token", [None, "", "wrong"])
    async def test_without_the_service_token_nothing_is_answered(
        self, call: Caller, token: str | None
    ) -> None:
        headers = call.headers() | {"X-Magacin-Service-Token": token or ""}
        status, body = await call("GET", "/api/tasks", headers=headers)
        assert (status, body["error"]["code"]) == (401, "service_token_required")


async def test_answer_leaves_only_after_the_commit(call: Caller, empty: Database) -> None:
    """A constraint that is checked at the commit makes the commit fail: the client must not be told 201."""
    async with empty.begin() as connection:
        await connection.execute(
            text("""
                CREATE FUNCTION tasks.refuse() RETURNS trigger LANGUAGE plpgsql
                    AS $$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$
            """)
        )
        await connection.execute(
            text("""
                CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON tasks.requisitions
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tasks.refuse()
            """)
        )
    try:
        body = {"number": "R1", "lines": [{"sku": "A", "quantity": 1}]}
        status, _ = await call("POST", "/api/requisitions", body)
        assert status == 500
    finally:
        async with empty.begin() as connection:
            await connection.execute(text("DROP FUNCTION tasks.refuse() CASCADE"))
    assert (await call("GET", "/api/requisitions"))[1]["items"] == []


async def _is_healthy(call: Caller) -> bool:
    return bool((await call("GET", "/health"))[1]["status"] == "ok")


async def _outbox_is_empty(database: Database) -> bool:
    async with database.begin() as connection:
        return not await connection.scalar(text("SELECT count(*) FROM tasks.outbox"))


async def _scans_of(redis: Redis, task_id: int) -> list[dict[str, Any]]:
    recorded = await _of_type(redis, "scan.recorded")
    return [event for event in recorded if event["subject"] == f"task:{task_id}"]


async def _of_type(redis: Redis, type_: str) -> list[dict[str, Any]]:
    return [event for event in await _events(redis) if event["type"] == type_]
