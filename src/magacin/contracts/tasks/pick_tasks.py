"""Pick tasks: what workers are given to pick."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import DueTime, Id, Page, Paging, Payload, Username
from magacin.contracts.tasks.requisitions import RequisitionLine


class TaskStatus(StrEnum):
    """Where a pick task stands; also the values of the label `status` of `pick_tasks`."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TasksIn(Payload):
    """Requisitions to be made into pick tasks, all or none."""

    requisition_ids: Annotated[list[Id], Field(min_length=1, max_length=1_000)]
    due_at: DueTime | None = None


class AssignIn(Payload):
    """The workers of a task. An empty list puts it back to open."""

    workers: Annotated[list[Username], Field(max_length=100)]


class TaskSummary(BaseModel):
    """A pick task without its lines."""

    task_id: int
    requisition_id: int
    number: str
    destination: str
    version: int = Field(description="Rises whenever its lines become others; scans name it.")
    status: TaskStatus
    workers: list[str]
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    required: int
    picked: int
    short: int


class Task(TaskSummary):
    """A pick task with its lines."""

    lines: list[RequisitionLine]


class TaskQuery(Paging):
    """Which pick tasks to list."""

    status: TaskStatus | None = Field(default=None, description="Only tasks in this state.")
    mine: bool = Field(default=False, description="Only tasks that are assigned to me.")


LIST_TASKS = Endpoint(
    "GET", "/api/tasks", "Pick tasks", role=Role.WORKER, query=TaskQuery, answer=Page[TaskSummary]
)
CREATE_TASKS = Endpoint(
    "POST",
    "/api/tasks",
    "Make pick tasks of requisitions",
    role=Role.SUPERVISOR,
    body=TasksIn,
    answer=list[TaskSummary],
    status=201,
    errors=(409,),
)
GET_TASK = Endpoint(
    "GET", "/api/tasks/{task_id}", "One pick task with its lines", role=Role.WORKER, answer=Task
)
ASSIGN_TASK = Endpoint(
    "POST",
    "/api/tasks/{task_id}/assign",
    "Say who works on a task",
    role=Role.SUPERVISOR,
    body=AssignIn,
    answer=Task,
    errors=(409,),
    checks_workers=True,
)
CLAIM_TASK = Endpoint(
    "POST", "/api/tasks/{task_id}/claim", "Take an open task", role=Role.WORKER, answer=Task, errors=(409,)
)
START_TASK = Endpoint(
    "POST", "/api/tasks/{task_id}/start", "Start picking", role=Role.WORKER, answer=Task, errors=(409,)
)
COMPLETE_TASK = Endpoint(
    "POST", "/api/tasks/{task_id}/complete", "Finish a task", role=Role.WORKER, answer=Task, errors=(409,)
)
CANCEL_TASK = Endpoint(
    "POST", "/api/tasks/{task_id}/cancel", "Cancel a task", role=Role.SUPERVISOR, answer=Task, errors=(409,)
)
