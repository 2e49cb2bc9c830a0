"""Scans in batches of 500, as a device sends what it gathered, against scans one by one in the same run."""

from __future__ import annotations

import asyncio
import uuid

import aiohttp
import orjson

from benchmarks.load import LoadResult, NextRequest, post, run_load
from benchmarks.report import Measurement
from benchmarks.scans import CLIENTS, ROUNDS, create_tasks, require_counted, scanner
from benchmarks.stack import BenchStack

TOGETHER = 500
# Devices that come into reach at the same moment.
DEVICES = 4
_SECONDS = 8


def measure(stack: BenchStack) -> list[Measurement]:
    """Alternate the two, so that a noisy neighbour disturbs both, and compare the medians."""
    alone, together = [], []
    for _ in range(ROUNDS):
        alone.append(asyncio.run(_run(stack, CLIENTS, 1)))
        together.append(asyncio.run(_run(stack, DEVICES, TOGETHER)))
    single, batched = (sorted(runs, key=lambda run: run.rate)[ROUNDS // 2] for runs in (alone, together))
    return [
        Measurement("scans one by one", single.rate, "/s"),
        Measurement(f"scans in batches of {TOGETHER}", TOGETHER * batched.rate, "/s"),
        Measurement(
            "rate in batches, times that one by one", TOGETHER * batched.rate / single.rate, "", at_least=5
        ),
        Measurement("latency of a batch p95", 1000 * batched.quantile(0.95), "ms"),
    ]


async def _run(stack: BenchStack, count: int, size: int) -> LoadResult:
    async with aiohttp.ClientSession() as session:
        headers = await stack.login(session)
        tasks = await create_tasks(stack, session, headers, count)
        token = headers["Authorization"].removeprefix("Bearer ")
        if size == 1:
            url = f"{stack.gateway}/api/scan"
            clients = [scanner(url, token, task_id, sku) for task_id, sku in tasks]
        else:
            url = f"{stack.gateway}/api/scans"
            clients = [_device(url, token, task_id, sku) for task_id, sku in tasks]
        result = await run_load(url, clients, warm_up=2, seconds=_SECONDS)
        task_ids = [task_id for task_id, _ in tasks]
        await require_counted(stack, session, headers, task_ids, result, each=size)
    return result


def _device(url: str, token: str, task_id: int, sku: str) -> NextRequest:
    """Return what makes the requests of one device that has gathered scans of one article for ever."""
    request = post(url, token)

    def next_request() -> bytes:
        operations = [
            {"kind": "scan", "task_id": task_id, "code": sku, "operation_id": str(uuid.uuid4())}
            for _ in range(TOGETHER)
        ]
        return request(orjson.dumps({"operations": operations}))

    return next_request
