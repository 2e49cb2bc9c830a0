"""Imports of the real order file, from the start of the upload to everything committed."""

from __future__ import annotations

import asyncio
import csv
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import openpyxl
import psutil

from benchmarks.memory import MIB
from benchmarks.report import Measurement
from benchmarks.stack import BenchStack

SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "online_retail_50k.csv"
# Both formats in turn, so that what else the machine does disturbs both alike.
ROUNDS = 2
_TABLE = list[list[str]]


def measure(stack: BenchStack) -> list[Measurement]:
    """Import the same rows as CSV and as XLSX, in turn, each time under other numbers."""
    csv_seconds, xlsx_seconds = [], []
    with TemporaryDirectory() as folder, peak_memory(stack) as memory:
        # The first file finds the process that reads files not started, and PostgreSQL's caches empty.
        asyncio.run(run_import(stack, _as_csv(sample("W")[:100], Path(folder) / "warm.csv")))
        for turn in range(ROUNDS):
            text = _as_csv(sample(f"C{turn}-"), Path(folder) / "orders.csv")
            csv_seconds.append(asyncio.run(run_import(stack, text)))
            sheet = _as_xlsx(sample(f"X{turn}-"), Path(folder) / "orders.xlsx")
            xlsx_seconds.append(asyncio.run(run_import(stack, sheet)))
    csv_median, xlsx_median = statistics.median(csv_seconds), statistics.median(xlsx_seconds)
    return [
        Measurement("import of 50,062 rows, CSV", csv_median, "s", at_most=5),
        Measurement("import of 50,062 rows, XLSX", xlsx_median, "s", at_most=8),
        Measurement("XLSX, times the CSV's", xlsx_median / csv_median, "", at_most=1.5),
        Measurement("import processes during these", memory.peak / MIB, "MiB", at_most=300),
    ]


def sample(prefix: str) -> _TABLE:
    """Return the rows of the order file, header first, with a prefix to the numbers of its orders."""
    if not SAMPLE.exists():
        raise SystemExit(f"The order file is not there: {SAMPLE}. Skip this with: bench scans events memory")
    with SAMPLE.open(encoding="cp1252", newline="") as file:
        header, *rows = csv.reader(file)
    return [header, *([f"{prefix}{number}", *rest] for number, *rest in rows)]


async def run_import(stack: BenchStack, file: Path, **form: str) -> float:
    """Upload a file and wait for the end of its import; return the seconds until then, which the job knows:
    asking for it again and again would take from what is measured."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=900)) as session:
        headers = await stack.login(session)
        started = datetime.now(UTC)
        data = aiohttp.FormData(form)
        with file.open("rb") as content:
            data.add_field("file", content, filename=file.name)
            async with session.post(f"{stack.gateway}/api/imports", data=data, headers=headers) as response:
                if response.status != 202:
                    raise SystemExit(f"The upload was answered {response.status}: {await response.text()}")
                job_id = (await response.json())["job_id"]
        job = await _finished(stack, session, headers, job_id)
        if job["status"] != "succeeded":
            raise SystemExit(f"The import ended as {job['status']}: {job['error']}")
        return (datetime.fromisoformat(job["finished_at"]) - started).total_seconds()


async def _finished(
    stack: BenchStack, session: aiohttp.ClientSession, headers: dict[str, str], job_id: int
) -> dict[str, str]:
    for _ in range(5_000):
        async with session.get(f"{stack.gateway}/api/imports/{job_id}", headers=headers) as response:
            job: dict[str, str] = await response.json()
        if job["status"] in ("succeeded", "failed"):
            return job
        await asyncio.sleep(0.2)
    raise SystemExit(f"Import {job_id} did not end.")


def _as_csv(rows: _TABLE, target: Path) -> Path:
    with target.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return target


def _as_xlsx(rows: _TABLE, target: Path) -> Path:
    """Write the rows as Excel does: texts kept once and referred to, numbers as numbers, the size stated."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    header, *lines = rows
    sheet.append(header)
    for invoice, sku, description, quantity, price, *rest in lines:
        code = int(sku) if sku.isdigit() else sku
        sheet.append([invoice, code, description, int(quantity), float(price), *rest])
    book.save(target)
    return target


class _Peak:
    """The most memory that the import process and those below it had together, in bytes."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.peak = 0

    def look(self) -> None:
        """Note what they have now. What several of them share counts once."""
        together = 0
        for one in (self._process, *self._process.children(recursive=True)):
            try:
                together += one.memory_full_info().pss
            except psutil.Error:
                continue  # it ended just now
        self.peak = max(self.peak, together)


@contextmanager
def peak_memory(stack: BenchStack) -> Iterator[_Peak]:
    """Watch the memory of the import process five times a second."""
    pid = next(part["pid"] for part in stack.status() if part["name"] == "import-service")
    memory, stop = _Peak(psutil.Process(pid)), threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            memory.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        stop.set()
        thread.join()
