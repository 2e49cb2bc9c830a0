"""However much a request brings or gets, the loop that answers scans is not kept by it."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest

from magacin.contracts.identity import Role
from magacin.core.outbox import OutboxRelay
from tests.callbacks import assert_no_longer_for_more
from tests.support import Caller
from tests.tasks.conftest import Warehouse

_FEW = 1_000
_numbers = itertools.count(1)

Send = Callable[[str, str, Any], Awaitable[bytes]]


@pytest.fixture
def send(call: Caller) -> Send:
    """Send what is encoded before, and decode no answer: the client has the same loop."""
    headers = call.headers(role=Role.SUPERVISOR) | {"Content-Type": "application/json"}

    async def send(method: str, path: str, body: bytes | None) -> bytes:
        async with call._session.request(method, call.url + path, data=body, headers=headers) as response:
            return await response.read()

    return send


def _lines(count: int, sku: str = "D") -> list[dict[str, Any]]:
    return [{"sku": f"{sku}{i}", "quantity": 1, "barcode": f"B-{sku}{i}"} for i in range(count)]


def _order(count: int) -> bytes:
    return orjson.dumps({"number": f"LONG-{next(_numbers)}", "lines": _lines(count)})


def _repeated(count: int) -> bytes:
    return orjson.dumps({"number": "TWICE", "lines": [*_lines(count - 1), *_lines(1)]})


def _invalid(count: int) -> bytes:
    return orjson.dumps({"number": "BAD", "lines": [{"sku": "", "quantity": 0}] * count})


def _orders(count: int) -> list[dict[str, Any]]:
    prefix = next(_numbers)
    return [{"number": f"B-{prefix}-{i}", "lines": _lines(10, f"E{i}-")} for i in range(count // 10)]


def _batch(count: int) -> bytes:
    return orjson.dumps({"job_id": next(_numbers), "release": True, "requisitions": _orders(count)})


def _compared(count: int) -> bytes:
    return orjson.dumps({"requisitions": _orders(count)})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/requisitions", _order),
        ("/api/requisitions", _repeated),
        ("/api/requisitions", _invalid),
        ("/internal/requisitions", _batch),
        ("/internal/requisitions/compare", _compared),
    ],
)
async def test_a_long_body(send: Send, path: str, body: Callable[[int], bytes]) -> None:
    async def post(count: int) -> None:
        await send("POST", path, bodies[count].pop())

    bodies = {count: [body(count) for _ in range(4)] for count in (_FEW, 10 * _FEW)}
    await assert_no_longer_for_more(post, _FEW)


@pytest.mark.parametrize("path", ["/api/requisitions/{requisition}", "/api/tasks/{task}"])
async def test_a_long_answer(send: Send, warehouse: Warehouse, path: str) -> None:
    paths = {}
    for count in (_FEW, 10 * _FEW):
        made = orjson.loads(await send("POST", "/api/requisitions", _order(count)))["requisition_id"]
        tasks = await send("POST", "/api/tasks", orjson.dumps({"requisition_ids": [made]}))
        paths[count] = path.format(requisition=made, task=orjson.loads(tasks)[0]["task_id"])

    async def get(count: int) -> None:
        await send("GET", paths[count], None)

    await assert_no_longer_for_more(get, _FEW)


async def test_what_a_device_holds(send: Send, warehouse: Warehouse) -> None:
    for user, count in (("ana", _FEW), ("marko", 10 * _FEW)):
        made = orjson.loads(await send("POST", "/api/requisitions", _order(count)))["requisition_id"]
        tasks = await send("POST", "/api/tasks", orjson.dumps({"requisition_ids": [made]}))
        path = f"/api/tasks/{orjson.loads(tasks)[0]['task_id']}/assign"
        await send("POST", path, orjson.dumps({"workers": [user]}))

    async def get(count: int) -> None:
        headers = warehouse.call.headers("ana" if count == _FEW else "marko")
        url = f"{warehouse.call.url}/api/picking"
        async with warehouse.call._session.get(url, headers=headers) as response:
            assert response.status == 200
            await response.read()

    await assert_no_longer_for_more(get, _FEW)


async def test_a_batch_of_operations(
    send: Send, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = await warehouse.task("ana", **{f"S{i}": 1_000 for i in range(100)})

    def operations(count: int) -> bytes:
        scan = {"kind": "scan", "task_id": task_id}
        some = [scan | {"code": f"S{i % 100}", "operation_id": str(uuid4())} for i in range(count)]
        return orjson.dumps({"operations": some})

    async def relay_nothing(_: OutboxRelay) -> bool:
        return False

    # What is relayed at a time, beside it, is bounded for itself.
    monkeypatch.setattr(OutboxRelay, "step", relay_nothing)

    async def post(count: int) -> None:
        await send("POST", "/api/scans", bodies[count].pop())

    bodies = {count: [operations(count) for _ in range(4)] for count in (50, 500)}
    await assert_no_longer_for_more(post, 50)
