"""A scan: which line it is of, whether it counts, and what its sender is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import PICKABLE, TaskStatus
from magacin.contracts.tasks.scans import ScanIn, ScanOutcome, ScanResult
from magacin.core.errors import AppError
from magacin.tasks.codes import Code, CodeRules, named, pieces, read_code
from magacin.tasks.errors import ScanRefused, TaskNotFound
from magacin.tasks.refusals.refused import Refused
from magacin.tasks.scans.ledger import Ledger, made_at, refusal, reused
from magacin.tasks.scans.state import Article, Confirming, LineState, TaskState

_TOLD = (
    "operation_id",
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
    "tote",
    "version",
    "task_version",
)
# Refused for what is in the task, as opposed to the task's status, the person or the code.
_BY_CONTENT = frozenset(
    {
        ScanOutcome.PICKED,
        ScanOutcome.NOT_IN_TASK,
        ScanOutcome.NOT_ON_LINE,
        ScanOutcome.MORE_THAN_REQUIRED,
    }
)

# Refused for what was scanned besides, or was not.
_MISPLACED = frozenset(
    {
        ScanOutcome.WRONG_LOCATION,
        ScanOutcome.LOCATION_NEEDED,
        ScanOutcome.WRONG_TOTE,
        ScanOutcome.TOTE_NEEDED,
    }
)

_NOTHING_FOUND = Article(0, "")


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan with whose it is, how its code reads, and who handed it in where that was somebody else."""

    kind: ClassVar[str] = "scan"

    request: ScanIn
    identity: Identity
    code: Code
    handed_in_by: Identity | None = None

    @classmethod
    def of(
        cls, request: ScanIn, identity: Identity, rules: CodeRules, handed_in_by: Identity | None = None
    ) -> Scan:
        """Read the code of a request."""
        return cls(request, identity, read_code(request.code, rules), handed_in_by)

    @property
    def operation_id(self) -> UUID:
        """The client's id of it."""
        return self.request.operation_id

    def quantity(self, article: Article | None) -> int:
        """Pieces: the number of labels scanned times what each stands for, by how the article was found."""
        found = article or _NOTHING_FOUND
        return self.request.quantity * pieces(self.code, found.pieces, literally=found.literally)

    def decide(self, ledger: Ledger) -> ScanResult | AppError:
        """Count the scan, or refuse it."""
        task = ledger.tasks.get(self.request.task_id)
        if task is None:
            return TaskNotFound(self.request.task_id)
        article = ledger.articles.get(self.code.readings)
        lines = ledger.lines_of(task, article) if article else []
        quantity = self.quantity(article)
        line = self._line(lines, quantity)
        outcome = self._judge(ledger, task, article, lines, line, quantity)
        before = ledger.earlier.get(self.operation_id)
        if self._differs(task, lines, line, outcome, before, quantity):
            outcome = ScanOutcome.VERSION_CONFLICT
        if outcome is ScanOutcome.PICKED and self.request.refused_as is not None:
            # Whoever scanned was told that it did not count, and has put it back or scanned once more.
            outcome = self.request.refused_as
        elif outcome is ScanOutcome.PICKED and line is not None:
            ledger.pick(task, line, quantity)
            outcome = _counted(task, line)
        row = self._row(ledger, task, article, line, outcome, before, quantity)
        kept = ledger.record(self.kind, row, article)
        _tell(ledger, kept, task, outcome)
        return _answer(kept)

    def _line(self, lines: list[LineState], quantity: int) -> LineState | None:
        """Return the line that was named, else the first in walking order that has room for all pieces.

        Where there is none, it is the first that has some room, or just the first: it says what is left.
        What was scanned besides says which lines are meant, where it is right for some.
        """
        if self.request.line_id is not None:
            return next((line for line in lines if line.line_id == self.request.line_id), None)
        if len(lines) < 2:
            return lines[0] if lines else None
        lines = [line for line in lines if _is(self.request.location, line.location)] or lines
        lines = [line for line in lines if _is(self.request.tote, line.tote)] or lines
        roomy = (line for line in lines if line.left >= quantity)
        some = (line for line in lines if line.left)
        return next(roomy, None) or next(some, lines[0])

    def _judge(
        self,
        ledger: Ledger,
        task: TaskState,
        article: Article | None,
        lines: list[LineState],
        line: LineState | None,
        quantity: int,
    ) -> ScanOutcome:
        if self.identity.username not in task.workers:
            return ScanOutcome.NOT_YOUR_TASK
        if task.status not in PICKABLE:
            return ScanOutcome.TASK_NOT_OPEN
        if article is None:
            return ScanOutcome.SEVERAL_CODES if self._is_several(ledger) else ScanOutcome.UNKNOWN_CODE
        if not lines:
            return ScanOutcome.NOT_IN_TASK
        if line is None:
            return ScanOutcome.NOT_ON_LINE
        if not _is(self.request.location, line.location):
            return ScanOutcome.WRONG_LOCATION
        if not _is(self.request.tote, line.tote):
            return ScanOutcome.WRONG_TOTE
        if self.request.pieces not in (None, quantity):
            return ScanOutcome.QUANTITY_CONFLICT
        if quantity > line.left:
            return ScanOutcome.MORE_THAN_REQUIRED
        return self._lacking(ledger.confirming, line) or ScanOutcome.PICKED

    def _lacking(self, confirming: Confirming, line: LineState) -> ScanOutcome | None:
        """Return what it lacks where all else is right: a place or a tote that is to be confirmed."""
        request = self.request
        if confirming.locations and line.location is not None and request.location is None:
            return ScanOutcome.LOCATION_NEEDED
        if confirming.totes and line.tote is not None and request.tote is None:
            return ScanOutcome.TOTE_NEEDED
        return None

    def _is_several(self, ledger: Ledger) -> bool:
        """Tell whether what nothing was found by is several codes."""
        return self.code.is_several or bool(self.code.rivals and self.code.readings in ledger.doubted)

    def _differs(
        self,
        task: TaskState,
        lines: list[LineState],
        line: LineState | None,
        outcome: ScanOutcome,
        before: int | None,
        quantity: int,
    ) -> bool:
        """Tell whether the version that it was made on would have judged it otherwise than the present one.

        A version that the task never had, as there may be after a restore, has nothing to say.
        """
        version = self.request.version
        if version is None or version >= task.version or outcome not in _BY_CONTENT:
            return False
        asked = lines if self.request.line_id is None else [line] if line else []
        done = sum(one.picked + one.short for one in asked)
        counted = before is not None and quantity <= before - done
        return counted is not (outcome is ScanOutcome.PICKED)

    def _row(
        self,
        ledger: Ledger,
        task: TaskState,
        article: Article | None,
        line: LineState | None,
        outcome: ScanOutcome,
        before: int | None,
        quantity: int,
    ) -> dict[str, Any]:
        now = ledger.now()
        return {
            "operation_id": self.operation_id,
            "task_id": task.task_id,
            "line_id": line.line_id if line else None,
            "named_line_id": self.request.line_id,
            "worker": self.identity.username,
            "code": self.request.code,
            "sent_quantity": self.request.quantity,
            "sent_pieces": self.request.pieces,
            # A refused label can stand for more pieces than the column holds.
            "quantity": min(quantity, 2**31 - 1),
            "outcome": outcome.value,
            "picked": line.picked if line else None,
            "short": line.short if line else None,
            "required": line.required if line else None,
            "task_status": task.status.value,
            "remaining_lines": task.lines_open,
            "version": self.request.version,
            "task_version": task.version,
            "version_required": before,
            "tote": self.request.tote,
            "location": self.request.location,
            "asked": _asked(line, outcome),
            "refused_as": self.request.refused_as.value if self.request.refused_as else None,
            "picked_at": made_at(self.request.picked_at, now),
            "handed_in_by": self.handed_in_by.username if self.handed_in_by else None,
            "scanned_at": now,
            "label": self.code.label.told() if self.code.label else None,
        }

    def replay(self, earlier: Mapping[str, Any]) -> ScanResult | AppError:
        """Return the answer that the same scan got, or an error when its id was used for another one.

        The same may come again from another hand, and with a time that the device has put right since.
        """
        request = self.request
        same = (
            earlier["task_id"] == request.task_id
            and earlier["code"] == request.code
            and earlier["sent_quantity"] == request.quantity
            and earlier["sent_pieces"] == request.pieces
            and earlier["named_line_id"] == request.line_id
            and earlier["tote"] == request.tote
            and earlier["location"] == request.location
            and earlier["refused_as"] == request.refused_as
            and earlier["worker"] == self.identity.username
        )
        return _answer(earlier) if same else reused(self, self.kind)

    def refused(self, reason: str) -> Refused:
        """Return what is recorded of it where no task's ledger has it."""
        return refusal(
            self, reason, self.request.picked_at, task_id=self.request.task_id, code=self.request.code
        )


