"""What tests of imports use: files, a caller, and a Task Service that can be made to fail."""

from __future__ import annotations

import asyncio
import csv
import inspect
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from openpyxl import Workbook

from magacin.contracts.tasks.requisitions import RequisitionBatch, RequisitionComparison, RequisitionIn
from magacin.contracts.tasks.webhooks import HappenedBatch
from tests.support import Caller

HEADER = ("requisition", "sku", "description", "quantity", "barcode", "destination")


def csv_bytes(
    rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER, delimiter: str = ","
) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def xlsx_bytes(rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Orders")
    sheet.append(list(header))
    for row in rows:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def until(done: Callable[[], object]) -> None:
    """Wait until `done` says so; the test's own time limit ends a wait for what never comes."""
    while True:
        found = done()
        if await found if inspect.isawaitable(found) else found:
            return
        await asyncio.sleep(0.05)


class TaskServiceOnWheels:
    """Keeps the contract of `POST /internal/requisitions` in memory, counts, and fails when told to.

    The real one is tested together with the Import Service too; this one is for what it never does.
    """

    def __init__(self) -> None:
        self.requisitions: dict[str, tuple[int, RequisitionIn]] = {}
        self.batches: list[list[str]] = []
        self.status = 200
        self.heard: list[dict[str, Any]] = []
        self.answer_after = asyncio.Event()
        self.answer_after.set()
        self.notes: dict[str, list[str]] = {}
        self.differences: dict[str, list[dict[str, Any]]] = {}

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/internal/requisitions", self._take)
        app.router.add_post("/internal/requisitions/compare", self._compare)
        app.router.add_post("/internal/webhook-events", self._hear)
        app.router.add_get("/health/live", self._live)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def lines(self, number: str) -> list[tuple[str, int]]:
        return [(line.sku, line.quantity) for line in self.requisitions[number][1].lines]

    async def _live(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _hear(self, request: web.Request) -> web.Response:
        if self.status == 200:
            batch = HappenedBatch.model_validate_json(await request.read())
            self.heard += [event.model_dump(mode="json") for event in batch.events]
        return web.Response(status=204 if self.status == 200 else self.status)

    async def _take(self, request: web.Request) -> web.Response:
        batch = RequisitionBatch.model_validate_json(await request.read())
        if self.status != 200:
            return web.json_response({"error": {"code": "x", "message": "x"}}, status=self.status)
        self.batches.append([requisition.number for requisition in batch.requisitions])
        results = [self._take_one(batch.job_id, requisition) for requisition in batch.requisitions]
        await self.answer_after.wait()
        return web.json_response({"results": results})

    async def _compare(self, request: web.Request) -> web.Response:
        """Say of each requisition whether it is there."""
        if self.status != 200:
            return web.json_response({"error": {"code": "x", "message": "x"}}, status=self.status)
        asked = RequisitionComparison.model_validate_json(await request.read())
        found = [self._there(requisition.number) for requisition in asked.requisitions]
        return web.json_response({"results": found})

    def _there(self, number: str) -> dict[str, Any]:
        is_there = number in self.requisitions
        requisition_id = list(self.requisitions).index(number) + 1 if is_there else None
        outcome = "duplicate" if is_there else "created"
        return {"number": number, "outcome": outcome, "requisition_id": requisition_id}

    def _take_one(self, job_id: int, requisition: RequisitionIn) -> dict[str, Any]:
        skus = [line.sku for line in requisition.lines]
        assert len(set(skus)) == len(skus), "the sender merges"
        owner, _ = self.requisitions.setdefault(requisition.number, (job_id, requisition))
        return {
            "number": requisition.number,
            "outcome": "created" if owner == job_id else "duplicate",
            "requisition_id": list(self.requisitions).index(requisition.number) + 1,
            "notes": self.notes.get(requisition.number, []),
            "differences": self.differences.get(requisition.number, []),
        }


class Importer:
    """Hands files in and waits for what becomes of them."""

    def __init__(self, call: Caller) -> None:
        self.call = call

    async def upload(
        self, content: bytes, name: str = "orders.csv", query: str = "", /, **form: str
    ) -> tuple[int, Any]:
        data = aiohttp.FormData(form)
        data.add_field("file", io.BytesIO(content), filename=name)
        return await self.call("POST", f"/api/imports{query}", data=data)

    async def preview(self, content: bytes, name: str = "orders.csv", **form: str) -> Any:
        status, answer = await self.upload(content, name, "?preview=true", **form)
        assert status == 200, answer
        return answer

    async def job(self, job_id: int) -> Any:
        status, job = await self.call("GET", f"/api/imports/{job_id}")
        assert status == 200, job
        return job

    async def finished(self, job_id: int) -> Any:
        while True:
            job = await self.job(job_id)
            if job["finished_at"]:
                return job
            await asyncio.sleep(0.05)

    async def run(self, content: bytes, name: str = "orders.csv", **form: str) -> Any:
        status, job = await self.upload(content, name, **form)
        assert status == 202, job
        return await self.finished(job["job_id"])

    async def rejects(self, job_id: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = 0
        while after is not None:
            status, page = await self.call("GET", f"/api/imports/{job_id}/rejects?limit=500&after={after}")
            assert status == 200, page
            found += page["items"]
            after = page["next_after"]
        return found


def adds_up(job: Any) -> bool:
    """Tell whether the counts of a job that succeeded agree with each other."""
    counts = job["counts"]
    rows = sum(counts[f"rows_{name}"] for name in ("accepted", "duplicate", "rejected", "held_back"))
    sent = sum(counts[f"requisitions_{name}"] for name in ("created", "replaced", "duplicate"))
    return bool(counts["rows_read"] == rows and counts["requisitions_total"] == sent)
