"""How long a scan takes to reach a screen, at 200 scans a second."""

from __future__ import annotations

import asyncio
import time
import uuid

import aiohttp
import socketio  # type: ignore[import-untyped]  # it comes without types

from benchmarks import cpu
from benchmarks.report import Measurement
from benchmarks.scans import create_tasks
from benchmarks.stack import BenchStack
from magacin.contracts.events import SOCKET_EVENT

RATE = 200
SECONDS = 15


def measure(stack: BenchStack) -> list[Measurement]:
    """Scan at a steady rate; measure from before the scan is sent to its event at a Socket.IO client."""
    with cpu.spent(stack) as processor:
        delays, sent = asyncio.run(_watch(stack))
    ordered = sorted(delays)
    return [
        Measurement("events that arrived, of those scanned", 100 * len(ordered) / sent, "%", at_least=100),
        Measurement("scan sent to event received p50", 1000 * ordered[len(ordered) // 2], "ms"),
        Measurement(
            "scan sent to event received p95", 1000 * ordered[int(0.95 * len(ordered))], "ms", at_most=100
        ),
        *cpu.measurements(processor, sent, "each scan with its event"),
    ]


async def _watch(stack: BenchStack) -> tuple[list[float], int]:
    sent_at: dict[str, float] = {}
    delays: dict[str, float] = {}
    client = socketio.AsyncClient(reconnection=False)

    async def on_event(event: dict[str, object]) -> None:
        data = event["data"]
        if event["type"] == "scan.recorded" and isinstance(data, dict):
            key = data["operation_id"]
            if key in sent_at:
                delays.setdefault(key, time.perf_counter() - sent_at[key])

    client.on(SOCKET_EVENT, on_event)
    async with aiohttp.ClientSession() as session:
        headers = await stack.login(session)
        token = headers["Authorization"].removeprefix("Bearer ")
        tasks = await create_tasks(stack, session, headers, 20)
        await client.connect(stack.gateway, auth={"token": token}, transports=["websocket"])
        await _scan_steadily(stack, session, headers, tasks, sent_at)
        await asyncio.sleep(2)
        await client.disconnect()
    return list(delays.values()), len(sent_at)


async def _scan_steadily(
    stack: BenchStack,
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    tasks: list[tuple[int, str]],
    sent_at: dict[str, float],
) -> None:
    async def scan(number: int) -> None:
        task_id, sku = tasks[number % len(tasks)]
        key = str(uuid.uuid4())
        sent_at[key] = time.perf_counter()
        body = {"task_id": task_id, "code": sku, "operation_id": key}
        async with session.post(f"{stack.gateway}/api/scan", json=body, headers=headers) as response:
            response.raise_for_status()

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(RATE * SECONDS):
            await asyncio.sleep(max(0, started + number / RATE - time.perf_counter()))
            group.create_task(scan(number))
