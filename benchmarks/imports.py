"""Imports of the real order file, from the start of the upload to everything committed."""

from __future__ import annotations

import asyncio
import csv
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import openpyxl
import psutil

from benchmarks import cpu
from benchmarks.memory import MIB
from benchmarks.report import Measurement
from benchmarks.stack import BenchStack

SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "online_retail_50k.csv"
MILLION = 1_000_000


def measure(stack: BenchStack) -> list[Measurement]:
    """Import CSV, the same rows as XLSX, and a CSV of a million rows while watching the memory."""
    if not SAMPLE.exists():
        raise SystemExit(f"The order file is not there: {SAMPLE}. Skip this with: bench scans events memory")
    with TemporaryDirectory() as folder:
        sheet = _as_xlsx(SAMPLE, Path(folder) / "orders.xlsx")
        million = _million_rows(Path(folder) / "million.csv")
        csv_seconds = asyncio.run(_import(stack, SAMPLE))
        xlsx_seconds = asyncio.run(_import(stack, sheet))
        with _PeakMemory(stack) as memory, cpu.spent(stack) as processor:
            million_seconds = asyncio.run(_import(stack, million))
    return [
        Measurement("import of 50,062 rows, CSV", csv_seconds, "s", at_most=5),
        Measurement("import of 50,062 rows, XLSX", xlsx_seconds, "s", at_most=8),
        Measurement("import of 1,000,000 rows, CSV", million_seconds, "s"),
        Measurement("import process during these", memory.peak / MIB, "MiB", at_most=300),
        *cpu.measurements(processor, MILLION // 1000, "each 1,000 rows of CSV"),
    ]


async def _import(stack: BenchStack, file: Path) -> float:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=900)) as session:
        headers = await stack.login(session)
        started = time.perf_counter()
        form = aiohttp.FormData()
        with file.open("rb") as content:
            form.add_field("file", content, filename=file.name)
            async with session.post(f"{stack.gateway}/api/imports", data=form, headers=headers) as response:
                if response.status != 202:
                    raise SystemExit(f"The upload was answered {response.status}: {await response.text()}")
                job_id = (await response.json())["job_id"]
        job = await _finished(stack, session, headers, job_id)
        if job["status"] != "succeeded":
            raise SystemExit(f"The import ended as {job['status']}: {job['error']}")
        return time.perf_counter() - started


async def _finished(
    stack: BenchStack, session: aiohttp.ClientSession, headers: dict[str, str], job_id: int
) -> dict[str, str]:
    for _ in range(20_000):
        async with session.get(f"{stack.gateway}/api/imports/{job_id}", headers=headers) as response:
            job: dict[str, str] = await response.json()
        if job["status"] in ("succeeded", "failed"):
            return job
        await asyncio.sleep(0.05)
    raise SystemExit(f"Import {job_id} did not end.")


def _rows() -> list[list[str]]:
    with SAMPLE.open(encoding="cp1252", newline="") as file:
        return list(csv.reader(file))


def _as_xlsx(source: Path, target: Path) -> Path:
    """Write the rows as Excel does: texts kept once and referred to, numbers as numbers, the size stated."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    with source.open(encoding="cp1252", newline="") as file:
        header, *rows = csv.reader(file)
    sheet.append(header)
    for invoice, sku, description, quantity, price, *rest in rows:
        # Other numbers than those of the CSV: a duplicate is found faster than it is created.
        code = int(sku) if sku.isdigit() else sku
        sheet.append([f"X{invoice}", code, description, int(quantity), float(price), *rest])
    book.save(target)
    return target


def _million_rows(target: Path) -> Path:
    header, *rows = _rows()
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number in range(MILLION):
            row = rows[number % len(rows)]
            writer.writerow([f"M{number // len(rows)}-{row[0]}", *row[1:]])
    return target


class _PeakMemory:
    """Watches the import process ten times a second."""

    def __init__(self, stack: BenchStack) -> None:
        pid = next(part["pid"] for part in stack.status() if part["name"] == "import-service")
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def __enter__(self) -> _PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, self._process.memory_info().rss)
