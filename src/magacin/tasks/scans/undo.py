"""An undo: a scan or a shortage is taken back by another operation, recorded beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from magacin.contracts.events import EventType, task_room
from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.operations import UndoIn, UndoOutcome, UndoResult
from magacin.contracts.tasks.pick_tasks import CLOSED
from magacin.contracts.tasks.scans import ScanOutcome
from magacin.contracts.tasks.shortages import ShortageOutcome
from magacin.core.errors import AppError
from magacin.tasks.errors import UndoRefused
from magacin.tasks.refusals.refused import Refused
from magacin.tasks.scans.ledger import Ledger, made_at, refusal, reused
from magacin.tasks.scans.state import Article, Done, LineState, TaskState

_ANSWERED = (
    "operation_id",
    "outcome",
    "undoes",
    "kind",
    "task_id",
    "task_status",
    "line_id",
    "sku",
    "quantity",
    "picked",
    "short",
    "required",
    "remaining_lines",
)
_EVENTS = {"scan": EventType.SCAN_UNDONE, "shortage": EventType.SHORTAGE_UNDONE}
# What may be taken back: its outcomes, when it was recorded, and what of a line counts it.
_UNDOABLE: dict[str, tuple[type[ScanOutcome | ShortageOutcome], str, str]] = {
    "scan": (ScanOutcome, "scanned_at", "picked"),
    "shortage": (ShortageOutcome, "created_at", "short"),
}


@dataclass(frozen=True, slots=True)
class Undo:
    """An undo with whose it is, and who handed it in where that was somebody else."""

    kind: ClassVar[str] = "undo"

    request: UndoIn
    identity: Identity
    handed_in_by: Identity | None = None

    @property
    def operation_id(self) -> UUID:
        """The client's id of it."""
        return self.request.operation_id

    def decide(self, ledger: Ledger) -> UndoResult | AppError:
        """Take back what it names, or refuse to. What it names stays recorded, and answered, as it was."""
        target = self._target(ledger)
        task = ledger.tasks.get(target.task_id) if target else None
        line = ledger.lines.get(target.line_id) if target and target.line_id else None
        outcome = self._judge(ledger, target, task, line)
        reopens = False
        if outcome.accepted and target and task and line:
            reopens = ledger.take_back(task, line, **{target.counted: target.quantity})
            ledger.undone.add(self.request.undoes)
        row = self._row(ledger, target, task, line, outcome)
        kept = ledger.record(self.kind, row, target.article if target else None)
        if outcome.accepted and target and task:
            self._tell(ledger, kept, target, task, reopens=reopens)
        return _answer(kept)

    def _target(self, ledger: Ledger) -> Done | None:
        """Return what it names: of an earlier batch, or of this one."""
        row = ledger.recorded.get(self.request.undoes)
        if row is not None and row["kind"] in _UNDOABLE:
            return read_done(row)
        return ledger.done.get(self.request.undoes)

    def _judge(
        self, ledger: Ledger, target: Done | None, task: TaskState | None, line: LineState | None
    ) -> UndoOutcome:
        if target is None or task is None:
            return UndoOutcome.NOTHING_TO_UNDO
        if self.identity.username != target.worker and not self.identity.role.includes(Role.SUPERVISOR):
            return UndoOutcome.NOT_YOUR_OPERATION
        if not target.accepted:
            return UndoOutcome.WAS_REFUSED
        if self.request.undoes in ledger.undone:
            return UndoOutcome.ALREADY_UNDONE
        if task.status in CLOSED and task.closed_at and ledger.now() - task.closed_at > ledger.undo_window:
            return UndoOutcome.TOO_LATE
        if line is None or getattr(line, target.counted) < target.quantity:
            return UndoOutcome.PIECES_MOVED
        return UndoOutcome.UNDONE

    def _row(
        self,
        ledger: Ledger,
        target: Done | None,
        task: TaskState | None,
        line: LineState | None,
        outcome: UndoOutcome,
    ) -> dict[str, Any]:
        now = ledger.now()
        return {
            "operation_id": self.operation_id,
            "undoes": self.request.undoes,
            "worker": self.identity.username,
            "outcome": outcome.value,
            "undone_kind": target.kind if target else None,
            "task_id": task.task_id if task else None,
            "line_id": target.line_id if target else None,
            "quantity": target.quantity if target else None,
            "undone_worker": target.worker if target else None,
            "undone_done_at": target.done_at if target else None,
            "picked": line.picked if line else None,
            "short": line.short if line else None,
            "required": line.required if line else None,
            "task_status": task.status.value if task else None,
            "remaining_lines": task.lines_open if task else None,
            "picked_at": made_at(self.request.picked_at, now),
            "handed_in_by": self.handed_in_by.username if self.handed_in_by else None,
            "undone_at": now,
        }

    def _tell(
        self, ledger: Ledger, row: Mapping[str, Any], target: Done, task: TaskState, *, reopens: bool
    ) -> None:
        data = _told(row) | {"worker": target.worker, "undone_by": self.identity.username}
        ledger.tell(_EVENTS[target.kind], task.task_id, data, [task_room(task.task_id)])
        if reopens:
            ledger.tell_all(EventType.TASK_REOPENED, task, self.identity.username)

    def replay(self, earlier: Mapping[str, Any]) -> UndoResult | AppError:
        """Return the answer that the same undo got, or an error when its id was used for another one."""
        sent = (self.request.undoes, self.identity.username)
        return _answer(earlier) if sent == (earlier["undoes"], earlier["worker"]) else reused(self, self.kind)

    def refused(self, reason: str) -> Refused:
        """Return what is recorded of it where no task's ledger has it."""
        return refusal(self, reason, self.request.picked_at)


def read_done(row: Mapping[str, Any]) -> Done:
    """Return what an undo asks of a scan or a shortage that was recorded."""
    outcomes, at, counted = _UNDOABLE[row["kind"]]
    return Done(
        row["kind"],
        row["task_id"],
        row["line_id"],
        Article(row["article_id"], row["sku"]) if row["article_id"] is not None else None,
        row["quantity"],
        row["worker"],
        outcomes(row["outcome"]).accepted,
        row["picked_at"] or row[at],
        counted,
    )


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in _ANSWERED} | {"kind": row["undone_kind"]}
    return values | {name: str(row[name]) for name in ("operation_id", "undoes")}


def _answer(row: Mapping[str, Any]) -> UndoResult | AppError:
    outcome = UndoOutcome(row["outcome"])
    told = _told(row)
    return UndoResult.model_validate(told) if outcome.accepted else UndoRefused(outcome, told)
