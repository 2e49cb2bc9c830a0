"""That a job is finished is told to the Task Service, which tells other systems."""

from __future__ import annotations

from sqlalchemy import select, update

from magacin.core.db import Database
from magacin.imports.models import jobs
from tests.imports.support import Importer, TaskServiceOnWheels, csv_bytes, until


async def untold(database: Database) -> list[int]:
    async with database.begin() as connection:
        return list(await connection.scalars(select(jobs.c.id).where(~jobs.c.told)))


async def all_told(database: Database) -> bool:
    return not await untold(database)


async def test_a_job_that_is_finished_is_told(
    importer: Importer, task_service: TaskServiceOnWheels, empty: Database
) -> None:
    job = await importer.run(csv_bytes([("R1", "A1", "", 1, "", "")]), "orders.csv")
    await until(lambda: task_service.heard)
    (heard,) = task_service.heard
    assert heard["type"] == "import.finished"
    assert heard["data"] == {
        "job_id": job["job_id"],
        "filename": "orders.csv",
        "subject": "orders",
        "format": "csv",
        "status": "succeeded",
        "counts": job["counts"],
        "error": None,
        "submitted_by": "ana",
    }
    await until(lambda: all_told(empty))


async def test_one_that_failed_as_well(importer: Importer, task_service: TaskServiceOnWheels) -> None:
    await importer.run(b"colour\nred\n")
    await until(lambda: task_service.heard)
    assert task_service.heard[0]["data"]["status"] == "failed"


async def test_told_twice_it_has_the_same_id(
    importer: Importer, task_service: TaskServiceOnWheels, empty: Database
) -> None:
    """As after a crash between telling and noting it."""
    job = await importer.run(csv_bytes([("R1", "A1", "", 1, "", "")]))
    await until(lambda: task_service.heard)
    await until(lambda: all_told(empty))
    async with empty.begin() as connection:
        await connection.execute(update(jobs).where(jobs.c.id == job["job_id"]).values(told=False))
    await until(lambda: len(task_service.heard) == 2)
    one, other = task_service.heard
    assert one == other


async def test_a_task_service_that_is_away_delays_it(
    importer: Importer, task_service: TaskServiceOnWheels, empty: Database
) -> None:
    task_service.status = 503
    job = await importer.run(b"colour\nred\n")
    assert await untold(empty) == [job["job_id"]]
    assert task_service.heard == []
    task_service.status = 200
    await until(lambda: task_service.heard)
