"""Sending: whole requisitions go to the Task Service, in the order of the file, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import orjson
import structlog
from pydantic import ValidationError
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.held_orders import HeldReason
from magacin.contracts.tasks.requisitions import (
    COMPARE_BATCH,
    TAKE_BATCH,
    ComparedRequisition,
    RequisitionBatchResult,
    RequisitionComparisonResult,
    RequisitionOutcome,
    RequisitionResult,
)
from magacin.core.errors import DependencyUnavailable
from magacin.core.http import limits
from magacin.imports.duplicates import differs, notes_of
from magacin.imports.jobs import ClaimedJob, SentBatch
from magacin.imports.repository import JobRepository

# A requisition as it is staged.
Staged = RowMapping | Mapping[str, Any]
Answer = TypeVar("Answer", RequisitionBatchResult, RequisitionComparisonResult)

log = structlog.get_logger(__name__)

TASK_SERVICE = "task-service"
_SECONDS = 60
# Answers after which the same request may well succeed: overload, restart, a token that is being changed.
_PASSING = frozenset({401, 403, 404, 408, 409, 425, 429})
_COUNTS = (
    "rows_accepted",
    "rows_duplicate",
    *(f"requisitions_{outcome.value}" for outcome in RequisitionOutcome),
    "requisitions_differing",
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Requisitions in the body of a request, and what is known of them here."""

    body: bytes
    staged: Sequence[RowMapping]

    @property
    def position(self) -> int:
        """Return the position of the last one."""
        position: int = self.staged[-1]["position"]
        return position


class BatchRefused(Exception):
    """The Task Service understands the requisitions and will not have them: trying again is no use."""


async def next_batch(
    connection: AsyncConnection,
    job: ClaimedJob,
    after: int,
    *,
    requisitions: int,
    lines: int,
    body_of: Callable[[ClaimedJob, Sequence[RowMapping]], bytes] | None = None,
) -> Batch | None:
    """Return the requisitions that follow position `after`: up to `lines` lines, or one requisition.

    `body_of` makes the body of a request of what is staged, where it is something else.
    """
    repository = JobRepository(connection)
    staged = await repository.staged_requisitions(job.id, after, requisitions, lines)
    if not staged:
        return None
    return Batch((body_of or _orders)(job, staged), staged)


def _orders(job: ClaimedJob, staged: Sequence[RowMapping]) -> bytes:
    body = {
        "job_id": job.id,
        "release": job.release,
        "replace": job.replace,
        "requisitions": [_as_sent(row) for row in staged],
    }
    return orjson.dumps(body)


def _as_sent(row: Staged) -> dict[str, Any]:
    return {
        "number": row["number"],
        "destination": row["destination"],
        "missing_rows": row["missing_rows"],
        "lines": orjson.Fragment(row["lines"]),
    }


async def send(client: aiohttp.ClientSession, url: str, batch: Batch) -> RequisitionBatchResult:
    """Send a batch; raise `DependencyUnavailable` when it may be tried again, else `BatchRefused`."""
    answer = await post(client, f"{url}{TAKE_BATCH.path}", batch.body)
    return _understood(RequisitionBatchResult, answer, batch.staged)


async def release(
    client: aiohttp.ClientSession, url: str, job: RowMapping, held: Staged, seen: list[Any] | None
) -> RequisitionResult:
    """Have an order that was held back taken if it differs from what is there as was `seen`, none where
    nothing was there; raises what `send` raises. Done again for a job, it gets the answer that it got."""
    wanted = {**_as_sent(held), "seen": seen}
    body = {"job_id": job["id"], "release": job["release"], "replace": True, "decided": True}
    answer = await post(client, f"{url}{TAKE_BATCH.path}", orjson.dumps({**body, "requisitions": [wanted]}))
    return _understood(RequisitionBatchResult, answer, [held]).results[0]


async def compare(
    client: aiohttp.ClientSession, url: str, requisitions: Sequence[Staged], *, replace: bool
) -> list[ComparedRequisition]:
    """Return what would become of requisitions; raises what `send` raises."""
    body = {"replace": replace, "requisitions": [_as_sent(row) for row in requisitions]}
    answer = await post(client, f"{url}{COMPARE_BATCH.path}", orjson.dumps(body))
    return _understood(RequisitionComparisonResult, answer, requisitions).results


async def post(client: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    """Ask the Task Service; raise `DependencyUnavailable` when it may be tried again, else `BatchRefused`."""
    try:
        async with client.post(
            url,
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=limits(_SECONDS),
        ) as response:
            answer = await response.read()
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise DependencyUnavailable(TASK_SERVICE) from error
    if response.status >= 500 or response.status in _PASSING:
        raise DependencyUnavailable(TASK_SERVICE, reason=f"answered with status {response.status}")
    if response.status != 200:
        raise BatchRefused(_reason(response.status, answer))
    return answer


def outcome(batch: Batch, result: RequisitionBatchResult, *, replace: bool) -> SentBatch:
    """Return what a batch adds to the job's counts, and what is to be said of it."""
    counts = counted(batch.staged, result.results)
    notes = [note for one in result.results for note in notes_of(one, replace=replace)]
    numbers = [row["number"] for row in batch.staged]
    return SentBatch(batch.position, counts, notes, _held(batch.staged, result.results), numbers)


def _held(sent: Sequence[Staged], found: Sequence[ComparedRequisition]) -> list[dict[str, Any]]:
    """Return those that stay as they were although the file has another content for them."""
    return [
        {
            **{name: row[name] for name in ("position", "number", "destination", "line_count")},
            **{name: row[name] for name in ("missing_rows", "lines")},
            "reason": HeldReason.DIFFERS.value,
            "is_there": True,
            "differences": [difference.model_dump(mode="json") for difference in one.differences],
            "hindrance": one.hindrance.value if one.hindrance else None,
        }
        for row, one in zip(sent, found, strict=True)
        if differs(one)
    ]


def counted(sent: Sequence[Staged], found: Sequence[ComparedRequisition]) -> dict[str, int]:
    """Return what requisitions add to the counts of their import."""
    counts = dict.fromkeys(_COUNTS, 0)
    for row, one in zip(sent, found, strict=True):
        duplicate = one.outcome is RequisitionOutcome.DUPLICATE
        counts["rows_duplicate" if duplicate else "rows_accepted"] += row["row_count"]
        counts[f"requisitions_{one.outcome.value}"] += 1
        counts["requisitions_differing"] += differs(one)
    return counts


def _understood(model: type[Answer], body: bytes, sent: Sequence[Staged]) -> Answer:
    try:
        result = model.model_validate_json(body)
    except ValidationError as error:
        raise DependencyUnavailable(TASK_SERVICE, reason="gave an answer that is not understood") from error
    if [r.number for r in result.results] != [row["number"] for row in sent]:
        raise DependencyUnavailable(TASK_SERVICE, reason="answered for other requisitions than were sent")
    return result


def _reason(status: int, body: bytes) -> str:
    log.error("batch_refused", status=status, answer=body[:2000].decode(errors="replace"))
    return f"The Task Service refused requisitions of this file (status {status}); its answer is in the log."
