"""A job that was being sent while the Import Service was brought up to date goes on where it was."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from magacin.contracts.imports import JobStatus
from magacin.contracts.tasks.requisitions import RequisitionBatch
from magacin.core.db import Database
from magacin.core.migrations import upgrade
from magacin.imports import migrate as imports_migrate
from magacin.imports import sending, service
from magacin.imports.migrate import migrate
from magacin.imports.models import SCHEMA
from tests.conftest import Server

_MIGRATIONS = Path(imports_migrate.__file__).parent / "migrations"
_BEFORE = "0002"
# A job of which R1 was sent, and R2 and R3 were not; its lines lie in a table of their own.
_STAGED = """
INSERT INTO imports.jobs (spool_name, filename, format, source, submitted_by, partial, release, status,
                          rows_read, requisitions_total, sent_position)
VALUES ('upload-1', 'orders.csv', 'csv', 'upload', 'admin', false, true, 'sending', 5, 3, 2);
INSERT INTO imports.staged_requisitions (job_id, position, number, destination, row_count, line_count)
VALUES (1, 2, 'R1', 'Shop', 1, 1), (1, 3, 'R2', '', 3, 2), (1, 6, 'R3', 'Shop', 1, 1);
INSERT INTO imports.staged_lines (job_id, position, row, sku, quantity, description, barcode)
VALUES (1, 2, 2, 'A1', 1, '', NULL), (1, 3, 5, 'A3', 2, 'Lamp "3"', '4006381333931'),
       (1, 3, 3, 'A2', 7, '', NULL), (1, 6, 6, 'A1', 4, 'Šolja', NULL)
"""


@pytest.fixture
async def before(postgres_server: Server) -> AsyncIterator[SecretStr]:
    """A database as it was then, with that job in it."""
    server = f"magacin@127.0.0.1:{postgres_server.port}"
    admin = await asyncpg.connect(f"postgresql://{server}/postgres")
    await admin.execute("CREATE DATABASE imports_before")
    url = SecretStr(f"postgresql+asyncpg://{server}/imports_before")
    await upgrade(url, SCHEMA, _MIGRATIONS, _BEFORE)
    staged = await asyncpg.connect(f"postgresql://{server}/imports_before")
    await staged.execute(_STAGED)
    await staged.close()
    yield url
    await admin.execute("DROP DATABASE imports_before WITH (FORCE)")
    await admin.close()


async def test_what_was_staged_before_is_sent_as_it_was_meant(before: SecretStr) -> None:
    await migrate(before)
    async with Database(before, application="tests") as database, database.begin() as connection:
        job = await service.claim(connection, uuid.uuid4(), 10)
        assert job is not None
        assert (job.status, job.sent_position) == (JobStatus.SENDING, 2)
        batch = await sending.next_batch(connection, job, job.sent_position, requisitions=9, lines=9)
    assert batch is not None
    sent = RequisitionBatch.model_validate_json(batch.body)
    assert sent.release
    assert [(r.number, r.destination, r.missing_rows) for r in sent.requisitions] == [
        ("R2", "", 0),
        ("R3", "Shop", 0),
    ]
    assert [
        (line.sku, line.quantity, line.description, line.barcode)
        for requisition in sent.requisitions
        for line in requisition.lines
    ] == [("A2", 7, "", None), ("A3", 2, 'Lamp "3"', "4006381333931"), ("A1", 4, "Šolja", None)]
