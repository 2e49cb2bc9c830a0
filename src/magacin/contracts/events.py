"""What happens in the warehouse, as it goes over the stream to everybody's screen.

An event is written in the transaction that caused it (the outbox), relayed to the Redis stream
`magacin:events`, and handed on by the Realtime Worker in the stream `magacin:delivery`, which every gateway
reads for its Socket.IO rooms. Delivery is at least once and in order for one `subject`; ids of one subject
only grow. So a client keeps the last id of each (`source`, `subject`) and drops what is not newer.

Each message that a socket gets has a `number`, which begins at 1 and grows by 1: a client that sees one
skipped, or is told `missed`, reads anew what it shows. Why: docs/decisions/0043.
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

# What the gateways read, each from where it was. An entry names the one before it, so that a gateway knows
# when it was too late for some. So many are kept, about: minutes of a busy warehouse, some 10 MB.
DELIVERY_STREAM = "magacin:delivery"
DELIVERY_AFTER = b"after"
DELIVERY_KEPT = 10_000
# What an entry is after when there is none before it.
DELIVERY_START = b"0-0"

# The Socket.IO messages in which a client gets an event, or several where it asked for that, or what came
# together where it asked to be told briefly; and in which all hear that they may not have got some.
SOCKET_EVENT = "event"
SOCKET_EVENTS = "events"
SOCKET_BRIEF = "brief"
SOCKET_MISSED = "missed"

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
    TASK_CHANGED = "task.changed"
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
