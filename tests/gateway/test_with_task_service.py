"""The gateway in front of the real Task Service: what a client sees of both."""

from __future__ import annotations

import asyncio
import stat
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text
from yarl import URL

from magacin.contracts.devices import DemoBadge
from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.core.security import SERVICE_TOKEN_HEADER
from magacin.demo.barcodes import in_house_gtin13, packs_of
from magacin.demo.client import Person
from magacin.demo.orders import Ware
from magacin.demo.users import VISITOR
from magacin.demo.visitor import welcome
from magacin.demo.warehouse import Warehouse, bins
from magacin.gateway.settings import GatewaySettings
from magacin.tasks.app import create_app as create_task_service
from magacin.tasks.migrate import migrate as migrate_tasks
from magacin.tasks.settings import TaskSettings
from tests.conftest import SERVICE_TOKEN
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway, Upstream, running, serving


@pytest.fixture
async def whole(
    settings: Callable[..., GatewaySettings],
    gateway_database: Database,
    redis: Redis,
    redis_url: SecretStr,
    migrated: SecretStr,
) -> AsyncIterator[Gateway]:
    await migrate_tasks(migrated)
    async with gateway_database.begin() as connection:
        names = await connection.scalars(
            text(
                "SELECT tablename FROM pg_tables "
                "WHERE schemaname = 'tasks' AND tablename <> 'alembic_version'"
            )
        )
        await connection.execute(text(f"TRUNCATE {', '.join(f'tasks.{name}' for name in names)}"))
    service = create_task_service(
        TaskSettings(service_token=SERVICE_TOKEN, database_url=migrated, redis_url=redis_url)
    )
    async with serving(service) as url, running(settings(task_service_url=url), Upstream()) as gateway:
        yield gateway


async def a_task(gateway: Gateway, worker: str = "w1", quantity: int = 3) -> int:
    """Make a task of one line through the API, assigned to a worker who exists."""
    await gateway.users.add(CHIEF, worker, Role.WORKER, SecretStr(PASSWORD))
    boss = {"role": Role.SUPERVISOR}
    requisition = {
        "number": "R1",
        "lines": [{"sku": "A/1 %", "quantity": quantity, "barcode": "4006381333931"}],
    }
    status, made = await gateway.request("POST", "/api/requisitions", json=requisition, **boss)
    assert status == 201, made
    status, tasks = await gateway.request(
        "POST", "/api/tasks", json={"requisition_ids": [made["requisition_id"]]}, **boss
    )
    assert status == 201, tasks
    task_id: int = tasks[0]["task_id"]
    status, answer = await gateway.request(
        "POST", f"/api/tasks/{task_id}/assign", json={"workers": [worker]}, **boss
    )
    assert status == 200, answer
    return task_id


def scan(task_id: int, code: str = "4006381333931", **more: Any) -> dict[str, Any]:
    return {"task_id": task_id, "code": code, "operation_id": str(uuid.uuid4())} | more


class TestDesk:
    async def test_a_change_goes_by_what_was_seen(self, whole: Gateway) -> None:
        task_id = await a_task(whole)
        boss = {"role": Role.SUPERVISOR}
        _, task = await whole.request("GET", f"/api/tasks/{task_id}", **boss)
        path = f"/api/tasks/{task_id}?revision={task['revision']}"
        assert (await whole.request("PATCH", path, json={"held": True}, **boss))[0] == 200
        for method, rest, body in (("PATCH", "", {"priority": 1}), ("POST", "/assign", {"workers": ["w1"]})):
            path = f"/api/tasks/{task_id}{rest}?revision={task['revision']}"
            status, answer = await whole.request(method, path, json=body, **boss)
            assert (status, answer["error"]["code"]) == (409, "task_changed")
            assert answer["error"]["details"]["task"]["held"]

    async def test_shortages_and_refusals_are_not_for_workers(self, whole: Gateway) -> None:
        task_id = await a_task(whole)
        assert (await whole.request("POST", "/api/scan", json=scan(task_id, "=unknown")))[0] == 409
        for path in (
            "/api/shortages",
            "/api/shortages/shortages.csv",
            "/api/shortages/shortages.xlsx",
            "/api/refusals/refusals.csv",
        ):
            assert (await whole.request("GET", path))[0] == 403
            assert (await whole.request("GET", path, role=None))[0] == 401
        status, file = await whole.request("GET", "/api/refusals/refusals.csv", role=Role.SUPERVISOR)
        assert status == 200
        assert b"'=unknown" in file


