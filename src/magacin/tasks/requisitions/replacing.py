"""Requisitions that are there already: met again, and given another content while nobody has picked.

Whoever replaces the lines of a requisition holds its row, which keeps releases away, and then the row of its
task, which keeps scans, claims and cancellations away: what is judged under both stays true until the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.requisitions import (
    Change,
    ComparedRequisition,
    Difference,
    Hindrance,
    ImportedRequisition,
    RequisitionBatch,
    RequisitionOutcome,
    RequisitionResult,
)
from magacin.core import audit
from magacin.core.outbox import message, tell
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.pick_tasks.service import release
from magacin.tasks.requisitions.comparing import Present, PresentLine, Verdict, judge, still_missing
from magacin.tasks.requisitions.repository import ChangedLine, NewLine, RequisitionRepository

# So many differences go into an event; who wants all of them reads the task.
MAX_TOLD = 20
_differences = TypeAdapter(list[Difference])


@dataclass(frozen=True, slots=True)
class Met:
    """A requisition that was sent and is there already, and what becomes of it.

    `before` says that it became so earlier, by the same job, whose answer may have been lost.
    """

    wanted: ImportedRequisition
    present: Present
    verdict: Verdict
    before: bool = False

    @property
    def to_be_replaced(self) -> bool:
        """Tell whether its content is to be replaced now."""
        return self.verdict.outcome is RequisitionOutcome.REPLACED and not self.before

    @property
    def compared(self) -> ComparedRequisition:
        """Return what becomes of it."""
        return ComparedRequisition(
            number=self.wanted.number,
            outcome=self.verdict.outcome,
            requisition_id=self.present.requisition_id,
            differences=self.verdict.differences,
            hindrance=self.verdict.hindrance,
        )

    def result(self, notes: Mapping[str, list[str]]) -> RequisitionResult:
        """Return the answer to whoever sent it."""
        stays = [
            f"Barcode {difference.before} was not taken from {difference.sku}: remove it if it is wrong."
            for difference in self.verdict.differences
            if self.to_be_replaced and difference.change is Change.BARCODE and difference.before
        ]
        told = dict(self.compared)
        return RequisitionResult(**told, notes=[*notes.get(self.wanted.number, []), *stays])

    @property
    def removed(self) -> set[str]:
        """Return the SKUs of the lines that go."""
        return {d.sku or "" for d in self.verdict.differences if d.change is Change.REMOVED}


async def meet(
    connection: AsyncConnection, wanted: Sequence[ImportedRequisition], batch: RequisitionBatch
) -> dict[str, Met]:
    """Judge requisitions of a job's batch that are there already; lock those that are to be replaced."""
    met = await _meet(connection, wanted, batch)
    chosen = [one for one in met.values() if one.to_be_replaced]
    if chosen:
        requisition_ids = [one.present.requisition_id for one in chosen]
        await RequisitionRepository(connection).lock(requisition_ids)
        await PickTaskRepository(connection).lock_of(requisition_ids)
        # What was read before the locks were there may not be true any more.
        met |= await _meet(connection, [one.wanted for one in chosen], batch)
    return met


async def _meet(
    connection: AsyncConnection, wanted: Sequence[ImportedRequisition], batch: RequisitionBatch
) -> dict[str, Met]:
    # What somebody has seen and decided is right whichever job came last.
    job_id = None if batch.decided else batch.job_id
    met = await compare_with_present(connection, wanted, replace=batch.replace, job_id=job_id)
    if batch.decided:
        met = {number: _as_seen(one) for number, one in met.items()}
    ids = [one.present.requisition_id for one in met.values()]
    # Read after the content: whoever has replaced it in between is seen here.
    done = await RequisitionRepository(connection).replacements(ids, batch.job_id) if ids else {}
    for number, one in met.items():
        if one.present.import_job_id == batch.job_id:
            verdict = Verdict(RequisitionOutcome.CREATED, [])
        elif one.present.requisition_id in done:
            found = _differences.validate_python(done[one.present.requisition_id])
            verdict = Verdict(RequisitionOutcome.REPLACED, found)
        else:
            continue
        met[number] = Met(one.wanted, one.present, verdict, before=True)
    return met


def _as_seen(met: Met) -> Met:
    """Leave a requisition as it is that differs otherwise than whoever decided on it has seen."""
    found, seen = ({*map(_key, told)} for told in (met.verdict.differences, met.wanted.seen or ()))
    if not found or found == seen:
        return met
    changed = Verdict(RequisitionOutcome.DUPLICATE, met.verdict.differences, Hindrance.CHANGED)
    return Met(met.wanted, met.present, changed)


def _key(one: Difference) -> tuple[str, str | None, int | str | None, int | str | None]:
    return one.change.value, one.sku, one.before, one.after


async def compare_with_present(
    connection: AsyncConnection,
    wanted: Sequence[ImportedRequisition],
    *,
    replace: bool,
    job_id: int | None = None,
) -> dict[str, Met]:
    """Judge those of the requisitions that are there."""
    present = await _present(connection, [requisition.number for requisition in wanted])
    return {
        one.number: Met(one, there, judge(there, one, replace=replace, job_id=job_id))
        for one in wanted
        if (there := present.get(one.number))
    }


