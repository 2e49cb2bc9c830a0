"""A shortage: what could not be picked of a line, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from magacin.contracts.events import EventType, task_room
from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.pick_tasks import PICKABLE, TaskStatus
from magacin.contracts.tasks.shortages import ShortageIn, ShortageOutcome, ShortageResult
from magacin.core.errors import AppError
from magacin.tasks.errors import (
    LineNotFound,
    NotYourTask,
    ShortageTooLarge,
    TaskNotFound,
    WrongTaskStatus,
)
from magacin.tasks.refusals.refused import Refused
from magacin.tasks.scans.ledger import Ledger, made_at, refusal, reused
from magacin.tasks.scans.state import LineState, TaskState

_ANSWERED = ("picked", "short", "required", "task_status", "remaining_lines")


@dataclass(frozen=True, slots=True)
class Shortage:
    """A shortage with whose it is, and who handed it in where that was somebody else."""

    kind: ClassVar[str] = "shortage"

    task_id: int
    request: ShortageIn
    identity: Identity
    handed_in_by: Identity | None = None

    @property
    def operation_id(self) -> UUID:
        """The client's id of it."""
        return self.request.operation_id

    def decide(self, ledger: Ledger) -> ShortageResult | AppError:
        """Count the shortage, or refuse it. The last open line being short completes the task."""
        task = ledger.tasks.get(self.task_id)
        if task is None:
            return TaskNotFound(self.task_id)
        line = ledger.lines.get(self.request.line_id)
        if line is not None and line.task_id != task.task_id:
            line = None
        outcome = self._judge(task, line)
        if outcome.accepted and line is not None:
            ledger.shorten(task, line, self.request.quantity)
        kept = ledger.record(
            self.kind, self._row(ledger, task, line, outcome), line.article if line else None
        )
        if outcome.accepted:
            self._tell(ledger, kept, task)
        return _answer(kept)

    def _judge(self, task: TaskState, line: LineState | None) -> ShortageOutcome:
        if self.identity.username not in task.workers and not self.identity.role.includes(Role.SUPERVISOR):
            return ShortageOutcome.NOT_YOUR_TASK
        if task.status not in PICKABLE:
            return ShortageOutcome.WRONG_TASK_STATUS
        if line is None:
            return ShortageOutcome.LINE_NOT_FOUND
        fits = self.request.quantity <= line.left
        return ShortageOutcome.REPORTED if fits else ShortageOutcome.MORE_THAN_REQUIRED

    def _row(
        self, ledger: Ledger, task: TaskState, line: LineState | None, outcome: ShortageOutcome
    ) -> dict[str, Any]:
        now = ledger.now()
        return {
            "operation_id": self.operation_id,
            "task_id": task.task_id,
            "line_id": self.request.line_id,
            "quantity": self.request.quantity,
            "reason": self.request.reason.value,
            "note": self.request.note,
            "worker": self.identity.username,
            "outcome": outcome.value,
            "picked": line.picked if line else None,
            "short": line.short if line else None,
            "required": line.required if line else None,
            "task_status": task.status.value,
            "remaining_lines": task.lines_open,
            "picked_at": made_at(self.request.picked_at, now),
            "handed_in_by": self.handed_in_by.username if self.handed_in_by else None,
            "created_at": now,
        }

    def _tell(self, ledger: Ledger, row: Mapping[str, Any], task: TaskState) -> None:
        data = {
            **self.request.model_dump(mode="json", include={"line_id", "quantity", "reason", "operation_id"}),
            "task_id": task.task_id,
            "worker": self.identity.username,
            **{name: row[name] for name in ("sku", *_ANSWERED)},
        }
        ledger.tell(EventType.SHORTAGE_REPORTED, task.task_id, data, [task_room(task.task_id)])
        if task.status is TaskStatus.COMPLETED:
            ledger.tell_all(EventType.TASK_COMPLETED, task, self.identity.username)

    def replay(self, earlier: Mapping[str, Any]) -> ShortageResult | AppError:
        """Return the answer that the same shortage got, or an error when its id was used for another one."""
        request = self.request
        sent = (
            self.task_id,
            request.line_id,
            request.quantity,
            request.reason.value,
            request.note,
            self.identity.username,
        )
        names = ("task_id", "line_id", "quantity", "reason", "note", "worker")
        same = sent == tuple(earlier[name] for name in names)
        return _answer(earlier) if same else reused(self, self.kind)

    def refused(self, reason: str) -> Refused:
        """Return what is recorded of it where no task's ledger has it."""
        return refusal(self, reason, self.request.picked_at, task_id=self.task_id)


def _answer(row: Mapping[str, Any]) -> ShortageResult | AppError:
    outcome = ShortageOutcome(row["outcome"])
    task_id, line_id = row["task_id"], row["line_id"]
    match outcome:
        case ShortageOutcome.REPORTED:
            names = ("operation_id", "outcome", "task_id", "line_id", "quantity", *_ANSWERED)
            return ShortageResult.model_validate({name: row[name] for name in names})
        case ShortageOutcome.NOT_YOUR_TASK:
            return NotYourTask(task_id)
        case ShortageOutcome.WRONG_TASK_STATUS:
            return WrongTaskStatus(task_id, TaskStatus(row["task_status"]), "reported short")
        case ShortageOutcome.LINE_NOT_FOUND:
            return LineNotFound(f"Task {task_id} has no line {line_id}.", details={"line_id": line_id})
        case ShortageOutcome.MORE_THAN_REQUIRED:
            left = row["required"] - row["picked"] - row["short"]
            return ShortageTooLarge(
                f"Line {line_id} has {left} left; {row['quantity']} cannot be short.",
                details={"line_id": line_id, "left": left},
            )
