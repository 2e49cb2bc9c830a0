"""The Task Service's errors: what it says when it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from magacin.contracts.tasks.operations import UndoOutcome
from magacin.contracts.tasks.pick_tasks import TaskStatus, TaskSummary
from magacin.contracts.tasks.scans import ScanOutcome
from magacin.core.errors import AppError, Conflict, Forbidden, NotFound, Unprocessable


class ArticleNotFound(NotFound):
    """No article has that SKU."""

    code = "article_not_found"


class BarcodeNotFound(NotFound):
    """The article has no such barcode."""

    code = "barcode_not_found"


class BarcodeTaken(Conflict):
    """The barcode already means another article."""

    code = "barcode_taken"


class PackDiffers(Conflict):
    """The barcode stands for another number of pieces already."""

    code = "pack_differs"


class PackImpossible(Unprocessable):
    """There can be no such pack: it contains itself, or what is larger or not there."""

    code = "pack_impossible"


class RowsRefused(Conflict):
    """Of many rows that count together some are wrong; none was imported."""

    code = "rows_refused"


class LocationNotFound(NotFound):
    """There is no location with that code."""

    code = "location_not_found"


class LocationInUse(Conflict):
    """Articles lie at the location, or tasks have lines there."""

    code = "location_in_use"


class TooManyDays(Unprocessable):
    """A report of so many days would take too long."""

    code = "too_many_days"


class ShiftNotFound(NotFound):
    """There is no shift with that id."""

    code = "shift_not_found"

    def __init__(self, shift_id: int) -> None:
        super().__init__(f"There is no shift {shift_id}.", details={"shift_id": shift_id})


class TeamNotFound(NotFound):
    """There is no team with that id."""

    code = "team_not_found"

    def __init__(self, team_id: int) -> None:
        super().__init__(f"There is no team {team_id}.", details={"team_id": team_id})


class UnknownShift(Unprocessable):
    """A team is to work in a shift that is not there."""

    code = "unknown_shift"


class NameTaken(Conflict):
    """Another shift or team has this name."""

    code = "name_taken"


class TooMany(Conflict):
    """There are as many as there may be."""

    code = "too_many"


class ChangedMeanwhile(Conflict):
    """Somebody else changed it since it was seen. The details have both sides."""

    code = "changed_meanwhile"


class RequisitionNotFound(NotFound):
    """There is no requisition with that id."""

    code = "requisition_not_found"


class RequisitionExists(Conflict):
    """A requisition with that number is there already."""

    code = "requisition_exists"


class DuplicateSku(Unprocessable):
    """The same SKU stands twice in one requisition."""

    code = "duplicate_sku"


class TaskNotFound(NotFound):
    """There is no pick task with that id."""

    code = "task_not_found"

    def __init__(self, task_id: int) -> None:
        super().__init__(f"There is no pick task {task_id}.", details={"task_id": task_id})


class TaskExists(Conflict):
    """A requisition has a pick task already."""

    code = "task_exists"


class WrongTaskStatus(Conflict):
    """The task's status does not allow that."""

    code = "wrong_task_status"

    def __init__(self, task_id: int, status: TaskStatus, what: str) -> None:
        super().__init__(
            f"Task {task_id} is {status.value.replace('_', ' ')} and cannot be {what}.",
            details={"task_id": task_id, "status": status.value},
        )


class TaskHeld(Conflict):
    """The task is held: nobody is to begin with it for now."""

    code = "task_held"

    def __init__(self, task_id: int) -> None:
        super().__init__(
            f"Task {task_id} is held and cannot be begun now. Take another one, or ask a supervisor.",
            details={"task_id": task_id},
        )


class TaskChanged(Conflict):
    """Somebody else decided something about the task meanwhile. The details have both sides."""

    code = "task_changed"

    def __init__(self, seen: int, wanted: Mapping[str, Any], now: TaskSummary) -> None:
        by = f" by {now.changed_by}" if now.changed_by else ""
        super().__init__(
            f"Task {now.task_id} was changed meanwhile{by}: it is at revision {now.revision}, not {seen}. "
            f"Nothing was done. To do it nevertheless, name revision {now.revision}.",
            details={"revision": seen, "wanted": dict(wanted), "task": now.model_dump(mode="json")},
        )


class NotYourTask(Forbidden):
    """The task is another worker's."""

    code = "not_your_task"

    def __init__(self, task_id: int) -> None:
        super().__init__(f"Task {task_id} is not assigned to you.", details={"task_id": task_id})


class LinesRemaining(Conflict):
    """A task cannot be completed while something is left to pick."""

    code = "lines_remaining"


class LineNotFound(NotFound):
    """The task has no such line."""

    code = "line_not_found"


class ShortageTooLarge(Conflict):
    """More would be short than is left on the line."""

    code = "more_than_required"


class NothingToMove(Conflict):
    """The pieces are where they should be moved to."""

    code = "nothing_to_move"


class NotThatMany(Conflict):
    """More is to be moved than there is to move."""

    code = "not_that_many"


class PlanRefused(AppError):
    """Nothing was moved, for a reason that was found when the plan was first sent."""

    def __init__(self, status: int, code: str, message: str, details: dict[str, Any]) -> None:
        super().__init__(message, details=details)
        self.status = status  # type: ignore[misc]  # those of the first answer
        self.code = code  # type: ignore[misc]


class OperationIdReused(Conflict):
    """The id was used for something else; the answer to that one would be wrong for this one."""

    code = "operation_id_reused"


