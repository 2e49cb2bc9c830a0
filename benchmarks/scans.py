"""Scans through the gateway at fifty clients, against pgbench on the same server in the same run."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from typing import Any

import aiohttp
import orjson

from benchmarks import cpu
from benchmarks.load import LoadResult, NextRequest, post, run_load
from benchmarks.pgbench import transactions_per_second
from benchmarks.report import Measurement
from benchmarks.stack import BenchStack

CLIENTS = 50
REQUIRED = 1_000_000
ROUNDS = 3


def measure(stack: BenchStack) -> list[Measurement]:
    """Alternate pgbench and scans, so that a noisy neighbour disturbs both, and compare the medians."""
    yardsticks, runs, each = [], [], []
    for _ in range(ROUNDS):
        yardsticks.append(transactions_per_second(stack, clients=CLIENTS, seconds=8))
        with cpu.spent(stack) as processor:
            runs.append(asyncio.run(scan_all(stack)))
        each.append(cpu.measurements(processor, runs[-1].accepted, "each scan"))
    yardstick = sorted(yardsticks)[ROUNDS // 2]
    middle = sorted(runs, key=lambda run: run.rate)[ROUNDS // 2]
    return [
        Measurement("pgbench, the same writes", yardstick, "/s"),
        Measurement("scans through the gateway", middle.rate, "/s"),
        Measurement("scans, share of pgbench", 100 * middle.rate / yardstick, "%", at_least=25),
        Measurement("scan latency p50", 1000 * middle.quantile(0.5), "ms"),
        Measurement("scan latency p95", 1000 * middle.quantile(0.95), "ms"),
        Measurement("scan latency p99", 1000 * middle.quantile(0.99), "ms", at_most=60),
        *cpu.medians(each),
    ]


async def scan_all(stack: BenchStack, *, rate: float | None = None) -> LoadResult:
    """Scan with all clients, as fast as they are answered or so many a second; every scan has to count."""
    async with aiohttp.ClientSession() as session:
        headers = await stack.login(session)
        tasks = await create_tasks(stack, session, headers, CLIENTS)
        token = headers["Authorization"].removeprefix("Bearer ")
        url = f"{stack.gateway}/api/scan"
        clients = [scanner(url, token, task_id, sku) for task_id, sku in tasks]
        result = await run_load(url, clients, warm_up=2, seconds=10, rate=rate)
        await require_counted(stack, session, headers, [task_id for task_id, _ in tasks], result)
    return result


def scanner(url: str, token: str, task_id: int, sku: str) -> NextRequest:
    """Return what makes the requests of one worker who scans one article for ever."""
    request = post(url, token)

    def next_request() -> bytes:
        return request(orjson.dumps({"task_id": task_id, "code": sku, "operation_id": str(uuid.uuid4())}))

    return next_request


_numbers = itertools.count(1)


async def create_tasks(
    stack: BenchStack, session: aiohttp.ClientSession, headers: dict[str, str], count: int
) -> list[tuple[int, str]]:
    """Create tasks of one long line each, assigned to the admin; return their ids and SKUs."""
    made = []
    for number in itertools.islice(_numbers, count):
        sku = f"BENCH-{number}"
        body = {"number": f"BENCH-{uuid.uuid4()}", "lines": [{"sku": sku, "quantity": REQUIRED}]}
        requisition = await _post(session, f"{stack.gateway}/api/requisitions", headers, body)
        wanted = {"requisition_ids": [requisition["requisition_id"]]}
        (task,) = await _post(session, f"{stack.gateway}/api/tasks", headers, wanted)
        await _post(session, f"{stack.gateway}/api/tasks/{task['task_id']}/claim", headers, None)
        made.append((task["task_id"], sku))
    return made


async def _post(session: aiohttp.ClientSession, url: str, headers: dict[str, str], body: object) -> Any:
    async with session.post(url, headers=headers, json=body) as response:
        if response.status >= 400:
            raise SystemExit(f"POST {url} answered {response.status}: {await response.text()}")
        return await response.json()


async def require_counted(
    stack: BenchStack,
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    task_ids: list[int],
    result: LoadResult,
    *,
    each: int = 1,
) -> None:
    """Exit unless every request was accepted, and the `each` scans of it counted.

    A rate of scans that are refused or lost is worth nothing.
    """
    if set(result.statuses) != {200}:
        raise SystemExit(f"Not every scan was accepted: {dict(result.statuses)}")
    picked = 0
    for task_id in task_ids:
        async with session.get(f"{stack.gateway}/api/tasks/{task_id}", headers=headers) as response:
            picked += (await response.json())["picked"]
    if picked != result.accepted * each:
        raise SystemExit(f"{result.accepted * each} scans were acknowledged and {picked} counted.")
