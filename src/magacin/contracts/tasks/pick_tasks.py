"""Pick tasks: what workers are given to pick."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.payloads import (
    PLAIN,
    Composed,
    DueTime,
    Id,
    Page,
    Paging,
    Payload,
    Quantity,
    Username,
    examples,
)
from magacin.contracts.tasks.locations import LocationCode
from magacin.contracts.tasks.requisitions import RequisitionLine


class TaskStatus(StrEnum):
    """Where a pick task stands; also the values of the label `status` of `pick_tasks`."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


# Nothing more comes of these, unless what completed a task is taken back.
CLOSED = frozenset({TaskStatus.COMPLETED, TaskStatus.CANCELLED})
# Somebody has these, and may pick.
PICKABLE = frozenset({TaskStatus.ASSIGNED, TaskStatus.IN_PROGRESS})


# As text, since the names in an object and what a query says are.
KeyId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Tote = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=PLAIN), Composed
]
Door = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=PLAIN), Composed
]


class TasksIn(Payload):
    """Requisitions to be made into pick tasks, all or none."""

    model_config = examples(
        {"requisition_ids": [17, 18]},
        {"requisition_ids": [17, 18], "together": True, "totes": {17: "T-1", 18: "T-2"}, "door": "Door 3"},
    )

    requisition_ids: Annotated[list[Id], Field(min_length=1, max_length=1_000)]
    due_at: DueTime | None = None
    together: bool = Field(default=False, description="Make one task of all of them, not one of each.")
    totes: dict[KeyId, Tote] = Field(
        default_factory=dict, description="By requisition, what to pick it into: each into its own."
    )
    door: Door | None = Field(
        default=None, description="Where what is picked is brought to: a door, a lane, a packing table."
    )

    @model_validator(mode="after")
    def _totes_are_of_these(self) -> Self:
        if others := self.totes.keys() - set(self.requisition_ids):
            raise ValueError(f"totes has requisition {min(others)}, which is not among requisition_ids")
        names = [tote.casefold() for tote in self.totes.values()]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"totes has {twice!r} twice: what is in it would be of two requisitions")
        return self


class AssignIn(Payload):
    """The workers of a task. An empty list puts it back to open."""

    model_config = examples({"workers": ["ana", "bojan"]}, {"workers": []})

    workers: Annotated[list[Username], Field(max_length=100)]


Priority = Annotated[int, Field(ge=-1_000, le=1_000, strict=True)]


class TaskChangeIn(Payload):
    """What of a task is to be changed. What is not named stays."""

    priority: Priority = Field(default=0, description="The highest is picked first; 0 is the usual one.")
    due_at: DueTime | None = Field(default=None, description="None: when its requisitions are due.")
    held: bool = Field(
        default=False,
        strict=True,
        description="Nobody is to begin with it for now: it is not offered to workers, who cannot claim or "
        "start it. Who has begun may go on.",
    )
    door: Door | None = Field(default=None, description="Where what is picked is brought to.")

    model_config = examples({"priority": 5, "due_at": "2027-03-01T12:00:00+01:00"}, {"held": True})


class IfUnchanged(BaseModel):
    """What a change goes by."""

    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None,
        description="The `revision` of the task as it was seen. Where it has another one by now, nothing is "
        "done: 409 `task_changed`, whose details have what was `wanted` and the `task` as it is.",
        examples=[3],
    )


class TaskSummary(BaseModel):
    """A pick task without its lines."""

    task_id: int
    requisition_id: int = Field(description="The requisition it serves, or the first of them.")
    requisition_ids: list[int]
    number: str
    destination: str
    version: int = Field(description="Rises whenever its lines become others; scans name it.")
    status: TaskStatus
    workers: list[str]
    # Answers that were kept before there were priorities have none.
    priority: int = Field(default=0, description="The highest is picked first; 0 is the usual one.")
    due_at: datetime | None
    held: bool = Field(default=False, description="Nobody is to begin with it for now.")
    door: str | None = Field(
        default=None, description="Where what is picked is brought to, where that was said."
    )
    revision: int = Field(
        default=1,
        description="Rises whenever somebody decides something about it: who works on it, how urgent it is, "
        "whether it is held or cancelled, what its lines are. A change may name it.",
    )
    changed_by: str | None = Field(
        default=None, description="Who decided the last of that; None where nobody did, or a file."
    )
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    required: int
    picked: int
    short: int


class TaskLine(RequisitionLine):
    """A line of a task: the part of a requisition line that is picked in one task at one place into one tote.

    What the task lines of a requisition line require is together what that requires.
    """

    line_id: int = Field(description="The first task line of a requisition line has the same id as that.")
    requisition_line_id: int
    requisition_id: int
    location: str | None = Field(description="Where to pick it; none where the article has no place.")
    zone: str | None
    aisle: str | None
    tote: str | None = Field(description="What to pick it into, where that was said.")


class Task(TaskSummary):
    """A pick task with its lines."""

    lines: list[TaskLine] = Field(description="In walking order.")