class OperationNotKept(Conflict):
    """It was recorded so long ago that what it was is not kept any more: it cannot be answered as before."""

    code = "operation_not_kept"

    def __init__(self, operation_id: UUID) -> None:
        super().__init__(
            f"The operation {operation_id} was recorded long ago, and what it was is not kept any more. It "
            "is not counted again: do not send it again.",
            details={"operation_id": str(operation_id)},
        )


class RepeatedOperation(Unprocessable):
    """Two operations of one batch have the same id."""

    code = "repeated_operation"


class ScanQueueFull(AppError):
    """More scans wait than can be answered in time."""

    status, code = 503, "scan_queue_full"

    def __init__(self) -> None:
        super().__init__("Too many scans are waiting. This one was not recorded; send it again in a moment.")
        self.headers = {"Retry-After": "1"}


_REFUSALS = {
    ScanOutcome.UNKNOWN_CODE: "No article has the code {code}. Check the label, or add the barcode to it.",
    ScanOutcome.SEVERAL_CODES: "Several codes came as one: {code}. Nothing was counted; scan one at a time.",
    ScanOutcome.QUANTITY_CONFLICT: "The code {code} stands for {quantity} of {sku}, and {pieces} were shown. "
    "Nothing was counted; look at the task again, and scan once more.",
    ScanOutcome.WRONG_LOCATION: "{sku} of line {line_id} is picked at {asked}, and {location} was scanned. "
    "Nothing was counted; go to {asked}.",
    ScanOutcome.LOCATION_NEEDED: "{sku} of line {line_id} is picked at {asked}. Nothing was counted; scan "
    "the place as well.",
    ScanOutcome.WRONG_TOTE: "{sku} of line {line_id} goes into tote {asked}, and {tote} was scanned. Nothing "
    "was counted; put it into {asked}, and scan that.",
    ScanOutcome.TOTE_NEEDED: "{sku} of line {line_id} goes into tote {asked}. Nothing was counted; scan the "
    "tote as well.",
    ScanOutcome.NOT_IN_TASK: "Article {sku} is not in task {task_id}. Put it back and check the shelf.",
    ScanOutcome.MORE_THAN_REQUIRED: "Line {line_id} needs {left} more of {sku}; {quantity} are too many.",
    ScanOutcome.NOT_ON_LINE: "Line {named_line_id} of task {task_id} asks for something else than {sku}.",
    ScanOutcome.TASK_NOT_OPEN: "Task {task_id} is {task_status}: nothing more is picked for it.",
    ScanOutcome.VERSION_CONFLICT: "Task {task_id} was changed, from version {version} to {task_version}: "
    "of {sku} it required {then} when this was scanned, now {now}. Put it back, and look at the task again.",
    ScanOutcome.NOT_YOUR_TASK: "Task {task_id} is not assigned to you. Claim it first, or ask a supervisor.",
}


class ScanRefused(AppError):
    """A scan that did not count. The code is the outcome; nothing was picked."""

    status = 409

    def __init__(self, outcome: ScanOutcome, details: dict[str, Any]) -> None:
        said = _REFUSALS[outcome]
        if details.get("refused_as") == outcome:
            said = "Refused on the device as {refused_as}: {code}. Nothing was counted."
        spoken = {"then": details.get("version_required") or "none", "now": details["required"] or "none"}
        super().__init__(said.format_map(details | spoken), details=details)
        self.code = outcome.value  # type: ignore[misc]  # each refusal has a code of its own
        if outcome is ScanOutcome.NOT_YOUR_TASK:
            self.status = 403  # type: ignore[misc]  # the one refusal that is about the person


_NOT_UNDONE = {
    UndoOutcome.NOTHING_TO_UNDO: "There is no scan or shortage {undoes}, or it is not kept any more: there "
    "is nothing to take back.",
    UndoOutcome.NOT_YOUR_OPERATION: "The {kind} {undoes} is another worker's. A supervisor can take it back.",
    UndoOutcome.WAS_REFUSED: "The {kind} {undoes} was refused and counted nothing: nothing to take back.",
    UndoOutcome.ALREADY_UNDONE: "The {kind} {undoes} was taken back before.",
    UndoOutcome.TOO_LATE: "Task {task_id} was closed too long ago for the {kind} {undoes} to be taken back. "
    "Tell a supervisor what was really picked.",
    UndoOutcome.PIECES_MOVED: "The pieces of the {kind} {undoes} are planned anew by now.",
}


class UndoRefused(AppError):
    """Nothing was taken back. The code is the outcome."""

    status = 409

    def __init__(self, outcome: UndoOutcome, details: dict[str, Any]) -> None:
        super().__init__(_NOT_UNDONE[outcome].format_map(details), details=details)
        self.code = outcome.value  # type: ignore[misc]  # each refusal has a code of its own
        if outcome is UndoOutcome.NOTHING_TO_UNDO:
            self.status = 404  # type: ignore[misc]
        elif outcome is UndoOutcome.NOT_YOUR_OPERATION:
            self.status = 403  # type: ignore[misc]


class WebhookNotFound(NotFound):
    """There is no webhook with that id."""

    code = "webhook_not_found"


class DeliveryNotFound(NotFound):
    """The webhook has no delivery with that id, or not any more."""

    code = "delivery_not_found"


class WebhooksNotSetUp(Conflict):
    """The service has no key to make secrets with."""

    code = "webhooks_not_set_up"


class TooManyWebhooks(Conflict):
    """There are as many webhooks as there may be."""

    code = "too_many_webhooks"


class WebhookAddressRefused(Unprocessable):
    """Nothing is sent to that address."""

    code = "webhook_address_refused"
