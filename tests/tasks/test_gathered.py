"""Scans that the gateway sends on together: each is answered, kept and measured as if it had come alone."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import aiohttp

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.app import create_app
from magacin.tasks.dependencies import TaskState
from magacin.tasks.settings import TaskSettings
from tests.support import Caller, served
from tests.tasks.conftest import Warehouse, inconsistencies

PATH = "/internal/scans"


def gathered(body: Any, user: str = "ana") -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"user": user, "role": "worker", "request_id": str(uuid4()), "body": text}


def scan(task_id: int, code: str, **more: Any) -> dict[str, Any]:
    return {"task_id": task_id, "code": code, "operation_id": str(uuid4())} | more


async def together(call: Caller, scans: list[dict[str, Any]]) -> list[tuple[int, Any]]:
    """Send scans together; return the status and the decoded body of each."""
    status, body = await call("POST", PATH, {"scans": scans})
    assert status == 200, body
    return [(one["status"], json.loads(one["body"])) for one in body["answers"]]


async def alone(call: Caller, one: dict[str, Any]) -> tuple[int, Any]:
    """Send a scan as the gateway sends one that comes alone."""
    headers = call.headers(one["user"]) | {"X-Request-ID": one["request_id"]}
    data = one["body"].encode()
    async with aiohttp.request("POST", f"{call.url}/api/scan", data=data, headers=headers) as response:
        return response.status, await response.json()


async def test_each_is_answered_as_if_it_came_alone(
    call: Caller, warehouse: Warehouse, empty: Database
) -> None:
    task_id = await warehouse.task("ana", A=3, B=1)
    twice = scan(task_id, "A")
    sent = [
        gathered(twice),
        gathered(scan(task_id, "A", quantity=9)),
        gathered(twice),
        gathered("{"),
        gathered("[1]"),
        gathered(scan(task_id, "A", quantity="many")),
        gathered(scan(task_id, "nothing")),
        gathered(scan(task_id + 1, "A")),
        gathered(scan(task_id, "A"), user="boris"),
        gathered(twice | {"code": "B"}),
        gathered(scan(task_id, "B")),
    ]
    answers = await together(call, sent)
    assert [status for status, _ in answers] == [200, 409, 200, 400, 422, 422, 409, 404, 403, 409, 200]
    assert answers == [await alone(call, one) for one in sent]
    assert (await warehouse.get(task_id))["picked"] == 2
    assert await inconsistencies(empty) == []
    # What is malformed was recorded; what was sent again alone stands there a second time, or once by its id.
    _, refusals = await call("GET", "/api/refusals", role=Role.SUPERVISOR)
    assert {one["reason"] for one in refusals["items"]} >= {"malformed_json", "invalid_input"}


async def test_each_is_measured_and_the_one_around_them_is_not(call: Caller, warehouse: Warehouse) -> None:
    task_id = await warehouse.task("ana", A=3)

    async def counted(endpoint: str, status: int) -> float:
        page = await call.metrics()
        series = f'http_requests_total{{endpoint="{endpoint}",method="POST",status="{status}"}}'
        return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(series))

    wanted = {("/api/scan", 200): 2, ("/api/scan", 422): 1, (PATH, 200): 0}
    before = {one: await counted(*one) for one in wanted}
    await together(call, [gathered(scan(task_id, "A")), gathered({}), gathered(scan(task_id, "A"))])
    assert {one: await counted(*one) - count for one, count in before.items()} == wanted
    before = {(PATH, 422): await counted(PATH, 422)}
    assert (await call("POST", PATH, {"scans": []}))[0] == 422
    assert await counted(PATH, 422) == before[PATH, 422] + 1


async def test_only_the_gateway_may_send_them(call: Caller) -> None:
    async with aiohttp.request("POST", call.url + PATH, json={"scans": [gathered({})]}) as response:
        assert response.status == 401


async def test_what_there_is_no_room_for_is_told_so_and_the_others_count(
    empty: Database, warehouse: Warehouse, settings: TaskSettings
) -> None:
    task_id = await warehouse.task("ana", A=3)
    small = create_app(settings.model_copy(update={"scan_queue_size": 1}))
    async with served(small, TaskState) as (url, _), aiohttp.ClientSession() as session:
        status, body = await Caller(session, url)("POST", PATH, {"scans": [gathered(scan(task_id, "A"))] * 2})
    assert status == 200
    first, second = body["answers"]
    assert (first["status"], second["status"]) == (200, 503)
    assert second["headers"] == {"retry-after": "1"}
    assert (await warehouse.get(task_id))["picked"] == 1


async def test_sent_again_at_the_same_time_they_count_once(call: Caller, warehouse: Warehouse) -> None:
    task_id = await warehouse.task("ana", A=9)
    sent = [gathered(scan(task_id, "A")) for _ in range(3)]
    first, second = await asyncio.gather(together(call, sent), together(call, sent))
    assert [status for status, _ in first] == [200] * 3
    assert first == second
    assert (await warehouse.get(task_id))["picked"] == 3
