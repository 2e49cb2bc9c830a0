"""What happens in the warehouse, as it goes over the stream to everybody's screen.

An event is written in the transaction that caused it (the outbox), relayed to the Redis stream
`magacin:events`, and emitted to Socket.IO rooms by the Realtime Worker. Delivery is at least once and in
order for one `subject`; ids of one subject only grow. So a client keeps the last id of each
(`source`, `subject`) and drops what is not newer.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

EVENT_STREAM = "magacin:events"
CONSUMER_GROUP = "realtime"
STREAM_FIELD = b"event"

# So many entries, delivered or not, are in the stream at most, about: some 60 MB of Redis's memory.
# What is more waits in the outboxes until the Realtime Worker has read.
STREAM_BOUND = 100_000

# The Redis channel over which the Realtime Worker and all gateways' Socket.IO managers talk.
SOCKETIO_CHANNEL = "magacin:socketio"

# The Socket.IO message in which a client gets an event.
SOCKET_EVENT = "event"

# Supervisors and wall screens see everything.
BOARD_ROOM = "board"


class EventType(StrEnum):
    """The kinds of events; also the values of the label `type` of the Realtime Worker's metrics."""

    REQUISITION_CREATED = "requisition.created"
    REQUISITIONS_IMPORTED = "requisitions.imported"
    REQUISITION_REPLACED = "requisition.replaced"
    TASK_CREATED = "task.created"
    TASKS_RELEASED = "tasks.released"
    TASK_REPLACED = "task.replaced"
    TASK_REPLANNED = "task.replanned"
    TASK_ASSIGNED = "task.assigned"
    TASK_STARTED = "task.started"
    TASK_COMPLETED = "task.completed"
    TASK_CANCELLED = "task.cancelled"
    TASK_REOPENED = "task.reopened"
    SCAN_RECORDED = "scan.recorded"
    SCAN_REFUSED = "scan.refused"
    SCAN_UNDONE = "scan.undone"
    SHORTAGE_REPORTED = "shortage.reported"
    SHORTAGE_UNDONE = "shortage.undone"
    IMPORT_PROGRESS = "import.progress"
    IMPORT_FINISHED = "import.finished"


class Event(BaseModel):
    """One event. `id` grows for a `subject`; `rooms` say who is told besides the board."""

    id: int = Field(description="Grows for one (source, subject).")
    source: str = Field(description="The service that wrote it, `task-service` or `import-service`.")
    type: EventType
    subject: str = Field(description="What it is about, such as `task:42` or `import:7`.")
    occurred_at: datetime = Field(description="When it was committed, UTC.")
    rooms: list[str] = Field(default_factory=list)
    data: dict[str, Any]


def task_room(task_id: int) -> str:
    """Return the room of those who look at one task."""
    return f"task:{task_id}"


def user_room(username: str) -> str:
    """Return the room of all sockets of one person."""
    return f"user:{username}"


def import_room(job_id: int) -> str:
    """Return the room of those who watch one import."""
    return f"import:{job_id}"
