"""What the Task Service does with operations and plans, with a few dictionaries for the database.

The ledger and the moves are the product's own. What is here is what its queries do around them: give them
what they ask for, no more, and keep what they leave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from magacin.contracts.tasks.pick_tasks import (
    CLOSED,
    Pieces,
    PlanIn,
    PlanResult,
    Task,
    TaskLine,
    TaskStatus,
)
from magacin.core.errors import AppError
from magacin.tasks.errors import OperationIdReused
from magacin.tasks.planning.moves import Moves, PlannedLine, Source
from magacin.tasks.planning.service import as_sent, kept, replay
from magacin.tasks.scans.ledger import Answer, Ledger, Operation
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.scans.state import Article, LineState, TaskState
from magacin.tasks.scans.undo import Undo, read_done

WINDOW = timedelta(minutes=15)
PLAN = "change of plan"
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_UNDOABLE = ("scan", "shortage")


@dataclass
class Store:
    """Tasks, their lines, and what was recorded."""

    required: dict[int, int]
    """By requisition line."""
    articles: dict[str, Article]
    """By what is scanned."""
    tasks: dict[int, TaskState] = field(default_factory=dict)
    lines: dict[int, PlannedLine] = field(default_factory=dict)
    recorded: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    undone: Counter[UUID] = field(default_factory=Counter)
    replanned: Counter[int] = field(default_factory=Counter)
    """Pieces of a line that were short and are to be picked after all, by line."""
    versions: dict[tuple[int, int], dict[int, tuple[int, int]]] = field(default_factory=dict)
    """By task and version: line → article and what was required."""

    def copy(self) -> Store:
        """Return one that changes by itself."""
        return deepcopy(self)

    def record(self, batch: Sequence[Operation], *, crash: bool = False) -> list[Answer]:
        """Decide a batch and keep what comes of it, unless the process dies before that."""
        ledger = self._ledger(batch)
        answers = [ledger.decide(one) for one in batch]
        if not crash:
            self._keep(ledger)
        return answers

    def _ledger(self, batch: Sequence[Operation]) -> Ledger:
        undos = [one for one in batch if isinstance(one, Undo)]
        done = {
            undo.request.undoes: read_done(self.recorded[undo.request.undoes])
            for undo in undos
            if self.recorded.get(undo.request.undoes, {}).get("kind") in _UNDOABLE
        }
        wanted = {one.request.task_id for one in batch if isinstance(one, Scan)}
        wanted |= {one.task_id for one in batch if isinstance(one, Shortage)}
        wanted |= {one.task_id for one in done.values()}
        tasks = {id_: replace(self.tasks[id_]) for id_ in wanted if id_ in self.tasks}
        ledger = Ledger(tasks, done=done, undo_window=WINDOW)
        named: list[int | None] = [one.line_id for one in done.values()]
        for one in batch:
            if one.operation_id in self.recorded:
                ledger.recorded[one.operation_id] = self.recorded[one.operation_id]
            if isinstance(one, Scan):
                self._resolve(ledger, one)
            elif isinstance(one, Shortage):
                named.append(one.request.line_id)
        for line_id in named:
            if line_id in self.lines and self.lines[line_id].task_id in tasks:
                ledger.add_line(self._state(self.lines[line_id]))
        ledger.undone |= {undo.request.undoes for undo in undos if self.undone[undo.request.undoes]}
        return ledger

    def _resolve(self, ledger: Ledger, one: Scan) -> None:
        article = self.articles.get(one.code.literal)
        if article is None:
            return
        ledger.articles[one.code.readings] = article
        for line in self.lines.values():
            if (line.task_id, line.article_id) == (one.request.task_id, article.article_id):
                ledger.add_line(self._state(line))
        before = self.versions.get((one.request.task_id, one.request.version or 0), {})
        of_article = [
            required
            for line_id, (article_id, required) in before.items()
            if article_id == article.article_id and one.request.line_id in (None, line_id)
        ]
        if of_article:
            ledger.earlier[one.operation_id] = sum(of_article)

    def _state(self, line: PlannedLine) -> LineState:
        assert line.line_id is not None
        article = next(one for one in self.articles.values() if one.article_id == line.article_id)
        place = line.location_id
        return LineState(
            line.line_id,
            line.task_id,
            replace(article, pieces=1),
            line.required,
            line.picked,
            line.short,
            place,
            None if place is None else f"P-{place}",
            line.tote,
        )

    def _keep(self, ledger: Ledger) -> None:
        for line_id, state in ledger.changed_lines.items():
            self.lines[line_id].picked, self.lines[line_id].short = state.picked, state.short
        self.tasks |= ledger.changed_tasks
        for kind, rows in ledger.rows.items():
            for row in rows:
                assert row["operation_id"] not in self.recorded, "an id is recorded once"
                self.recorded[row["operation_id"]] = ledger.recorded[row["operation_id"]]
                if kind == "undo" and row["outcome"] == "undone":
                    self.undone[row["undoes"]] += 1

    def plan(self, task_id: int, plan: PlanIn, source: Source) -> PlanResult | AppError:
        """Move pieces as a supervisor wants it; return both tasks, or why not where it is refused."""
        sent = as_sent(task_id, plan, source)
        earlier = self.recorded.get(plan.operation_id)
        if earlier is not None:
            if earlier["kind"] != PLAN:
                return OperationIdReused("another operation")
            try:
                again = replay(earlier, sent)
            except OperationIdReused as error:
                return error
            assert again is not None, "it is kept"
            return again
        place = None if plan.location is None else int(plan.location)
        answer: PlanResult | AppError | None
        if (answer := self._move(task_id, plan.to_task_id, plan.lines, source, place)) is None:
            target = self._told(plan.to_task_id or max(self.tasks))
            answer = PlanResult(task=self._told(task_id), target=target)
        row = {"kind": PLAN, "operation_id": plan.operation_id, "line_id": None, "sent": sent}
        self.recorded[plan.operation_id] = {**row, "answer": kept(answer)}
        return answer

    def _told(self, task_id: int) -> Task:
        """Return a task as it is told, with nothing in what nobody here asks for."""
        task = self.tasks[task_id]
        lines = [
            TaskLine(
                line_id=id_, requisition_line_id=one.requisition_line_id, requisition_id=1, sku="",
                description="", location=None, zone=None, aisle=None, tote=None, required=one.required,
                picked=one.picked, short=one.short, remaining=one.left,
            )
            for id_, one in sorted(self.lines.items())
            if one.task_id == task_id
        ]  # fmt: skip
        sums = {name: sum(getattr(one, name) for one in lines) for name in ("required", "picked", "short")}
        return Task(
            task_id=task_id, requisition_id=1, requisition_ids=[1], number="", destination="",
            version=task.version, status=task.status, workers=sorted(task.workers), due_at=None,
            created_at=_LONG_AGO, started_at=None, completed_at=task.closed_at, lines=lines, **sums,
        )  # fmt: skip

    def _move(
        self, task_id: int, target_id: int | None, wanted: Sequence[Pieces], source: Source, place: int | None
    ) -> AppError | None:
        if target_id is not None and self.tasks[target_id].status in CLOSED:
            return AppError("closed")
        target = max(self.tasks) + 1 if target_id is None else target_id
        lines = {id_: replace(one) for id_, one in self.lines.items() if one.task_id in (task_id, target)}
        moves = Moves(task_id, target, lines, place)
        try:
            moves.move(wanted, source)
        except AppError as error:
            return error
        if target_id is None:
            self.tasks[target] = TaskState(target, TaskStatus.OPEN, 0, 1, frozenset())
        if source is Source.SHORT:
            for pieces in wanted:
                self.replanned[pieces.line_id] += pieces.quantity
        self._apply(moves)
        return None

    def _apply(self, moves: Moves) -> None:
        for task_id, lines_open in moves.lines_open().items():
            task = self.tasks[task_id]
            self.versions[task_id, task.version] = {
                id_: (one.article_id, one.required)
                for id_, one in self.lines.items()
                if one.task_id == task_id
            }
            task.version, task.lines_open = task.version + 1, lines_open
        for line_id, line in moves.changed.items():
            if line.required:
                self.lines[line_id] = line
            else:
                del self.lines[line_id]
        for line in moves.created:
            line.line_id = 1 + max([*self.lines, *self.required, *self.replanned, *self._named()])
            self.lines[line.line_id] = line
        task = self.tasks[moves.task_id]
        if task.status not in CLOSED and not task.lines_open:
            self.close(task, TaskStatus.CANCELLED if moves.is_emptied else TaskStatus.COMPLETED)

    def _named(self) -> set[int]:
        """Return the lines that were scanned or short: no number is given out twice."""
        return {row["line_id"] for row in self.recorded.values() if row["line_id"]}

    def close(self, task: TaskState, status: TaskStatus) -> None:
        """Close a task now."""
        task.status, task.closed_at = status, Ledger.now()

    def assign(self, task: TaskState, workers: frozenset[str]) -> None:
        """Give a task that is not closed to workers, or back to everybody."""
        task.workers = workers
        if task.status is not TaskStatus.IN_PROGRESS or not workers:
            task.status = TaskStatus.ASSIGNED if workers else TaskStatus.OPEN

    def broken(self) -> list[str]:
        """Return what does not hold, as it always must."""
        return [*self._broken_lines(), *self._broken_tasks()]

    def _broken_lines(self) -> list[str]:
        found = []
        for id_, required in self.required.items():
            lines = [one for one in self.lines.values() if one.requisition_line_id == id_]
            total = sum(one.picked + one.short + one.left for one in lines)
            if total != required or sum(one.required for one in lines) != required:
                found.append(f"requisition line {id_} requires {required}, not {lines}")
        scanned, shorted = self._counted("scan"), self._counted("shortage")
        for id_ in {*self.lines, *scanned, *shorted}:
            line = self.lines.get(id_) or PlannedLine(id_, 0, 0, 0, None, None, 0)
            if min(line.picked, line.short, line.left) < 0:
                found.append(f"negative: {line}")
            if (line.picked, line.short) != (scanned[id_], shorted[id_] - self.replanned[id_]):
                found.append(f"{line} is not the sum of {scanned[id_]} and {shorted[id_]}")
        return found

    def _counted(self, kind: str) -> Counter[int]:
        """Return pieces by line: of what was accepted and not taken back."""
        counts: Counter[int] = Counter()
        for id_, row in self.recorded.items():
            if row["kind"] == kind and read_done(row).accepted:
                counts[row["line_id"]] += row["quantity"] * (1 - self.undone[id_])
        return counts

    def _broken_tasks(self) -> list[str]:
        found = []
        for task in self.tasks.values():
            left = sum(one.left > 0 for one in self.lines.values() if one.task_id == task.task_id)
            if task.lines_open != left:
                found.append(f"{task} has {left} lines open")
            if task.status not in CLOSED and not left:
                found.append(f"{task} is complete, and does not say so")
            if task.status is TaskStatus.COMPLETED and left:
                found.append(f"{task} is not complete")
            if task.status not in CLOSED and (task.status is TaskStatus.OPEN) is bool(task.workers):
                found.append(f"{task} is open, if and only if nobody has it")
            if (task.closed_at is not None) is not (task.status in CLOSED):
                found.append(f"{task} is closed at a time, if and only if it is closed")
        if repeated := [id_ for id_, count in self.undone.items() if count > 1]:
            found.append(f"taken back twice: {repeated}")
        return found


def told(answer: Answer | PlanResult) -> Any:
    """Return what the sender of an operation, or of a plan, is told."""
    if isinstance(answer, AppError):
        return (answer.status, answer.code, answer.message, answer.details)
    return answer.model_dump(mode="json")