class TaskQuery(Paging):
    """Which pick tasks to list."""

    status: TaskStatus | None = Field(default=None, description="Only tasks in this state.")
    mine: bool = Field(default=False, description="Only tasks that are assigned to me.")
    task_id: Annotated[list[KeyId], Field(max_length=200)] = Field(
        default=[], description="Only these tasks; it may stand there several times."
    )


class Pieces(Payload):
    """Pieces of one task line."""

    line_id: Id
    quantity: Quantity


class PlanIn(Payload):
    """Pieces to be picked by another task line: of another task, a new one, or at another place.

    Idempotent by `operation_id`.
    """

    model_config = examples(
        {"lines": [{"line_id": 7, "quantity": 5}], "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10"}
    )

    lines: Annotated[list[Pieces], Field(min_length=1, max_length=1_000)]
    to_task_id: Id | None = Field(default=None, description="The task that is to pick them; else a new one.")
    location: LocationCode | None = Field(
        default=None, description="Where to pick them, if not where their line says."
    )
    operation_id: UUID


class ShareIn(Payload):
    """Who is to pick what is left of a task, each a stretch of the way. Idempotent by `operation_id`."""

    model_config = examples(
        {"workers": ["ana", "bojan", "vera"], "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10"}
    )

    workers: Annotated[list[Username], Field(min_length=2, max_length=100)] = Field(
        description="The first keeps this task, with the first part; each other one gets a new task."
    )
    operation_id: UUID

    @field_validator("workers")
    @classmethod
    def _are_different(cls, workers: list[str]) -> list[str]:
        if len({*workers}) < len(workers):
            raise ValueError("has the same worker twice")
        return workers


class ShareResult(BaseModel):
    """The task that was shared out, and those that have the other parts, in the order of the workers.

    Where there are fewer pieces than workers, the last of these have no task.
    """

    task: Task
    targets: list[Task]


class PlanResult(BaseModel):
    """The task from which pieces were moved, and the one that has them now."""

    task: Task
    target: Task


LIST_TASKS = Endpoint(
    "GET",
    "/api/tasks",
    "Pick tasks",
    role=Role.WORKER,
    scope=Scope.TASKS_READ,
    query=TaskQuery,
    answer=Page[TaskSummary],
)
CREATE_TASKS = Endpoint(
    "POST",
    "/api/tasks",
    "Make pick tasks of requisitions",
    role=Role.SUPERVISOR,
    audited=(Action.TASK_CREATED,),
    body=TasksIn,
    answer=list[TaskSummary],
    status=201,
    errors=(409,),
)
GET_TASK = Endpoint(
    "GET",
    "/api/tasks/{task_id}",
    "One pick task with its lines",
    role=Role.WORKER,
    scope=Scope.TASKS_READ,
    answer=Task,
)
CHANGE_TASK = Endpoint(
    "PATCH",
    "/api/tasks/{task_id}",
    "Say how urgent a task is, or hold it",
    role=Role.SUPERVISOR,
    audited=(Action.TASK_CHANGED,),
    query=IfUnchanged,
    body=TaskChangeIn,
    answer=Task,
    errors=(409,),
)
ASSIGN_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/assign",
    "Say who works on a task",
    role=Role.SUPERVISOR,
    audited=(Action.TASK_ASSIGNED,),
    query=IfUnchanged,
    body=AssignIn,
    answer=Task,
    errors=(409,),
    checks_workers=True,
)
CLAIM_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/claim",
    "Take an open task",
    role=Role.WORKER,
    audited=(Action.TASK_CLAIMED,),
    answer=Task,
    errors=(409,),
)
START_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/start",
    "Start picking",
    role=Role.WORKER,
    audited=(Action.TASK_STARTED,),
    answer=Task,
    errors=(409,),
)
COMPLETE_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/complete",
    "Finish a task",
    role=Role.WORKER,
    audited=(Action.TASK_COMPLETED,),
    answer=Task,
    errors=(409,),
)
CANCEL_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/cancel",
    "Cancel a task",
    role=Role.SUPERVISOR,
    audited=(Action.TASK_CANCELLED,),
    query=IfUnchanged,
    answer=Task,
    errors=(409,),
)
SPLIT_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/split",
    "Have what is left of lines picked elsewhere",
    role=Role.SUPERVISOR,
    audited=(Action.TASK_SPLIT,),
    query=IfUnchanged,
    body=PlanIn,
    answer=PlanResult,
    errors=(409,),
    repeatable=True,
)
SHARE_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/share",
    "Have what is left of a task picked by several workers",
    role=Role.SUPERVISOR,
    audited=(Action.TASK_SPLIT, Action.TASK_ASSIGNED),
    query=IfUnchanged,
    body=ShareIn,
    answer=ShareResult,
    errors=(409,),
    repeatable=True,
    checks_workers=True,
)
REPLAN_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/replan",
    "Have what is short of lines picked after all",
    role=Role.SUPERVISOR,
    audited=(Action.TASK_REPLANNED,),
    query=IfUnchanged,
    body=PlanIn,
    answer=PlanResult,
    errors=(409,),
    repeatable=True,
)
