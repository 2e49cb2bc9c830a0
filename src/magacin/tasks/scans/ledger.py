"""What a batch of operations does to tasks and lines: pure logic, in the order of arrival.

The rows that are given are locked; the ledger decides each operation in turn on the state that those
before it left, and collects what has to be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.operations import UndoResult
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanResult
from magacin.contracts.tasks.shortages import ShortageResult
from magacin.core.errors import AppError
from magacin.core.outbox import message
from magacin.tasks.errors import OperationIdReused, OperationNotKept, TaskNotFound
from magacin.tasks.refusals.refused import Refused
from magacin.tasks.scans.state import Article, Confirming, Done, LineState, TaskState

# A device that says more than this was away is one whose clock was never set.
_LONGEST_AWAY = timedelta(days=30)

NOT_KEPT = "not kept"
"""The kind of an operation of which nothing is known any more but that it was recorded."""

Answer = ScanResult | ShortageResult | UndoResult | AppError
Result = TypeVar("Result", ScanResult, ShortageResult, UndoResult)


class Operation(Protocol):
    """What a worker sent: a scan, a shortage or an undo."""

    kind: ClassVar[str]

    @property
    def identity(self) -> Identity:
        """Whose it is."""

    @property
    def handed_in_by(self) -> Identity | None:
        """Who sent it, where that was somebody else."""

    @property
    def operation_id(self) -> UUID:
        """The client's id of it."""

    def decide(self, ledger: Ledger) -> Answer:
        """Do it, or refuse it, on the state that the ledger has; record it there."""

    def replay(self, earlier: Mapping[str, Any]) -> Answer:
        """Return the answer that it got before, or an error when its id was used for another one."""

    def refused(self, reason: str) -> Refused:
        """Return what is recorded of it where no task's ledger has it."""


