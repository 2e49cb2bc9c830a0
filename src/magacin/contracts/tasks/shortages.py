"""Shortages: what could not be picked, and why."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Id, Payload, Quantity
from magacin.contracts.tasks.pick_tasks import Task


class ShortageReason(StrEnum):
    """Why less was picked than required."""

    SHORT_PICK = "short_pick"
    NOT_FOUND = "not_found"
    DAMAGED = "damaged"


class ShortageIn(Payload):
    """A shortage on one line. Idempotent by `operation_id`, like a scan."""

    line_id: Id
    quantity: Quantity
    reason: ShortageReason
    operation_id: UUID


REPORT_SHORTAGE = Endpoint(
    "POST",
    "/api/tasks/{task_id}/shortages",
    "Report a shortage on a line",
    role=Role.WORKER,
    body=ShortageIn,
    answer=Task,
    status=201,
    errors=(409,),
    repeatable=True,
)
