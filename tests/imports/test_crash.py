"""The process is killed at any moment; the job still happens once. All processes here are real."""

from __future__ import annotations

import asyncio
import functools
import os
import random
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from magacin.contracts.events import EVENT_STREAM
from magacin.contracts.imports import JobStatus
from magacin.core.audit import SYSTEM
from magacin.core.db import Database
from magacin.imports import service
from magacin.imports.app import create_app
from magacin.imports.jobs import LeaseLost, NewJob, SentBatch
from magacin.imports.settings import ImportSettings
from tests.conftest import SERVICE_TOKEN, free_port
from tests.imports.support import Importer, TaskServiceOnWheels, adds_up, csv_bytes, until
from tests.support import Caller, serving

REQUISITIONS = 400
OTHERWISE = REQUISITIONS // 10
LINES = 20


def orders() -> bytes:
    """Return requisitions whose rows are far apart in the file; every tenth has a bad row."""
    rows = [
        (f"R{n}", f"A{line}", "", 0 if n % 10 == 0 and line == 7 else 1 + line % 3, "", "")
        for line in range(LINES)
        for n in range(REQUISITIONS)
    ]
    again = [(f"R{n}", "A1", "", 1, "", "") for n in range(1, REQUISITIONS, 10)]
    return csv_bytes(rows + again)