async def _present(connection: AsyncConnection, numbers: Sequence[str]) -> dict[str, Present]:
    """Return those of the numbers that exist, with their content."""
    repository = RequisitionRepository(connection)
    found = await repository.by_number(numbers) if numbers else {}
    if not found:
        return {}
    lines: dict[int, dict[str, PresentLine]] = defaultdict(dict)
    for row in await repository.content(row["id"] for row in found.values()):
        values = {field.name: row[field.name] for field in fields(PresentLine)}
        lines[row["requisition_id"]][row["sku"]] = PresentLine(**values)
    return {
        number: Present(
            requisition_id=row["id"],
            import_job_id=row["import_job_id"],
            content_job_id=row["content_job_id"],
            destination=row["destination"],
            due_at=row["due_at"],
            missing_rows=row["missing_rows"],
            task_id=row["task_id"],
            task_status=TaskStatus(row["task_status"]) if row["task_status"] else None,
            shared=row["shared"],
            lines=lines[row["id"]],
        )
        for number, row in found.items()
    }


async def replace_content(
    connection: AsyncConnection, batch: RequisitionBatch, chosen: Sequence[Met], ids: Mapping[str, int]
) -> None:
    """Make what is wanted the content of requisitions whose locks are held; `ids` are those of articles."""
    repository, tasks = RequisitionRepository(connection), PickTaskRepository(connection)
    lines_open = {one.present.task_id: _count_lines(one) for one in chosen if one.present.task_id is not None}
    # Before the lines change: their earlier version is kept as it stands there.
    versions = await tasks.begin_version(lines_open, None) if lines_open else {}
    await _replace_lines(repository, tasks, chosen, ids)
    if corrections := _corrections(chosen):
        await ArticleRepository(connection).correct_descriptions(corrections)
    for one in chosen:
        missing = still_missing(one.present, one.wanted, one.verdict, replace=batch.replace)
        await repository.update(one.present.requisition_id, missing_rows=missing, **_values(one))
    differences = {
        one.present.requisition_id: _differences.dump_python(one.verdict.differences, mode="json")
        for one in chosen
    }
    await repository.note_replacements(batch.job_id, differences)
    await audit.record(connection, audit.SYSTEM, *(_entry(one, batch.job_id) for one in chosen))
    workers = await tasks.workers_of(versions) if versions else {}
    messages = [told for one in chosen for told in _messages(one, versions, workers)]
    await tell(connection, outbox, messages)
    unreleased = [one.present.requisition_id for one in chosen if one.present.task_id is None]
    if batch.release and unreleased:
        await release(connection, unreleased, due_at=None)


def _entry(one: Met, job_id: int) -> audit.Entry:
    """Return what the audit log says of a requisition that got another content."""
    found = one.verdict.differences
    was, is_ = ({_name(d): value(d) for d in found} for value in (attrgetter("before"), attrgetter("after")))
    id_ = one.present.requisition_id
    return audit.Entry(Action.REQUISITION_REPLACED, "requisition", id_, was, {**is_, "import": job_id})


def _name(difference: Difference) -> str:
    return f"{difference.change.value} {difference.sku}" if difference.sku else difference.change.value


async def _replace_lines(
    repository: RequisitionRepository,
    tasks: PickTaskRepository,
    chosen: Sequence[Met],
    ids: Mapping[str, int],
) -> None:
    removed, changed, added = [], [], []
    for one in chosen:
        there = one.present.lines
        removed += [there[sku].line_id for sku in one.removed]
        for line in one.wanted.lines:
            if (old := there.get(line.sku)) is None:
                added.append(NewLine.of(one.present.requisition_id, ids, line))
            else:
                description = line.description or old.description or ""  # what was sent is known from now on
                barcode = line.barcode or old.barcode
                changed.append(ChangedLine(old.line_id, line.quantity, description, barcode))
    if removed:
        await tasks.forget_lines(removed)
        await repository.remove_lines(removed)
    if changed:
        await repository.change_lines(changed)
        await tasks.follow_lines([line.id for line in changed])
    if added:
        await repository.add_lines(added)
        added_to = {line.requisition_id for line in added}
        await tasks.plan_lines(added_to)
        await tasks.follow_totes(added_to)


def _count_lines(one: Met) -> int:
    return len(one.present.lines.keys() | {line.sku for line in one.wanted.lines}) - len(one.removed)


def _corrections(chosen: Iterable[Met]) -> list[tuple[str, str, str]]:
    """Return (SKU, description before, after) of lines that are described otherwise."""
    return [
        (difference.sku or "", str(difference.before), str(difference.after))
        for one in chosen
        for difference in one.verdict.differences
        if difference.change is Change.DESCRIPTION
    ]


def _values(one: Met) -> dict[str, Any]:
    wanted, changes = one.wanted, {difference.change for difference in one.verdict.differences}
    values: dict[str, Any] = {}
    if Change.DESTINATION in changes:
        values["destination"] = wanted.destination
    if Change.DUE_AT in changes:
        values["due_at"] = wanted.due_at
    return values


def _messages(
    one: Met, versions: Mapping[int, int], workers: Mapping[int, list[str]]
) -> Iterable[dict[str, Any]]:
    differences = one.verdict.differences
    data = {
        "requisition_id": one.present.requisition_id,
        "number": one.wanted.number,
        "lines": _count_lines(one),
        "differences": _differences.dump_python(differences[:MAX_TOLD], mode="json"),
        "differences_left_out": max(0, len(differences) - MAX_TOLD),
    }
    yield message(EventType.REQUISITION_REPLACED, f"requisition:{one.present.requisition_id}", data)
    task_id = one.present.task_id
    if task_id is not None:
        rooms = [task_room(task_id), *(user_room(name) for name in workers.get(task_id, []))]
        told = {"task_id": task_id, "version": versions[task_id], **data}
        yield message(EventType.TASK_REPLACED, f"task:{task_id}", told, rooms)
