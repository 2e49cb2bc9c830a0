"""Records of articles and locations: sent to the Task Service, which says what becomes of each row.

Sent twice, rows come to the same: what is there already, as they say it, counts as unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
import orjson
from pydantic import ValidationError
from sqlalchemy import RowMapping

from magacin.contracts.order_files import RejectReason, Subject
from magacin.contracts.tasks.master_data import TAKE_ARTICLES, TAKE_LOCATIONS, RowReject, RowsTaken
from magacin.core.errors import DependencyUnavailable
from magacin.imports.jobs import ClaimedJob, SentBatch
from magacin.imports.parsers.rows import RejectedRow
from magacin.imports.sending import TASK_SERVICE, Batch, Staged, post
from magacin.imports.staging import POSITIONS_OF_A_ROW

_ENDPOINTS = {Subject.ARTICLES: TAKE_ARTICLES, Subject.LOCATIONS: TAKE_LOCATIONS}


def body_of(job: ClaimedJob, staged: Sequence[RowMapping]) -> bytes:
    """Return the body of the request that has records taken."""
    return _body(staged, job.submitted_by, preview=False)


async def send(client: aiohttp.ClientSession, url: str, subject: Subject, batch: Batch) -> SentBatch:
    """Send a batch, and return what it adds to its job; raises what `sending.send` raises."""
    taken = await _sent(client, url, subject, batch.body)
    counts = counted(taken)
    refused = [
        {
            **reject._asdict(),
            # Behind those that reading the row has shown: it has none where it was sent.
            "position": reject.row * POSITIONS_OF_A_ROW,
        }
        for reject in rejected(taken, batch.staged)
    ]
    return SentBatch(position=batch.position, counts=counts, notes=[], rejects=refused)


async def try_out(
    client: aiohttp.ClientSession, url: str, subject: Subject, staged: Sequence[Staged], by: str
) -> RowsTaken:
    """Return what would become of records, by themselves; raises what `sending.send` raises."""
    return await _sent(client, url, subject, _body(staged, by, preview=True))


def counted(taken: RowsTaken) -> dict[str, int]:
    """Return what rows add to the counts of their import."""
    return {
        "rows_accepted": taken.rows_changed,
        "rows_duplicate": taken.rows_unchanged,
        "rows_rejected": len({reject.row for reject in taken.rejects}),
    }


def rejected(taken: RowsTaken, staged: Sequence[Staged]) -> list[RejectedRow]:
    """Return what was refused, by the names that the file has for its columns."""
    names: dict[str, str] = orjson.loads(staged[0]["destination"])
    return [
        RejectedRow(
            reject.row,
            names.get(reject.column, reject.column),
            _reason(reject).value,
            reject.message,
            reject.value,
            reject.subject,
        )
        for reject in taken.rejects
    ]


def _reason(reject: RowReject) -> RejectReason:
    return RejectReason.MISSING if not reject.value else RejectReason.CONFLICT


def _body(staged: Sequence[Staged], by: str, *, preview: bool) -> bytes:
    chunks = [orjson.Fragment(row["lines"]) for row in staged]
    return orjson.dumps({"by": by, "preview": preview, "chunks": chunks})


async def _sent(client: aiohttp.ClientSession, url: str, subject: Subject, body: bytes) -> RowsTaken:
    answer = await post(client, f"{url}{_ENDPOINTS[subject].path}", body)
    try:
        return RowsTaken.model_validate_json(answer)
    except ValidationError as error:
        raise DependencyUnavailable(TASK_SERVICE, reason="gave an answer that is not understood") from error