def _is(scanned: str | None, name: str | None) -> bool:
    """Tell whether a scan of a place or a tote is of the one with a name. What was not said is not wrong."""
    return scanned is None or name is None or scanned == name or named(scanned) == named(name)


def _asked(line: LineState | None, outcome: ScanOutcome) -> str | None:
    """Return what should have been scanned besides."""
    if line is None or outcome not in _MISPLACED:
        return None
    is_of_place = outcome in (ScanOutcome.WRONG_LOCATION, ScanOutcome.LOCATION_NEEDED)
    return line.location if is_of_place else line.tote


def _counted(task: TaskState, line: LineState) -> ScanOutcome:
    if task.status is TaskStatus.COMPLETED:
        return ScanOutcome.TASK_COMPLETE
    return ScanOutcome.PICKED if line.left else ScanOutcome.LINE_COMPLETE


def _answer(row: Mapping[str, Any]) -> ScanResult | AppError:
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
    told = {**fields, "code": row["code"], "left": left, "named_line_id": row["named_line_id"]}
    if outcome is ScanOutcome.VERSION_CONFLICT:
        told |= {"version": row["version"], "version_required": row["version_required"]}
    if row["refused_as"] is not None:
        told["refused_as"] = row["refused_as"]
    if outcome in _MISPLACED:
        told |= {name: row[name] for name in ("location", "tote", "asked")}
    if outcome is ScanOutcome.QUANTITY_CONFLICT:
        told["pieces"] = row["sent_pieces"]
    return ScanRefused(outcome, told)


def _tell(ledger: Ledger, row: Mapping[str, Any], task: TaskState, outcome: ScanOutcome) -> None:
    data = {key: row[key] for key in _TOLD}
    if not outcome.accepted:
        # A mis-scan concerns who made it and the board, not everybody who looks at the task.
        ledger.tell(EventType.SCAN_REFUSED, task.task_id, data, [user_room(row["worker"])])
        return
    ledger.tell(EventType.SCAN_RECORDED, task.task_id, data, [task_room(task.task_id)])
    if outcome is ScanOutcome.TASK_COMPLETE:
        ledger.tell_all(EventType.TASK_COMPLETED, task, row["worker"])
