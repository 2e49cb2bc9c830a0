"""What a batch of scans does to tasks and lines: pure logic, in the order of arrival.

The rows that are given are locked; the ledger decides each scan in turn on the state that the scans
before it left, and collects what has to be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanIn, ScanOutcome, ScanResult
from magacin.core.errors import AppError
from magacin.core.outbox import message
from magacin.tasks.codes import Code, CodeRules, pieces, read_code
from magacin.tasks.errors import OperationIdReused, ScanRefused, TaskNotFound

Answer = ScanResult | AppError
_TOLD = (
    "task_id",
    "line_id",
    "sku",
    "code",
    "quantity",
    "outcome",
    "picked",
    "required",
    "remaining_lines",
    "worker",
    "version",
    "task_version",
)
# Refused for what is in the task, as opposed to the task's status, the person or the code.
_BY_CONTENT = frozenset({ScanOutcome.PICKED, ScanOutcome.NOT_IN_TASK, ScanOutcome.MORE_THAN_REQUIRED})
_SCANNABLE = frozenset({TaskStatus.ASSIGNED, TaskStatus.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan with who sent it and how its code reads."""

    request: ScanIn
    identity: Identity
    code: Code

    @classmethod
    def of(cls, request: ScanIn, identity: Identity, rules: CodeRules) -> Scan:
        """Read the code of a request."""
        return cls(request, identity, read_code(request.code, rules))

    def quantity(self, article: Article | None) -> int:
        """Pieces: the number of labels scanned times what each stands for, by how the article was found."""
        found = article or _NOTHING_FOUND
        return self.request.quantity * pieces(self.code, found.pieces, literally=found.literally)


@dataclass(slots=True)
class TaskState:
    """A pick task under its lock."""

    task_id: int
    requisition_id: int
    status: TaskStatus
    lines_open: int
    version: int
    workers: frozenset[str]


@dataclass(slots=True)
class LineState:
    """A requisition line under its task's lock."""

    line_id: int
    required: int
    picked: int
    short: int

    @property
    def left(self) -> int:
        """Pieces still to be picked."""
        return self.required - self.picked - self.short


@dataclass(frozen=True, slots=True)
class Article:
    """The article that a code means, and the pieces of the barcode by which it was found.

    `literally` says that the code as it stands is its SKU or barcode.
    """

    article_id: int
    sku: str
    pieces: int
    literally: bool


_NOTHING_FOUND = Article(0, "", pieces=1, literally=False)


@dataclass
class Ledger:
    """Decides scans and collects the writes."""

    tasks: Mapping[int, TaskState]
    articles: dict[tuple[str, str | None, str | None], Article] = field(default_factory=dict)
    """By the code's readings."""
    lines: dict[tuple[int, int], LineState] = field(default_factory=dict)
    """By (requisition id, article id)."""
    earlier: dict[tuple[int, int, int], int] = field(default_factory=dict)
    """Pieces that were required by (task id, version, article id) in earlier versions of tasks."""
    recorded: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    """By operation id: those of earlier batches, and as they come those of this one."""

    scans: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    changed_lines: dict[int, int] = field(default_factory=dict)
    changed_tasks: dict[int, tuple[str, int]] = field(default_factory=dict)

    def decide(self, scan: Scan) -> Answer:
        """Answer one scan: an earlier answer if its id has one, else a new one that is recorded."""
        earlier = self.recorded.get(scan.request.operation_id)
        if earlier is not None:
            return replay(scan, earlier)
        task = self.tasks.get(scan.request.task_id)
        if task is None:
            return TaskNotFound(scan.request.task_id)
        article = self.articles.get(scan.code.readings)
        line = self.lines.get((task.requisition_id, article.article_id)) if article else None
        quantity = scan.quantity(article)
        outcome = _judge(scan, task, article, line, quantity)
        before = self._required_before(scan, task, article)
        if _differs(scan, task, line, outcome, before, quantity):
            outcome = ScanOutcome.VERSION_CONFLICT
        if outcome is ScanOutcome.PICKED and line is not None:
            outcome = self._pick(task, line, quantity)
        row = self._record(scan, task, article, line, outcome, before, quantity)
        return answer(row)

    def _required_before(self, scan: Scan, task: TaskState, article: Article | None) -> int | None:
        """Return the pieces that the version required on which a scan was made; None where it had no line."""
        if scan.request.version is None or article is None:
            return None
        return self.earlier.get((task.task_id, scan.request.version, article.article_id))

    def _pick(self, task: TaskState, line: LineState, quantity: int) -> ScanOutcome:
        line.picked += quantity
        self.changed_lines[line.line_id] = line.picked
        outcome = ScanOutcome.PICKED
        task.status = TaskStatus.IN_PROGRESS  # the first scan starts a task that nobody started
        if line.left == 0:
            task.lines_open -= 1
            outcome = ScanOutcome.LINE_COMPLETE
        if task.lines_open == 0:
            task.status = TaskStatus.COMPLETED
            outcome = ScanOutcome.TASK_COMPLETE
        self.changed_tasks[task.task_id] = (task.status.value, task.lines_open)
        return outcome

    def _record(
        self,
        scan: Scan,
        task: TaskState,
        article: Article | None,
        line: LineState | None,
        outcome: ScanOutcome,
        before: int | None,
        quantity: int,
    ) -> Mapping[str, Any]:
        row = {
            "operation_id": scan.request.operation_id,
            "task_id": task.task_id,
            "line_id": line.line_id if line else None,
            "article_id": article.article_id if article else None,
            "worker": scan.identity.username,
            "code": scan.request.code,
            "sent_quantity": scan.request.quantity,
            "sent_pieces": scan.request.pieces,
            # A refused label can stand for more pieces than the column holds.
            "quantity": min(quantity, 2**31 - 1),
            "outcome": outcome.value,
            "picked": line.picked if line else None,
            "short": line.short if line else None,
            "required": line.required if line else None,
            "task_status": task.status.value,
            "remaining_lines": task.lines_open,
            "version": scan.request.version,
            "task_version": task.version,
            "version_required": before,
            "scanned_at": datetime.now(UTC),
            "label": scan.code.label.told() if scan.code.label else None,
        }
        self.scans.append(row)
        kept = {**row, "sku": article.sku if article else None}
        self.recorded[scan.request.operation_id] = kept
        self.messages += _messages(kept, task)
        return kept


