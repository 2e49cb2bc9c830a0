"""Scans while 50,000 requisitions of a file become pick tasks, against scans alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks.imports import run_import
from benchmarks.load import LoadResult, run_load
from benchmarks.report import Measurement
from benchmarks.scans import create_tasks, scanner
from benchmarks.stack import BenchStack

REQUISITIONS = 50_000
# As many as keep two cores busy by themselves.
CLIENTS = 50
_ALONE_SECONDS, _DURING_SECONDS = 10, 20


def measure(stack: BenchStack) -> list[Measurement]:
    """Scan, then upload the file and go on scanning; what is left of the release goes on without scans."""
    alone, during, seconds = asyncio.run(_measure(stack))
    p95 = [1000 * result.quantile(0.95) for result in (alone, during)]
    return [
        Measurement("scan latency p95, alone", p95[0], "ms"),
        Measurement("scan latency p95 during a release", p95[1], "ms"),
        Measurement("scan latency p95 during a release, times that alone", p95[1] / p95[0], "", at_most=2),
        Measurement(
            f"release of {REQUISITIONS:,} requisitions, those seconds of scans included", seconds, "s"
        ),
    ]


async def _measure(stack: BenchStack) -> tuple[LoadResult, LoadResult, float]:
    async with aiohttp.ClientSession() as session:
        headers = await stack.login(session)
        tasks = await create_tasks(stack, session, headers, CLIENTS)
    token = headers["Authorization"].removeprefix("Bearer ")
    url = f"{stack.gateway}/api/scan"
    clients = [scanner(url, token, task_id, sku) for task_id, sku in tasks]
    alone = await run_load(url, clients, warm_up=2, seconds=_ALONE_SECONDS)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "orders.csv"
        rows = (f"L{number},A{number % 3_000},1" for number in range(REQUISITIONS))
        file.write_text("\n".join(["requisition,sku,quantity", *rows]), encoding="utf-8")
        importing = asyncio.create_task(run_import(stack, file, release="true"))
        during = await run_load(url, clients, warm_up=0, seconds=_DURING_SECONDS)
        if importing.done():
            raise SystemExit("The release was over before the scans were.")
        return alone, during, await importing
