"""Prints: what is to be drawn, and what is too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.prints import MOST_LABELS, MOST_LINES, MOST_TASKS, LabelQuery, PickListQuery
from magacin.core.errors import NotFound
from magacin.core.printing.jobs import (
    LABEL_SHEETS,
    Label,
    LabelsJob,
    ListLine,
    ListTask,
    PickListsJob,
)
from magacin.core.printing.press import Unprintable
from magacin.tasks.errors import LocationNotFound
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.prints.repository import PrintRepository


async def labels(connection: AsyncConnection, wanted: LabelQuery) -> LabelsJob:
    """Return the labels that are asked for; raise `LocationNotFound`, or `Unprintable` for too many."""
    found = await PrintRepository(connection).locations(
        wanted.code, wanted.zone, wanted.aisle, MOST_LABELS + 1
    )
    if len(found) > MOST_LABELS:
        raise _too_many(f"more than {MOST_LABELS} labels", "Choose a zone or an aisle.")
    missing = set(wanted.code) - {row["code"] for row in found}
    if missing or not found:
        named = ", ".join(sorted(missing)[:5]) or "that is asked for"
        raise LocationNotFound(f"There is no location {named}.", details={"codes": sorted(missing)})
    sheet = LABEL_SHEETS[wanted.sheet]
    return LabelsJob(
        sheet=sheet,
        symbols=wanted.symbols,
        skip=wanted.skip % sheet.spots,
        labels=[Label(code=row["code"], lines=_where(row)) for row in found],
    )


def _where(row: RowMapping) -> list[str]:
    where = " · ".join(part for part in (row["zone"], row["aisle"]) if part)
    return [where] if where else []


async def pick_lists(connection: AsyncConnection, wanted: PickListQuery, zone: str) -> PickListsJob:
    """Return the lists that are asked for; raise `NotFound` where nothing is to be picked."""
    ids = await PrintRepository(connection).unclosed(wanted.task_id, wanted.worker, MOST_TASKS + 1)
    if not ids:
        raise NotFound("No such task is open, assigned or in work: there is nothing to print.")
    if len(ids) > MOST_TASKS:
        raise _too_many(f"more than {MOST_TASKS} tasks", "Choose a person, or name the tasks.")
    tasks = PickTaskRepository(connection)
    lines = await _lines(tasks, ids)
    summaries = sorted(await tasks.summaries(ids), key=_urgency)
    due = {row["task_id"]: row["due_at"] for row in summaries if row["due_at"]}
    printed, shown = await PrintRepository(connection).on_site(list(due.values()), zone)
    dues = dict(zip(due, shown, strict=True))
    return PickListsJob(
        language=wanted.language,
        printed=printed,
        tasks=[_task(row, dues.get(row["task_id"], ""), lines[row["task_id"]]) for row in summaries],
    )


async def _lines(tasks: PickTaskRepository, ids: Sequence[int]) -> dict[int, list[ListLine]]:
    found: dict[int, list[ListLine]] = defaultdict(list)
    left = [row for row in await tasks.lines_of(ids) if row["remaining"] > 0]
    if len(left) > MOST_LINES:
        raise _too_many(f"more than {MOST_LINES} lines", "Choose a person, or name the tasks.")
    for row in left:
        found[row["task_id"]].append(_line(row))
    return found


def _line(row: RowMapping) -> ListLine:
    texts = {name: row[name] or "" for name in ("location", "zone", "sku", "description", "tote")}
    return ListLine(**texts, required=row["required"], remaining=row["remaining"])


def _task(row: RowMapping, due: str, lines: Iterable[ListLine]) -> ListTask:
    same = ("task_id", "number", "destination", "workers", "priority", "held", "version")
    return ListTask(**{name: row[name] for name in same}, due=due, lines=list(lines))


def _urgency(row: RowMapping) -> tuple[Any, ...]:
    due: datetime | None = row["due_at"]
    return -row["priority"], due is None, due.timestamp() if due else 0, row["task_id"]


def _too_many(what: str, instead: str) -> Unprintable:
    return Unprintable(f"That is {what} in one file. {instead}", details={"codes": []})
