"""The main job on the real stack: orders in, scans through, events out, everything measured."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from magacin.contracts.events import SOCKET_EVENT
from magacin.stack import clients
from magacin.stack.parts import PARTS
from magacin.stack.paths import DataDir
from tests.e2e.conftest import ROOT, Api, Crew, RunningStack, eventually, magacin
from tests.support import SocketClient

pytestmark = pytest.mark.e2e

SAMPLE = ROOT / "src" / "magacin" / "demo" / "sample_orders.csv"
SERVICES = ("api-gateway", "task-service", "import-service", "realtime-worker", "inbox", "console")
CONTRACT = ROOT / "docs" / "metrics.md"


def contract() -> dict[str, dict[str, tuple[str, set[str]]]]:
    """Return service → metric → (type, labels), as docs/metrics.md has them."""
    row = re.compile(r"^\| (?P<services>[\w, -]+) \| `(?P<name>\w+)` \| (?P<type>\w+) \| (?P<labels>[^|]*)\|")
    table: dict[str, dict[str, tuple[str, set[str]]]] = {service: {} for service in SERVICES}
    for line in CONTRACT.read_text().splitlines():
        if found := row.match(line):
            services = SERVICES if found["services"] == "all" else found["services"].split(", ")
            for service in services:
                table[service][found["name"]] = (found["type"], set(re.findall(r"`(\w+)`", found["labels"])))
    assert sum(map(len, table.values())) > 40
    return table


async def _query(api: Api, stack: RunningStack, expression: str) -> list[dict[str, Any]]:
    url = f"{stack.url('prometheus')}/api/v1/query"
    async with api.session.get(url, params={"query": expression}) as response:
        answer = await response.json()
    assert answer["status"] == "success", answer
    return list(answer["data"]["result"])


def test_every_part_is_healthy(stack: RunningStack) -> None:
    unhealthy = {name: part for name, part in stack.status().items() if part["health"] != "healthy"}
    assert not unhealthy
    assert set(SERVICES) < set(stack.status())


async def test_prometheus_scrapes_every_target(stack: RunningStack, admin: Api) -> None:
    async def all_up() -> set[str]:
        up = {row["metric"]["job"]: row["value"][1] for row in await _query(admin, stack, "up")}
        expected = {name for name in stack.status() if PARTS[name].metrics is not None}
        return set(up) if set(up) == expected and set(up.values()) == {"1"} else set()

    assert await eventually(all_up)


async def test_rules_of_every_file_are_loaded(stack: RunningStack, admin: Api) -> None:
    async with admin.session.get(f"{stack.url('prometheus')}/api/v1/rules") as response:
        groups = (await response.json())["data"]["groups"]
    loaded = {Path(group["file"]).name for group in groups}
    assert loaded == {file.name for file in (ROOT / "monitoring" / "rules").glob("*.yml")}


def _import(stack: RunningStack, file: Path, *options: str) -> dict[str, Any]:
    run = magacin("import", str(file), "--json", "--data-dir", str(stack.data_dir), *options, check=False)
    answer = json.loads(run.stdout)
    job: dict[str, Any] = answer[0] if isinstance(answer, list) else answer
    return job


class TestSampleOrders:
    async def test_become_requisitions_exactly_once(self, stack: RunningStack, admin: Api) -> None:
        with SAMPLE.open(encoding="cp1252", newline="") as file:
            rows = list(csv.DictReader(file))
        bad = {row["InvoiceNo"] for row in rows if int(row["Quantity"]) <= 0}
        good = {row["InvoiceNo"] for row in rows} - bad

        first = _import(stack, SAMPLE)
        again = _import(stack, SAMPLE)

        counts = first["counts"]
        assert counts["rows_read"] == len(rows)
        assert counts["requisitions_created"] == len(good)
        assert counts["requisitions_held_back"] == len(bad)
        assert again["counts"]["requisitions_created"] == 0
        assert again["counts"]["requisitions_duplicate"] == len(good)
        numbers = await self._numbers(admin)
        # Others of these tests make orders, too, under other numbers.
        assert sorted(n for n in numbers if n in good | bad) == sorted(good)

    async def _numbers(self, admin: Api) -> list[str]:
        numbers: list[str] = []
        after: int | None = 0
        while after is not None:
            _, page = await admin("GET", f"/api/requisitions?limit=500&after={after}")
            numbers += [item["number"] for item in page["items"]]
            after = page["next_after"]
        return numbers

    async def test_are_picked_by_a_worker_who_sees_each_scan(
        self, stack: RunningStack, admin: Api, crew: Crew
    ) -> None:
        _import(stack, SAMPLE)
        _, page = await admin("GET", "/api/requisitions?released=false&limit=50")
        requisition = min(page["items"], key=lambda item: item["line_count"])
        _, tasks = await admin("POST", "/api/tasks", {"requisition_ids": [requisition["requisition_id"]]})
        task_id = tasks[0]["task_id"]
        (name,) = await crew.hire(1)
        worker = crew.workers[name]
        await worker("POST", f"/api/tasks/{task_id}/claim")
        _, task = await worker("POST", f"/api/tasks/{task_id}/start")
        events: list[dict[str, Any]] = []
        client = await _connected(worker, events)
        answer = await client.call("watch", {"task_id": task_id})
        assert answer == {"ok": True, "room": f"task:{task_id}"}

        sent = []
        for line in task["lines"]:
            key = str(uuid.uuid4())
            body = {
                "task_id": task_id,
                "code": line["sku"],
                "quantity": line["required"],
                "operation_id": key,
            }
            status, scan = await worker("POST", "/api/scan", body)
            assert status == 200, scan
            sent.append(key)

        assert scan["outcome"] == "task_complete"
        await eventually(lambda: asyncio.sleep(0, any(e["type"] == "task.completed" for e in events)))
        seen = [e["data"]["operation_id"] for e in events if e["type"] == "scan.recorded"]
        assert list(dict.fromkeys(seen)) == sent
        await client.disconnect()


async def _connected(api: Api, events: list[dict[str, Any]]) -> Any:
    client = SocketClient(reconnection=True, reconnection_delay=0.2, reconnection_delay_max=1)
    client.on(SOCKET_EVENT, lambda event: events.append(event))
    await client.connect(api.url, auth={"token": api.token}, transports=["websocket"])
    return client


class TestMetrics:
    async def test_the_services_export_the_contract_and_nothing_else(
        self, stack: RunningStack, admin: Api
    ) -> None:
        theirs = re.compile(r"^(process|python)_")
        for service, expected in contract().items():
            async with admin.session.get(f"{stack.url(service)}/metrics") as response:
                page = await response.text()
            types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
            exported = {name: type_ for name, type_ in types.items() if not theirs.match(name)}
            assert exported == {name: type_ for name, (type_, _) in expected.items()}, service

    async def test_prometheus_has_every_metric_with_its_labels(self, stack: RunningStack, admin: Api) -> None:
        async def missing() -> str:
            problems = []
            for service, expected in contract().items():
                for name, (type_, labels) in expected.items():
                    series = f"{name}_bucket" if type_ == "histogram" else name
                    found = await _query(admin, stack, f'{series}{{service="{service}"}}')
                    added = {"__name__", "instance", "job", "service", "le", "exported_service"}
                    if not found or {*found[0]["metric"]} - added != labels:
                        problems.append(f"{service} {name} {found[:1]}")
            return "\n".join(problems)

        async def none_missing() -> bool:
            return not await missing()

        try:
            await eventually(none_missing)
        except BaseException:
            print(await missing())
            raise


async def test_a_demo_is_refused_where_orders_may_be_real(stack: RunningStack, crew: Crew) -> None:
    await crew.task(await crew.hire(1), A=1)
    run = magacin("up", "--demo", "--detach", "--data-dir", str(stack.data_dir), check=False)
    assert run.returncode == 1
    assert "may be real" in run.stderr
    assert "--data-dir .magacin-demo" in run.stderr
    known = DataDir(stack.data_dir).identity()
    assert known is not None
    assert known.production
    assert clients.http(f"{stack.url('prometheus')}/-/ready").status == 401, (
        "a demo asks nobody; this is none"
    )
    assert {part["health"] for part in stack.status().values()} == {"healthy"}


class TestKilled:
    """Every service dies under load; what was acknowledged stays, and nothing counts twice."""

    @pytest.mark.parametrize(
        "part", ["api-gateway", "task-service", "import-service", "realtime-worker", "postgres", "redis"]
    )
    async def test_no_acknowledged_scan_is_lost_or_counted_twice(
        self, stack: RunningStack, admin: Api, crew: Crew, part: str
    ) -> None:
        names = await crew.hire(4)
        task_id = await crew.task(names, A=1_000_000)
        stop = asyncio.Event()
        acknowledged: list[str] = []
        scanning = [
            asyncio.create_task(_scan_until(crew.workers[name], task_id, stop, acknowledged))
            for name in names
        ]
        await eventually(lambda: asyncio.sleep(0, len(acknowledged) > 50))
        stack.kill(part)
        before = len(acknowledged)
        await eventually(lambda: _healthy(stack))
        await eventually(lambda: asyncio.sleep(0, len(acknowledged) > before + 50))
        stop.set()
        await asyncio.gather(*scanning)

        assert len(set(acknowledged)) == len(acknowledged)
        _, task = await admin("GET", f"/api/tasks/{task_id}")
        assert task["picked"] == len(acknowledged)

        async def nothing_waits() -> bool:
            waiting = 'outbox_pending{service="task-service"} + on() realtime_stream_lag'
            found = await _query(admin, stack, waiting)
            return bool(found) and found[0]["value"][1] == "0"

        await eventually(nothing_waits)

    async def test_import_that_was_killed_finishes_once(
        self, stack: RunningStack, admin: Api, tmp_path: Path
    ) -> None:
        file = tmp_path / "orders.csv"
        prefix = uuid.uuid4().hex[:8]
        lines = [f"E2E-{prefix}-{n // 10},SKU-{n % 10},{n % 7 + 1}" for n in range(50_000)]
        file.write_text("requisition,sku,quantity\n" + "\n".join(lines))
        with file.open("rb") as content:
            form = aiohttp.FormData()
            form.add_field("file", content, filename=file.name)
            status, job = await admin("POST", "/api/imports", data=form)
        assert status == 202, job

        async def state() -> Any:
            status, answer = await admin("GET", f"/api/imports/{job['job_id']}")
            return answer if status == 200 else None

        async def under_way() -> bool:
            answer = await state()
            return bool(answer) and answer["status"] in ("reading", "sending")

        await eventually(under_way)
        stack.kill("import-service")
        await eventually(lambda: _healthy(stack))

        async def finished() -> Any:
            answer = await state()
            return answer if answer and answer["status"] in ("succeeded", "failed") else None

        answer = await eventually(finished, seconds=120)
        assert answer["status"] == "succeeded", answer
        assert answer["counts"]["rows_accepted"] == 50_000
        assert answer["counts"]["requisitions_created"] == 5_000


async def _scan_until(api: Api, task_id: int, stop: asyncio.Event, acknowledged: list[str]) -> None:
    """Scan like a scanner that does not give up: the same operation again until it is answered."""
    while not stop.is_set():
        key = str(uuid.uuid4())
        body = {"task_id": task_id, "code": "A", "operation_id": key}
        while True:
            try:
                status, answer = await api("POST", "/api/scan", body)
            except (aiohttp.ClientError, TimeoutError):
                status, answer = 0, None
            if status == 200:
                acknowledged.append(key)
                break
            assert status in (0, 503, 504), answer
            await asyncio.sleep(0.05)


async def _healthy(stack: RunningStack) -> bool:
    statuses = await asyncio.to_thread(stack.status)
    return all(part["health"] == "healthy" for part in statuses.values())
