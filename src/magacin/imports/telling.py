"""Tells the Task Service of jobs that are finished, for webhooks. Told twice, a job counts once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import aiohttp
import orjson

from magacin.contracts.imports import ImportJob
from magacin.contracts.tasks.webhooks import TAKE_EVENTS, WebhookEvent
from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from magacin.core.http import limits
from magacin.imports import service
from magacin.imports.repository import JobRepository
from magacin.imports.sending import TASK_SERVICE

_AT_A_TIME = 50
_SECONDS = 10
# An id is the same however often a job is told.
_OF_JOBS = uuid.UUID("5d0b7d0e-3d0a-4f6e-9a53-0b9f2c6c1f7e")
_TOLD = {"job_id", "filename", "subject", "format", "status", "counts", "error", "submitted_by"}


class Teller:
    """Hands jobs over, the earliest first; `step` is for a `BackgroundLoop`."""

    def __init__(self, database: Database, client: aiohttp.ClientSession, url: str) -> None:
        self._database = database
        self._client = client
        self._url = f"{url}{TAKE_EVENTS.path}"

    async def step(self) -> bool:
        """Hand some over; return whether there may be more. Raises `DependencyUnavailable`."""
        async with self._database.begin() as connection:
            jobs = await service.untold(connection, _AT_A_TIME)
        if not jobs:
            return False
        await self._send(jobs)
        async with self._database.begin() as connection:
            await JobRepository(connection).note_told([job.job_id for job in jobs])
        return len(jobs) == _AT_A_TIME

    async def _send(self, jobs: Sequence[ImportJob]) -> None:
        body = orjson.dumps({"events": [_event(job) for job in jobs]})
        headers = {"Content-Type": "application/json"}
        try:
            async with self._client.post(
                self._url, data=body, headers=headers, timeout=limits(_SECONDS)
            ) as response:
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise DependencyUnavailable(TASK_SERVICE) from error
        if status != TAKE_EVENTS.status:
            raise DependencyUnavailable(TASK_SERVICE, reason=f"answered with status {status}")


def _event(job: ImportJob) -> dict[str, Any]:
    return {
        "event_id": uuid.uuid5(_OF_JOBS, f"{job.job_id} {job.finished_at}"),
        "type": WebhookEvent.IMPORT_FINISHED,
        "occurred_at": job.finished_at,
        "data": job.model_dump(mode="json", include=_TOLD),
    }
