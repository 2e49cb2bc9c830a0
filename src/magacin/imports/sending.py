"""Sending: whole requisitions go to the Task Service, in the order of the file, some at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import aiohttp
import structlog
from pydantic import ValidationError
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.requisitions import (
    ImportedRequisition,
    RequisitionBatch,
    RequisitionBatchResult,
    RequisitionLineIn,
    RequisitionOutcome,
)
from magacin.core.errors import DependencyUnavailable
from magacin.imports.jobs import ClaimedJob, SentBatch
from magacin.imports.repository import JobRepository

log = structlog.get_logger(__name__)

TASK_SERVICE = "task-service"
_SECONDS = 60
# Answers after which the same request may well succeed: overload, restart, a token that is being changed.
_PASSING = frozenset({401, 403, 404, 408, 409, 425, 429})

_Staged = Sequence[RowMapping]
Batch = tuple[RequisitionBatch, _Staged]


class BatchRefused(Exception):
    """The Task Service understands the requisitions and will not have them: trying again is no use."""


async def next_batch(
    connection: AsyncConnection, job: ClaimedJob, after: int, *, requisitions: int, lines: int
) -> Batch | None:
    """Return the requisitions that follow position `after`: up to `lines` lines, or one requisition."""
    repository = JobRepository(connection)
    staged = await repository.staged_requisitions(job.id, after, requisitions, lines)
    if not staged:
        return None
    content = await _lines(repository, job.id, staged[0]["position"], staged[-1]["position"])
    batch = RequisitionBatch(
        job_id=job.id,
        release=job.release,
        requisitions=[
            ImportedRequisition(
                number=row["number"], destination=row["destination"], lines=content[row["position"]]
            )
            for row in staged
        ],
    )
    return batch, staged


async def send(client: aiohttp.ClientSession, url: str, batch: RequisitionBatch) -> RequisitionBatchResult:
    """Send a batch; raise `DependencyUnavailable` when it may be tried again, else `BatchRefused`."""
    try:
        async with client.post(
            f"{url}/internal/requisitions",
            data=batch.model_dump_json(exclude_defaults=True).encode(),
            headers={"Content-Type": "application/json"},
            timeout=aiohttp.ClientTimeout(total=_SECONDS, sock_connect=2),
        ) as response:
            body = await response.read()
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise DependencyUnavailable(TASK_SERVICE) from error
    if response.status >= 500 or response.status in _PASSING:
        raise DependencyUnavailable(TASK_SERVICE, reason=f"answered with status {response.status}")
    if response.status != 200:
        raise BatchRefused(_reason(response.status, body))
    return _understood(body, batch)


def outcome(staged: _Staged, result: RequisitionBatchResult) -> SentBatch:
    """Return what a batch adds to the job's counts."""
    created = sum(1 for r in result.results if r.outcome is RequisitionOutcome.CREATED)
    return SentBatch(
        position=staged[-1]["position"],
        rows=sum(row["row_count"] for row in staged),
        created=created,
        duplicate=len(result.results) - created,
        notes=[f"{r.number}: {note}"[:500] for r in result.results for note in r.notes],
    )


def _understood(body: bytes, batch: RequisitionBatch) -> RequisitionBatchResult:
    try:
        result = RequisitionBatchResult.model_validate_json(body)
    except ValidationError as error:
        raise DependencyUnavailable(TASK_SERVICE, reason="gave an answer that is not understood") from error
    if [r.number for r in result.results] != [r.number for r in batch.requisitions]:
        raise DependencyUnavailable(TASK_SERVICE, reason="answered for other requisitions than were sent")
    return result


def _reason(status: int, body: bytes) -> str:
    log.error("batch_refused", status=status, answer=body[:2000].decode(errors="replace"))
    return f"The Task Service refused requisitions of this file (status {status}); its answer is in the log."


async def _lines(
    repository: JobRepository, job_id: int, first: int, last: int
) -> dict[int, list[RequisitionLineIn]]:
    found: dict[int, list[RequisitionLineIn]] = defaultdict(list)
    for row in await repository.staged_lines(job_id, first, last):
        found[row["position"]].append(
            RequisitionLineIn(**{name: row[name] for name in RequisitionLineIn.model_fields})
        )
    return found
