"""The Import Service, served for real on a migrated PostgreSQL that is emptied before each test."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from magacin.core.db import Database
from magacin.imports import file_reader
from magacin.imports.app import create_app
from magacin.imports.migrate import migrate
from magacin.imports.models import metadata
from magacin.imports.settings import ImportSettings
from magacin.tasks.app import create_app as create_task_service
from magacin.tasks.migrate import migrate as migrate_tasks
from magacin.tasks.models import metadata as task_tables
from magacin.tasks.settings import TaskSettings
from tests.conftest import DATA_FILE, SERVICE_TOKEN
from tests.imports import odd_reader as program
from tests.imports.support import Importer, TaskServiceOnWheels
from tests.support import Caller, empty_tables, serving

# Its routes are prepared once.
_task_service = functools.cache(create_task_service)


@pytest.fixture(scope="session")
async def migrated(database_url: SecretStr) -> SecretStr:
    await migrate(database_url)
    return database_url


@pytest.fixture
async def empty(migrated: SecretStr, database: Database, redis: Redis) -> Database:
    await empty_tables(database, metadata)
    return database


@pytest.fixture
async def task_service() -> TaskServiceOnWheels:
    return TaskServiceOnWheels()


@pytest.fixture
async def task_service_url(task_service: TaskServiceOnWheels) -> AsyncIterator[str]:
    async with task_service.serving() as url:
        yield url


@pytest.fixture
async def tasks(task_service_url: str) -> AsyncIterator[Caller]:
    """Ask the Task Service that imports go to."""
    async with aiohttp.ClientSession() as session:
        yield Caller(session, task_service_url)


@pytest.fixture
async def real_task_service_url(
    database_url: SecretStr, redis_url: SecretStr, database: Database
) -> AsyncIterator[str]:
    """The real Task Service, on empty tables."""
    await migrate_tasks(database_url)
    await empty_tables(database, task_tables)
    settings = TaskSettings(
        database_url=database_url, redis_url=redis_url, service_token=SecretStr(SERVICE_TOKEN)
    )
    async with serving(_task_service(settings)) as url:
        yield url


@pytest.fixture
def settings(
    empty: Database, migrated: SecretStr, redis_url: SecretStr, task_service_url: str, tmp_path: Path
) -> ImportSettings:
    return ImportSettings(
        database_url=migrated,
        redis_url=redis_url,
        service_token=SecretStr(SERVICE_TOKEN),
        task_service_url=task_service_url,
        import_dir=tmp_path / "imports",
        import_folder_seconds=0.05,
        import_settle_seconds=0.2,
        import_lease_seconds=2.0,
        import_chunk_rows=50,
        import_batch_requisitions=5,
        import_batch_lines=20,
    )


@pytest.fixture
async def importer(settings: ImportSettings) -> AsyncIterator[Importer]:
    async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
        yield Importer(Caller(session, url))


@pytest.fixture
def retail_file() -> Path:
    if not DATA_FILE.exists():
        pytest.skip(f"{DATA_FILE} is not here: it is no part of the repository")
    return DATA_FILE


class OddReader:
    """The program that reads files, told what to do at the next ones instead; then it reads as ever."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.does()

    def does(self, *deeds: str) -> None:
        self._file.write_text("\n".join(deeds))

    @property
    def left(self) -> list[str]:
        return self._file.read_text().splitlines()


@pytest.fixture
def odd_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OddReader]:
    file = tmp_path / "deeds"
    monkeypatch.setattr(file_reader, "_PROGRAM", [sys.executable, program.__file__, str(file)])
    file_reader.end_idle()
    yield OddReader(file)
    file_reader.end_idle()