class TestScan:
    async def test_counts_once_however_often_it_is_sent(self, whole: Gateway) -> None:
        sent = scan(await a_task(whole))
        answers = await asyncio.gather(*(whole.request("POST", "/api/scan", json=sent) for _ in range(10)))
        assert {status for status, _ in answers} == {200}
        assert {answer["picked"] for _, answer in answers} == {1}

    async def test_refusals_come_through(self, whole: Gateway) -> None:
        task_id = await a_task(whole)
        for body, status, code in (
            (scan(task_id, "unknown"), 409, "unknown_code"),
            (scan(task_id, quantity=99), 409, "more_than_required"),
            (scan(task_id, quantity=0), 422, "invalid_input"),
            (scan(task_id, quantity="many"), 422, "invalid_input"),
            (scan(task_id) | {"operation_id": "no"}, 422, "invalid_input"),
            ({}, 422, "invalid_input"),
        ):
            answer = await whole.request("POST", "/api/scan", json=body)
            assert (answer[0], answer[1]["error"]["code"]) == (status, code)
        other = await whole.request(
            "POST", "/api/scan", role=None, json=scan(task_id), headers=whole.bearer("w2")
        )
        assert (other[0], other[1]["error"]["code"]) == (403, "not_your_task")

    async def test_a_scan_of_an_earlier_version(self, whole: Gateway) -> None:
        task_id = await a_task(whole)
        lines = [{"sku": "A/1 %", "quantity": 1}]
        batch = {"job_id": 1, "replace": True, "requisitions": [{"number": "R1", "lines": lines}]}
        direct = f"{whole.state.settings.task_service_url}internal/requisitions"
        headers = {SERVICE_TOKEN_HEADER: SERVICE_TOKEN}
        async with whole.session.post(direct, json=batch, headers=headers) as response:
            assert response.status == 200
        assert (await whole.request("GET", f"/api/tasks/{task_id}"))[1]["version"] == 2
        status, answer = await whole.request("POST", "/api/scan", json=scan(task_id, quantity=2, version=1))
        assert (status, answer["error"]["code"]) == (409, "version_conflict")
        assert answer["error"]["details"]["version_required"] == 3
        status, answer = await whole.request("POST", "/api/scan", json=scan(task_id, version=1))
        assert (status, answer["outcome"], answer["task_version"]) == (200, "task_complete", 2)

    @pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 50_000, b'"' + b"x" * 900_000 + b'"', b"\x00"])
    async def test_nonsense_is_never_a_500(self, whole: Gateway, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        status, answer = await whole.request("POST", "/api/scan", data=body, headers=headers)
        assert 400 <= status < 500
        assert set(answer["error"]) == {"code", "message", "details"}


class TestPicking:
    async def test_what_a_device_has_is_not_sent_again(self, whole: Gateway) -> None:
        task_id = await a_task(whole)
        url = f"{whole.url}/api/picking"
        async with whole.session.get(url, headers=whole.bearer()) as response:
            held, tag = await response.json(), response.headers["ETag"]
        assert [task["task_id"] for task in held["tasks"]] == [task_id]
        again = whole.bearer() | {"If-None-Match": tag}
        async with whole.session.get(url, headers=again) as response:
            assert (response.status, response.headers["ETag"]) == (304, tag)
            assert await response.read() == b""
        await whole.request("POST", "/api/scan", json=scan(task_id))
        async with whole.session.get(url, headers=again) as response:
            assert (await response.json())["tasks"][0]["picked"] == 1


class TestHandedIn:
    async def test_the_queue_of_somebody_who_may_not_log_in_any_more(self, whole: Gateway) -> None:
        task_id = await a_task(whole)
        status, _ = await whole.request("PATCH", "/api/users/w1", json={"active": False}, role=Role.ADMIN)
        assert status == 200
        body = {"operations": [{"kind": "scan", **scan(task_id)}], "on_behalf_of": "w1"}
        status, _ = await whole.request(
            "POST", "/api/scans", json=body, headers=whole.bearer("w2"), role=None
        )
        assert status == 403
        boss = whole.bearer("vera", Role.SUPERVISOR)
        status, answer = await whole.request("POST", "/api/scans", json=body, headers=boss, role=None)
        assert (status, answer["results"][0]["result"]["picked"]) == (200, 1)


class TestObjects:
    async def test_unknown_ids(self, whole: Gateway) -> None:
        for method, path in (
            ("GET", "/api/tasks/9223372036854775807"),
            ("POST", "/api/tasks/999/claim"),
            ("POST", "/api/tasks/999/cancel"),
            ("GET", "/api/tasks/999/scans"),
            ("GET", "/api/requisitions/999"),
            ("GET", "/api/articles/none"),
        ):
            status, answer = await whole.request(method, path, role=Role.ADMIN)
            assert (status, answer["error"]["code"][-9:]) == (404, "not_found"), path

    async def test_a_sku_with_slash_space_and_percent(self, whole: Gateway) -> None:
        await a_task(whole)
        url = URL(f"{whole.url}/api/articles/A%2F1%20%25", encoded=True)
        async with whole.session.get(url, headers=whole.bearer()) as response:
            assert response.status == 200
            assert (await response.json())["sku"] == "A/1 %"

    async def test_every_read_answers(self, whole: Gateway) -> None:
        task_id = await a_task(whole)
        for path in (
            "/api/board",
            "/api/articles?query=A&limit=5",
            "/api/requisitions?released=true&limit=5",
            "/api/tasks?status=assigned&mine=true",
            f"/api/tasks/{task_id}",
            f"/api/tasks/{task_id}/scans?limit=5",
        ):
            status, _ = await whole.request("GET", path, role=Role.ADMIN)
            assert status == 200, path

    async def test_the_service_itself_refuses_who_comes_past_the_gateway(self, whole: Gateway) -> None:
        direct = str(whole.state.settings.task_service_url)
        headers = {"X-Magacin-User": "admin", "X-Magacin-Role": "admin"}
        async with whole.session.get(f"{direct}api/board", headers=headers) as response:
            assert response.status == 401


class TestWhoSees:
    """One rule, whether a task is read or watched."""

    @pytest.mark.parametrize(
        ("name", "role", "workers", "sees"),
        [
            ("w1", Role.WORKER, ["w1", "w2"], True),
            ("w1", Role.WORKER, [], True),
            ("w1", Role.WORKER, ["w2"], False),
            ("s1", Role.SUPERVISOR, ["w2"], True),
        ],
    )
    @pytest.mark.parametrize("cancelled", [False, True])
    async def test_a_task(
        self, whole: Gateway, name: str, role: Role, workers: list[str], sees: bool, cancelled: bool
    ) -> None:
        task_id = await a_task(whole)
        await whole.users.add(CHIEF, "w2", Role.WORKER, SecretStr(PASSWORD))
        boss = {"role": Role.SUPERVISOR}
        await whole.request("POST", f"/api/tasks/{task_id}/assign", json={"workers": workers}, **boss)
        if cancelled:
            await whole.request("POST", f"/api/tasks/{task_id}/cancel", **boss)
        headers = whole.bearer(name, role)
        for path in (f"/api/tasks/{task_id}", f"/api/tasks/{task_id}/scans"):
            status, answer = await whole.request("GET", path, role=None, headers=headers)
            assert status == (200 if sees else 403), path
            assert sees or answer["error"]["code"] == "not_your_task"
        async with socketio.AsyncSimpleClient() as client:
            auth = {"token": whole.token(name, role)}
            await client.connect(whole.url, auth=auth, transports=["websocket"], wait_timeout=60)
            answer = await client.call("watch", {"task_id": task_id})
        assert answer.get("ok", False) is sees
        assert sees or answer["error"]["code"] == "forbidden"


class TestDemoVisitor:
    async def test_gets_a_badge_that_works_and_tasks(self, whole: Gateway, tmp_path: Path) -> None:
        file = tmp_path / "demo-badge.json"
        path = f"/api/tasks/{await a_task(whole, VISITOR)}/assign"
        assert (await whole.request("POST", path, role=Role.SUPERVISOR, json={"workers": []}))[0] == 200
        await whole.users.add(CHIEF, "sanja", Role.SUPERVISOR, SecretStr(PASSWORD))
        supervisor = Person(whole.session, whole.url, "sanja", PASSWORD, Random(1))

        await welcome(supervisor, file)
        first = DemoBadge.model_validate_json(file.read_text())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        status, tokens = await self.log_in(whole, first)
        assert status == 200
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        _, me = await whole.request("GET", "/api/auth/me", role=None, headers=headers)
        assert (me["username"], me["role"]) == (VISITOR, "worker")
        _, mine = await whole.request("GET", "/api/tasks?mine=true", role=None, headers=headers)
        assert [task["workers"] for task in mine["items"]] == [[VISITOR]]

        await welcome(supervisor, file)
        assert (await self.log_in(whole, first))[0] == 403
        assert (await self.log_in(whole, DemoBadge.model_validate_json(file.read_text())))[0] == 200

    async def log_in(self, whole: Gateway, left: DemoBadge) -> tuple[int, Any]:
        body = left.model_dump(mode="json", include={"device_id", "device_secret"}) | {"code": left.badge}
        return await whole.request("POST", "/api/auth/badge", role=None, json=body)


class TestDemoWarehouse:
    """What the demo fills with goods before their orders come."""

    @pytest.fixture
    async def supervisor(self, whole: Gateway) -> Person:
        await whole.users.add(CHIEF, "sanja", Role.SUPERVISOR, SecretStr(PASSWORD))
        return Person(whole.session, whole.url, "sanja", PASSWORD, Random(1))

    async def test_tasks_say_where_to_go_and_what_comes_in_packs(
        self, whole: Gateway, supervisor: Person
    ) -> None:
        # A SKU whose packing is an inner pack and a case, between one that lies before it and one behind.
        both = next(f"S{n}" for n in range(100) if len(packs_of(f"S{n}")) == 2)
        wares = [Ware("A/1 %", "with a slash"), Ware(both, "in packs"), Ware("Z9", "at the end")]
        warehouse = Warehouse(supervisor)
        await warehouse.fill(wares)
        assert await warehouse.give_barcodes(wares) == {"A/1 %", both, "Z9"}
        # Who starts again finds everything, and changes nothing.
        await warehouse.fill(wares)
        assert await warehouse.give_barcodes(wares) == {"A/1 %", both, "Z9"}

        task_id = await a_task(whole)
        _, task = await whole.request("GET", f"/api/tasks/{task_id}")
        (line,) = task["lines"]
        assert (line["zone"], line["aisle"]) == (line["location"][0], line["location"][2:4])
        _, article = await whole.request("GET", f"/api/articles/{both}")
        assert article["description"] == "in packs"
        assert sorted(article["barcodes"]) == sorted(
            [in_house_gtin13(both).zfill(14), *(pack.code for pack in packs_of(both))]
        )
        packs = {(pack["code"], pack["pieces"], pack["level"]) for pack in article["packs"]}
        assert packs == {(pack.code, pack.pieces, pack.level.value) for pack in packs_of(both)}

    async def test_it_goes_on_where_it_was_interrupted(self, whole: Gateway, supervisor: Person) -> None:
        wares = [Ware(f"S{n:03d}", f"Thing {n}") for n in range(300)]
        # At the beginning of an aisle, of which nothing else is there.
        half = bins()[160]
        body = {"zone": half.zone, "aisle": half.aisle, "sequence": half.sequence}
        boss = {"role": Role.SUPERVISOR}
        # The bin is there, and what lies in it was not put there any more.
        status, _ = await whole.request("PUT", f"/api/locations/{half.code}", json=body, **boss)
        assert status == 200
        await Warehouse(supervisor).fill(wares)
        _, found = await whole.request("GET", "/api/articles/S160/locations", **boss)
        assert [place["code"] for place in found["locations"]] == [half.code]
        _, found = await whole.request("GET", "/api/locations?limit=500", **boss)
        assert {place["code"] for place in found["items"]} == {one.code for one in bins()[160:]}
