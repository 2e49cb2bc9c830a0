"""However long a body is, the loop that forwards scans is not kept by it."""

from __future__ import annotations

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from magacin.contracts.identity import Role
from tests.callbacks import assert_no_longer_for_more
from tests.gateway.conftest import Gateway

_FEW = 1_000


@pytest.mark.parametrize("path", ["/api/requisitions", "/api/tasks/1/assign"])
async def test_a_long_request(gateway: Gateway, path: str) -> None:
    async def answer(_: Request) -> Response:
        return Response(b"{}", 201, media_type="application/json")

    gateway.upstream.answer = answer
    lines = [{"sku": f"D{i}", "quantity": 1, "barcode": f"B-{i}"} for i in range(10 * _FEW)]
    bodies = {count: orjson.dumps({"number": "LONG", "lines": lines[:count]}) for count in (_FEW, 10 * _FEW)}
    headers = gateway.bearer(role=Role.SUPERVISOR) | {"Content-Type": "application/json"}

    async def post(count: int) -> None:
        body = bodies[count]
        async with gateway.session.post(gateway.url + path, data=body, headers=headers) as response:
            assert response.status == 201

    await assert_no_longer_for_more(post, _FEW)


async def test_a_long_answer(gateway: Gateway) -> None:
    async def answer(request: Request) -> Response:
        return Response(b"x" * int(request.query_params["limit"]), media_type="application/json")

    gateway.upstream.answer = answer
    headers = gateway.bearer(role=Role.SUPERVISOR)

    async def get(count: int) -> None:
        path = f"/api/requisitions?limit={100 * count}"
        async with gateway.session.get(gateway.url + path, headers=headers) as response:
            assert len(await response.read()) == 100 * count

    await assert_no_longer_for_more(get, _FEW)
