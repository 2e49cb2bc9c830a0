"""Scans that come while others are on their way: they go on together, and nobody notices."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from magacin.contracts.identity import Role
from magacin.gateway.metrics import UpstreamOutcome
from tests.gateway.conftest import Gateway, eventually
from tests.gateway.forwarding.test_forward import SCAN, outcome

TOGETHER = "/internal/scans"
Answers = Callable[[list[Any]], Response]


class Service:
    """A Task Service that answers single scans when it is told to, and those that come together at once."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.go_on = asyncio.Event()
        self.together: list[list[Any]] = []
        self.answers: Answers = lambda scans: _answers([(200, {})] * len(scans))
        gateway.upstream.answer = self.answer
        # However long a busy machine takes until all that are to wait do.
        gateway.state.forwarder.gathering.hangs_seconds = 600

    @property
    def alone(self) -> list[bytes]:
        """Return the bodies of the scans that came alone."""
        return [one["body"] for one in self.gateway.upstream.requests if one["target"] == "/api/scan"]

    async def answer(self, request: Request) -> Response:
        if request.url.path == TOGETHER:
            scans = (await request.json())["scans"]
            self.together.append(scans)
            return self.answers(scans)
        await self.go_on.wait()
        return JSONResponse({"alone": True})

    async def scan(self, **options: Any) -> tuple[int, Any]:
        if "data" not in options:
            options = {"json": SCAN} | options
        return await self.gateway.request("POST", "/api/scan", **options)

    async def waits(self, count: int) -> None:
        """Wait until so many scans are with the gateway."""
        series = 'http_requests_in_progress{method="POST"}'

        async def there() -> bool:
            return await self.gateway.metric(series) == count

        await eventually(there)

    @contextlib.asynccontextmanager
    async def busy(self) -> AsyncIterator[list[asyncio.Task[tuple[int, Any]]]]:
        """Have as many scans on their way as may be, until they are told to go on."""
        first = []
        for number in (1, 2):
            first.append(asyncio.create_task(self.scan()))
            await eventually(lambda number=number: len(self.alone) == number)
        try:
            yield first
        finally:
            self.go_on.set()
            await asyncio.gather(*first)