def _judge(
    scan: Scan, task: TaskState, article: Article | None, line: LineState | None, quantity: int
) -> ScanOutcome:
    if scan.identity.username not in task.workers:
        return ScanOutcome.NOT_YOUR_TASK
    if task.status not in _SCANNABLE:
        return ScanOutcome.TASK_NOT_OPEN
    if article is None:
        return ScanOutcome.SEVERAL_CODES if scan.code.is_several else ScanOutcome.UNKNOWN_CODE
    if line is None:
        return ScanOutcome.NOT_IN_TASK
    if scan.request.pieces not in (None, quantity):
        return ScanOutcome.QUANTITY_CONFLICT
    if quantity > line.left:
        return ScanOutcome.MORE_THAN_REQUIRED
    return ScanOutcome.PICKED


def _differs(
    scan: Scan,
    task: TaskState,
    line: LineState | None,
    outcome: ScanOutcome,
    before: int | None,
    quantity: int,
) -> bool:
    """Tell whether the version that a scan was made on would have judged it otherwise than the present one.

    A version that the task never had, as there may be after a restore, has nothing to say.
    """
    version = scan.request.version
    if version is None or version >= task.version or outcome not in _BY_CONTENT:
        return False
    done = line.picked + line.short if line else 0
    counted = before is not None and quantity <= before - done
    return counted is not (outcome is ScanOutcome.PICKED)


def replay(scan: Scan, earlier: Mapping[str, Any]) -> Answer:
    """Return the answer that the same scan got, or an error when its id was used for another one."""
    request = scan.request
    same = (
        earlier["task_id"] == request.task_id
        and earlier["code"] == request.code
        and earlier["sent_quantity"] == request.quantity
        and earlier["sent_pieces"] == request.pieces
        and earlier["worker"] == scan.identity.username
    )
    if not same:
        return OperationIdReused(
            "This operation_id was used for another scan. Give each scan an id of its own.",
            details={"operation_id": str(request.operation_id)},
        )
    return answer(earlier)


def answer(row: Mapping[str, Any]) -> Answer:
    """Return what the sender of a recorded scan is told."""
    outcome = ScanOutcome(row["outcome"])
    fields = {
        "operation_id": str(row["operation_id"]),
        "outcome": outcome.value,
        "task_id": row["task_id"],
        "task_status": row["task_status"],
        "line_id": row["line_id"],
        "sku": row["sku"],
        "quantity": row["quantity"],
        "picked": row["picked"],
        "required": row["required"],
        "remaining_lines": row["remaining_lines"],
        "task_version": row["task_version"],
    }
    if outcome.accepted:
        return ScanResult.model_validate(fields)
    left = None
    if row["required"] is not None:
        left = row["required"] - row["picked"] - (row["short"] or 0)
    told = {**fields, "code": row["code"], "left": left}
    if outcome is ScanOutcome.VERSION_CONFLICT:
        told |= {"version": row["version"], "version_required": row["version_required"]}
    if outcome is ScanOutcome.QUANTITY_CONFLICT:
        told["pieces"] = row["sent_pieces"]
    return ScanRefused(outcome, told)


def _messages(row: Mapping[str, Any], task: TaskState) -> Iterable[dict[str, Any]]:
    subject, rooms = f"task:{task.task_id}", [task_room(task.task_id)]
    outcome = ScanOutcome(row["outcome"])
    data = {key: row[key] for key in _TOLD} | {"operation_id": str(row["operation_id"])}
    if not outcome.accepted:
        # A mis-scan concerns who made it and the board, not everybody who looks at the task.
        return [message(EventType.SCAN_REFUSED, subject, data, [user_room(row["worker"])])]
    messages = [message(EventType.SCAN_RECORDED, subject, data, rooms)]
    if outcome is ScanOutcome.TASK_COMPLETE:
        told = [*rooms, *(user_room(worker) for worker in sorted(task.workers))]
        body = {"task_id": task.task_id, "worker": row["worker"]}
        messages.append(message(EventType.TASK_COMPLETED, subject, body, told))
    return messages