@dataclass
class Ledger:
    """Decides operations and collects the writes."""

    tasks: Mapping[int, TaskState]
    articles: dict[tuple[str, str | None, str | None], Article] = field(default_factory=dict)
    """By the code's readings."""
    doubted: set[tuple[str, str | None, str | None]] = field(default_factory=set)
    """Readings that mean nothing because rivals of them are known."""
    lines: dict[int, LineState] = field(default_factory=dict)
    earlier: dict[UUID, int] = field(default_factory=dict)
    """Pieces that the version of the task on which a scan was made required, by the scan's operation id."""
    recorded: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    """By operation id, with their kind: those of earlier batches, and as they come those of this one."""
    done: dict[UUID, Done] = field(default_factory=dict)
    """What may be taken back, by operation id."""
    undone: set[UUID] = field(default_factory=set)
    """What was taken back, by operation id."""
    undo_window: timedelta = timedelta(minutes=15)
    confirming: Confirming = field(default_factory=Confirming)

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"scan": [], "shortage": [], "undo": []}
    )
    refused: list[Refused] = field(default_factory=list)
    """What is in no row: there is no such task, or its id stands for something else."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    changed_lines: dict[int, LineState] = field(default_factory=dict)
    changed_tasks: dict[int, TaskState] = field(default_factory=dict)
    _of_article: dict[tuple[int, int], list[LineState]] = field(default_factory=dict)

    @staticmethod
    def now() -> datetime:
        """Return when an operation is decided; those of a batch one after the other."""
        return datetime.now(UTC)

    def add_line(self, line: LineState) -> None:
        """Add a line of a locked task: one state for all operations on it."""
        if line.line_id in self.lines:
            return
        self.lines[line.line_id] = line
        of_article = self._of_article.setdefault((line.task_id, line.article.article_id), [])
        of_article.append(line)
        if len(of_article) > 1:
            of_article.sort(key=lambda one: one.place)

    def lines_of(self, task: TaskState, article: Article) -> list[LineState]:
        """Return the lines of a task that ask for an article, in walking order."""
        return self._of_article.get((task.task_id, article.article_id), [])

    def decide(self, operation: Operation) -> Answer:
        """Answer one operation: an earlier answer if its id has one, else a new one that is recorded."""
        answer = self._answer(operation)
        if isinstance(answer, OperationIdReused | TaskNotFound):
            self.refused.append(operation.refused(answer.code))
        return answer

    def _answer(self, operation: Operation) -> Answer:
        earlier = self.recorded.get(operation.operation_id)
        if earlier is None:
            return operation.decide(self)
        if earlier["kind"] == NOT_KEPT:
            return OperationNotKept(operation.operation_id)
        if earlier["kind"] != operation.kind:
            return reused(operation, earlier["kind"])
        return operation.replay(earlier)

    def pick(self, task: TaskState, line: LineState, quantity: int) -> None:
        """Count pieces as picked."""
        before = line.left
        line.picked += quantity
        self._changed(task, line, before)
        self._advance(task)

    def shorten(self, task: TaskState, line: LineState, quantity: int) -> None:
        """Count pieces as short."""
        before = line.left
        line.short += quantity
        self._changed(task, line, before)
        self._advance(task)

    def take_back(self, task: TaskState, line: LineState, *, picked: int = 0, short: int = 0) -> bool:
        """Count pieces as neither any more; tell whether that opened a task that was completed."""
        before = line.left
        line.picked -= picked
        line.short -= short
        self._changed(task, line, before)
        reopens = task.status is TaskStatus.COMPLETED
        if reopens:
            # Nobody has one that was put back and completed by giving the rest of it to another.
            task.status = TaskStatus.IN_PROGRESS if task.workers else TaskStatus.OPEN
            task.closed_at = None
        return reopens

    def _changed(self, task: TaskState, line: LineState, left_before: int) -> None:
        task.lines_open += (line.left > 0) - (left_before > 0)
        self.changed_lines[line.line_id] = line
        self.changed_tasks[task.task_id] = task

    def _advance(self, task: TaskState) -> None:
        """The first piece starts a task that nobody started, and the last one completes it."""
        task.status = TaskStatus.IN_PROGRESS if task.lines_open else TaskStatus.COMPLETED
        task.closed_at = None if task.lines_open else self.now()

    def record(self, kind: str, row: dict[str, Any], article: Article | None) -> Mapping[str, Any]:
        """Keep an operation and its answer."""
        row["kind"] = kind
        row["article_id"], row["sku"] = (article.article_id, article.sku) if article else (None, None)
        self.rows[kind].append(row)
        self.recorded[row["operation_id"]] = row
        return row

    def tell(self, event: EventType, task_id: int, data: Mapping[str, Any], rooms: list[str]) -> None:
        """Tell what happened to a task."""
        self.messages.append(message(event, f"task:{task_id}", data, rooms))

    def tell_all(self, event: EventType, task: TaskState, worker: str) -> None:
        """Tell everybody on a task that it is complete, or open again."""
        rooms = [task_room(task.task_id), *(user_room(name) for name in sorted(task.workers))]
        self.tell(event, task.task_id, {"task_id": task.task_id, "worker": worker}, rooms)


def refusal(
    one: Operation,
    reason: str,
    said: datetime | None,
    *,
    task_id: int | None = None,
    code: str | None = None,
) -> Refused:
    """Return what is recorded of an operation that no task's ledger has; it was made when it `said`."""
    return Refused(
        worker=one.identity.username,
        reason=reason,
        kind=one.kind,
        operation_id=one.operation_id,
        picked_at=made_at(said, Ledger.now()),
        handed_in_by=one.handed_in_by.username if one.handed_in_by else None,
        task_id=task_id,
        code=code,
    )


def made_at(said: datetime | None, arrived_at: datetime) -> datetime | None:
    """Return when an operation was made that arrived at a time; None where nothing was said that can be."""
    if said is None or arrived_at - said > _LONGEST_AWAY:
        return None
    return min(said, arrived_at)


def reused(operation: Operation, kind: str) -> OperationIdReused:
    """Return the error of an id that stands for another operation."""
    return OperationIdReused(
        f"This operation_id was used for another {kind}. Give each operation an id of its own.",
        details={"operation_id": str(operation.operation_id)},
    )


def result(answer: Answer, kind: type[Result]) -> Result:
    """Return the result that an answer is, or raise the error that it is."""
    if isinstance(answer, kind):
        return answer
    raise answer if isinstance(answer, AppError) else TypeError(f"{kind.__name__} expected, got {answer!r}")