def _answers(answers: list[tuple[int, dict[str, Any]]], headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(
        {
            "answers": [
                {"status": status, "body": json.dumps(body), "headers": headers or {}}
                for status, body in answers
            ]
        }
    )


@pytest.fixture
def service(gateway: Gateway) -> Service:
    return Service(gateway)


async def later(service: Service, count: int, **options: Any) -> list[asyncio.Task[tuple[int, Any]]]:
    """Have more scans come than may be on their way."""
    tasks = [asyncio.create_task(service.scan(**options)) for _ in range(count)]
    await service.waits(2 + count)
    return tasks


async def test_those_that_wait_go_together_and_say_who_asks(service: Service) -> None:
    async with service.busy():
        body = b' {"task_id" : 1,\n "code":"\\u010d\xc4\x8d"} '
        headers = {"X-Request-ID": "abcdef-0123"}
        tasks = await later(service, 5, role=Role.MANAGER, data=body, headers=headers)
    assert [await task for task in tasks] == [(200, {})] * 5
    assert len(service.alone) == 2
    one = {"user": "w1", "role": "manager", "request_id": "abcdef-0123", "body": body.decode()}
    assert service.together == [[one] * 5]


async def test_each_has_its_own_answer_and_is_counted_by_it(service: Service) -> None:
    gateway = service.gateway

    def answers(scans: list[Any]) -> Response:
        told = [(int(json.loads(one["body"])["code"]), {"of": one["request_id"]}) for one in scans]
        return _answers(told, {"retry-after": "1"})

    async def ask(status: int) -> tuple[int, str, Any]:
        async with gateway.session.post(
            f"{gateway.url}/api/scan", json=SCAN | {"code": str(status)}, headers=gateway.bearer()
        ) as response:
            assert response.headers["X-Request-ID"] == (await response.json())["of"]
            assert response.content_type == "application/json"
            return response.status, response.headers["Retry-After"], response.headers.getall("Content-Length")

    statuses = (200, 404, 409, 503)
    series = [f'http_requests_total{{endpoint="/api/scan",method="POST",status="{one}"}}' for one in statuses]
    outcomes = {UpstreamOutcome.SUCCESS: 1 + 2, UpstreamOutcome.REFUSED: 2, UpstreamOutcome.FAILED: 1}
    before = {one: await outcome(gateway, one) for one in outcomes}
    service.answers = answers
    async with service.busy():
        tasks = [asyncio.create_task(ask(status)) for status in statuses]
        await service.waits(2 + len(statuses))
    assert [(await task)[:2] for task in tasks] == [(status, "1") for status in statuses]
    assert {one: await outcome(gateway, one) - count for one, count in before.items()} == outcomes
    assert all([await gateway.metric(one) >= 1 for one in series])


@pytest.mark.parametrize("status", [404, 500])
async def test_where_they_are_not_taken_together_each_goes_alone(service: Service, status: int) -> None:
    service.answers = lambda _: Response(status_code=status)
    before = await outcome(service.gateway, UpstreamOutcome.SUCCESS)
    async with service.busy():
        tasks = await later(service, 3)
    assert [await task for task in tasks] == [(200, {"alone": True})] * 3
    assert (len(service.together), len(service.alone)) == (1, 5)
    assert await outcome(service.gateway, UpstreamOutcome.SUCCESS) == before + 5


async def test_a_service_that_does_not_know_us(service: Service) -> None:
    service.answers = lambda _: Response(status_code=401)
    async with service.busy():
        tasks = await later(service, 2)
    for task in tasks:
        status, body = await task
        assert (status, body["error"]["code"]) == (503, "dependency_unavailable")


async def test_where_the_answer_breaks_off_each_hears_of_it(service: Service) -> None:
    gateway = service.gateway

    async def service_alone(scope: Any, receive: Any, send: Any) -> None:
        gateway.upstream.requests.append({"target": scope["path"], "body": b""})
        await service.go_on.wait()
        await JSONResponse({})(scope, receive, send)

    # What breaks off: half an answer, then the end of the connection.
    async def halfway(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != TOGETHER:
            await service_alone(scope, receive, send)
            return
        service.together.append([])
        head = [(b"content-length", b"100"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionAbortedError

    gateway.upstream.raw = halfway
    before = await outcome(gateway, UpstreamOutcome.BROKEN)
    async with service.busy():
        tasks = await later(service, 3)
    for task in tasks:
        status, body = await task
        assert (status, body["error"]["code"]) == (502, "upstream_broken")
    assert await outcome(gateway, UpstreamOutcome.BROKEN) == before + 3


async def test_who_went_away_meanwhile_is_not_sent(service: Service) -> None:
    async with service.busy():
        gone, stays = await later(service, 2)
        gone.cancel()
        await service.waits(3)
    assert await stays == (200, {"alone": True})
    assert (service.together, len(service.alone)) == ([], 3)


async def test_nobody_waits_for_what_hangs(service: Service) -> None:
    service.gateway.state.forwarder.gathering.hangs_seconds = 0.1
    async with service.busy():
        task = asyncio.create_task(service.scan())
        await eventually(lambda: len(service.alone) == 3)
    assert await task == (200, {"alone": True})


@pytest.mark.parametrize("body", [b'{"code":"\xff"}', b'{"code":"' + b"x" * 9_000 + b'"}'])
async def test_what_is_no_scan_goes_alone(service: Service, body: bytes) -> None:
    async with service.busy():
        task = asyncio.create_task(service.scan(data=body))
        await eventually(lambda: len(service.alone) == 3)
    assert await task == (200, {"alone": True})
    assert service.alone[2] == body