@dataclass
class Process:
    """The Import Service as `magacin serve` runs it."""

    settings: ImportSettings
    port: int
    log: Path
    running: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        settings = self.settings
        environment = os.environ | {
            "MAGACIN_DATABASE_URL": settings.database_url.get_secret_value(),
            "MAGACIN_REDIS_URL": settings.redis_url.get_secret_value(),
            "MAGACIN_SERVICE_TOKEN": SERVICE_TOKEN,
            "MAGACIN_TASK_SERVICE_URL": settings.task_service_url,
            "MAGACIN_IMPORT_DIR": str(settings.import_dir),
            "MAGACIN_IMPORT_CHUNK_ROWS": "100",
            "MAGACIN_IMPORT_BATCH_REQUISITIONS": "4",
            "MAGACIN_IMPORT_LEASE_SECONDS": "0.5",
            "MAGACIN_IMPORT_FOLDER_SECONDS": "0.1",
            "MAGACIN_IMPORT_SETTLE_SECONDS": "0.1",
        }
        command = [sys.executable, "-m", "magacin.cli", "serve", "import-service", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: ASYNC220  killed by hand
        await until(self._answers)

    async def _answers(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.log.read_text()[-3000:]
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    def kill(self) -> None:
        if self.running is not None:
            self.running.kill()
            self.running.wait()
            self.running = None


@pytest.fixture
async def process(settings: ImportSettings, tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(settings, free_port(), tmp_path / "service.log")
    yield process
    process.kill()


@pytest.fixture
async def caller(process: Process) -> AsyncIterator[Importer]:
    async with aiohttp.ClientSession() as session:
        yield Importer(Caller(session, f"http://127.0.0.1:{process.port}"))


@pytest.fixture
def task_service_url(real_task_service_url: str) -> str:
    return real_task_service_url


async def status_of(database: Database) -> tuple[str, int]:
    async with database.begin() as connection:
        row = (await connection.execute(text("SELECT status, sent_position FROM imports.jobs"))).one()
    return row.status, row.sent_position


async def stored(database: Database) -> dict[str, dict[str, int]]:
    statement = text(
        "SELECT r.number, a.sku, l.required FROM tasks.requisition_lines l "
        "JOIN tasks.requisitions r ON r.id = l.requisition_id JOIN tasks.articles a ON a.id = l.article_id"
    )
    found: dict[str, dict[str, int]] = {}
    async with database.begin() as connection:
        for row in await connection.execute(statement):
            found.setdefault(row.number, {})[row.sku] = row.required
    return found


async def order_otherwise(settings: ImportSettings) -> None:
    """Have some of the requisitions there before, of another content and released."""
    numbers = [f"R{n}" for n in range(REQUISITIONS) if n % 10 == 1]
    lines = [{"sku": "A1", "quantity": 1}, {"sku": "ELSE", "quantity": 1}]
    requisitions = [{"number": number, "lines": lines} for number in numbers]
    batch = {"job_id": 1_000, "release": True, "requisitions": requisitions}
    async with aiohttp.ClientSession() as session:
        status, _ = await Caller(session, settings.task_service_url)("POST", "/internal/requisitions", batch)
    assert status == 200


def check_result(job: Any, found: dict[str, dict[str, int]], replaced: int = 0) -> None:
    good = [n for n in range(REQUISITIONS) if n % 10]
    merged = REQUISITIONS // 10
    assert job["status"] == "succeeded"
    assert adds_up(job)
    assert job["counts"] == {
        "rows_read": REQUISITIONS * LINES + merged,
        "rows_accepted": len(good) * LINES + merged,
        "rows_duplicate": 0,
        "rows_rejected": REQUISITIONS // 10,
        "rows_held_back": REQUISITIONS // 10 * (LINES - 1),
        "rows_merged": merged,
        "requisitions_total": len(good),
        "requisitions_created": len(good) - replaced,
        "requisitions_replaced": replaced,
        "requisitions_duplicate": 0,
        "requisitions_differing": 0,
        "requisitions_held_back": REQUISITIONS // 10,
    }
    lines = {f"A{line}": 1 + line % 3 for line in range(LINES)}
    assert found == {f"R{n}": lines | ({"A1": 3} if n % 10 == 1 else {}) for n in good}


async def test_killed_again_and_again_in_both_phases(
    process: Process, caller: Importer, empty: Database, redis: Redis
) -> None:
    await order_otherwise(process.settings)
    async with empty.begin() as connection:
        # A job of a higher number is a later one, whose content stays.
        await connection.execute(text("SELECT setval(pg_get_serial_sequence('imports.jobs', 'id'), 1000)"))
    await process.start()
    status, job = await caller.upload(orders(), replace="true")
    assert status == 202
    process.kill()  # at once: the answer was the promise
    chance = random.Random(20)
    kills = {"reading": 0, "sending": 0}
    for phase in ("reading", "reading", "reading", "sending", "sending", "sending"):
        await process.start()
        await until(functools.partial(reached, empty, phase))
        await asyncio.sleep(chance.uniform(0, 0.25))
        process.kill()
        now, _ = await status_of(empty)
        kills[phase] += now not in ("succeeded", "failed")
    await process.start()
    job = await caller.finished(job["job_id"])
    assert min(kills.values()) >= 2, kills
    check_result(job, await stored(empty), replaced=OTHERWISE)
    async with empty.begin() as connection:
        versions = await connection.execute(text("SELECT DISTINCT version FROM tasks.pick_tasks"))
        assert [row.version for row in versions] == [2], "each is replaced once"
    await until(lambda: told(redis))
    await until(lambda: not list((process.settings.import_dir / "spool").iterdir()))


async def reached(database: Database, phase: str) -> bool:
    status, _ = await status_of(database)
    return status in (phase, "sending", "succeeded", "failed")


async def told(redis: Redis) -> bool:
    """Tell whether the end has been told, once: each id is another event, and a repetition keeps its id."""
    entries: Any = await redis.xrange(EVENT_STREAM)
    events = [orjson.loads(fields[b"event"]) for _, fields in entries]
    ids = {event["id"] for event in events if event["type"] == "import.finished"}
    assert len(ids) <= 1
    return len(ids) == 1


async def test_killed_while_it_takes_in_files(process: Process, caller: Importer, empty: Database) -> None:
    incoming = process.settings.import_dir / "incoming"
    await process.start()
    for number in range(40):
        (incoming / f".{number}").write_bytes(csv_bytes([(f"F{number}", "A1", "", 1, "", "")]))
        (incoming / f".{number}").rename(incoming / f"{number}.csv")
    chance = random.Random(7)
    for _ in range(4):
        await asyncio.sleep(chance.uniform(0.05, 0.3))
        process.kill()
        await process.start()
    processed = process.settings.import_dir / "processed"
    await until(lambda: len(list(processed.iterdir())) == 40)
    assert len(await stored(empty)) == 40
    async with empty.begin() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM imports.jobs")) == 40
        created = await connection.scalar(text("SELECT sum(requisitions_created) FROM imports.jobs"))
    assert created == 40


async def test_two_replicas_share_the_work(settings: ImportSettings, empty: Database) -> None:
    files = [csv_bytes([(f"{f}-{n}", "A1", "", 1, "", "") for n in range(60)]) for f in range(12)]
    async with (
        serving(create_app(settings)) as one,
        serving(create_app(settings)) as other,
        aiohttp.ClientSession() as session,
    ):
        importers = [Importer(Caller(session, url)) for url in (one, other)]
        done = await asyncio.gather(
            *(importers[i % 2].run(content, partial="true") for i, content in enumerate(files))
        )
    assert [job["counts"]["requisitions_created"] for job in done] == [60] * 12
    assert all(adds_up(job) for job in done)
    assert len(await stored(empty)) == 720


async def test_who_has_lost_the_lease_writes_nothing(
    settings: ImportSettings, empty: Database, task_service: TaskServiceOnWheels
) -> None:
    new = NewJob("upload-x", "x.csv", "csv", "upload", "ana", partial=False, release=False)
    async with empty.begin() as connection:
        await service.create(connection, new, SYSTEM)
        first = await service.claim(connection, uuid.uuid4(), 0.01)
    await asyncio.sleep(0.05)
    async with empty.begin() as connection:
        second = await service.claim(connection, uuid.uuid4(), 60)
    assert first is not None
    assert second is not None
    assert (first.id, first.attempts, second.attempts) == (second.id, 1, 2)
    batch = SentBatch(4, {"requisitions_created": 4}, [])
    async with empty.begin() as connection:
        assert await service.claim(connection, uuid.uuid4(), 60) is None
        await service.hold(connection, second, status=JobStatus.SENDING.value)
        await service.note_sent(connection, second, 0, batch)
    for write in (
        lambda connection: service.renew(connection, first, 60),
        lambda connection: service.note_sent(connection, first, 0, batch),
        lambda connection: service.finish(connection, first, JobStatus.SUCCEEDED),
        # Even the holder cannot count the same batch again.
        lambda connection: service.note_sent(connection, second, 0, batch),
    ):
        with pytest.raises(LeaseLost):
            async with empty.begin() as connection:
                await write(connection)
    async with empty.begin() as connection:
        assert (await service.get(connection, first.id)).counts.requisitions_created == 4


async def test_an_orderly_stop_leaves_the_job_to_the_next_at_once(
    settings: ImportSettings, empty: Database
) -> None:
    slow = settings.model_copy(update={"import_lease_seconds": 600.0, "import_batch_requisitions": 1})
    async with serving(create_app(slow)) as url, aiohttp.ClientSession() as session:
        await Importer(Caller(session, url)).upload(orders())
        await until(lambda: some_sent(empty))
    assert (await status_of(empty))[0] == "sending"
    async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
        check_result(await Importer(Caller(session, url)).finished(1), await stored(empty))


async def some_sent(database: Database) -> bool:
    return (await status_of(database))[1] > 3


async def test_a_file_that_takes_the_process_down_each_time_is_given_up(
    settings: ImportSettings, empty: Database
) -> None:
    async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
        importer = Importer(Caller(session, url))
        async with empty.begin() as connection:
            new = NewJob("upload-x", "x", "csv", "upload", "a", partial=False, release=False)
            job_id = await service.create(connection, new, SYSTEM)
            await connection.execute(text("UPDATE imports.jobs SET status = 'reading', attempts = 8"))
        assert job_id is not None
        job = await importer.finished(job_id)
    assert job["status"] == "failed"
    assert "8 times" in job["error"]
