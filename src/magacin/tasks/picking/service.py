"""What a device picks from: the tasks of one worker, and what reading codes for them takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import Task, TaskLine, TaskSummary
from magacin.contracts.tasks.picking import (
    MAX_PICKING_LINES,
    MAX_PICKING_TASKS,
    MAX_POOL,
    Picking,
    PickingArticle,
    PickingExceptions,
    PickingSettings,
)
from magacin.tasks.codes import CodeRules
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.picking.exceptions import Exceptions
from magacin.tasks.picking.repository import PickingRepository


async def collect(
    connection: AsyncConnection, identity: Identity, settings: PickingSettings, rules: CodeRules
) -> Picking:
    """Return what a device of a worker holds, all of it as it was at one moment."""
    repository, tasks = PickingRepository(connection), PickTaskRepository(connection)
    await repository.take_snapshot()
    now = datetime.now(UTC)
    since = now - timedelta(seconds=settings.undo_seconds)
    # One more than is given, to know that there are more.
    mine = await repository.mine(identity.username, since, MAX_PICKING_TASKS + 1)
    held = _that_fit(mine)
    rows = await tasks.lines_of(held)
    article_ids = {row["article_id"] for row in rows}
    articles = [PickingArticle.model_validate(dict(row)) for row in await repository.articles(article_ids)]
    return Picking(
        taken_at=now,
        worker=identity.username,
        settings=settings,
        tasks=_tasks(held, await tasks.summaries(held), rows),
        is_cut=len(held) < len(mine),
        pool=await _pool(repository, tasks),
        articles=articles,
        exceptions=await _exceptions(repository, article_ids, articles, rules),
    )


def _that_fit(lines: Mapping[int, int]) -> list[int]:
    """Return the first tasks, by their numbers of lines, that are not too many nor too long together."""
    held: list[int] = []
    left = MAX_PICKING_LINES
    for task_id, count in lines.items():
        left -= count
        if left < 0 or len(held) == MAX_PICKING_TASKS:
            break
        held.append(task_id)
    return held


def _tasks(order: Sequence[int], tasks: Sequence[RowMapping], lines: Sequence[RowMapping]) -> list[Task]:
    of_task: dict[int, list[TaskLine]] = defaultdict(list)
    for line in lines:
        of_task[line["task_id"]].append(TaskLine.model_validate(dict(line)))
    found = {row["task_id"]: Task(**row, lines=of_task[row["task_id"]]) for row in tasks}
    return [found[task_id] for task_id in order if task_id in found]


async def _pool(repository: PickingRepository, tasks: PickTaskRepository) -> list[TaskSummary]:
    order = await repository.pool(MAX_POOL)
    found = {row["task_id"]: TaskSummary.model_validate(dict(row)) for row in await tasks.summaries(order)}
    return [found[task_id] for task_id in order if task_id in found]


async def _exceptions(
    repository: PickingRepository,
    article_ids: Iterable[int],
    articles: Iterable[PickingArticle],
    rules: CodeRules,
) -> PickingExceptions:
    """Return the codes of other articles without which a device would take one for an article here."""
    skus = {article.sku for article in articles}
    exceptions = Exceptions(skus, {pack.code for one in articles for pack in one.codes}, rules)
    found: dict[str, list[str]] = {"sku": [], "barcode": []}
    for row in await repository.others(article_ids, exceptions) if skus else ():
        if exceptions.has(row["code"]):
            found[row["kind"]].append(row["code"])
    return PickingExceptions(skus=found["sku"], barcodes=found["barcode"])
