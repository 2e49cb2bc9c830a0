"""The board: the totals on the wall."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanOutcome


class BoardWorker(BaseModel):
    """What one worker did today."""

    worker: str
    picked: int
    refused: int
    last_scan_at: datetime


class Board(BaseModel):
    """The totals on the wall."""

    tasks: dict[TaskStatus, int]
    lines_required: int
    lines_complete: int
    units_required: int
    units_picked: int
    units_short: int
    scans_today: dict[ScanOutcome, int]
    workers: list[BoardWorker]
    held: int = Field(description="Tasks that are held, among those of `tasks` that are not closed.")
    oldest_open_age_seconds: float = Field(description="Of the oldest open task that is not held.")


GET_BOARD = Endpoint(
    "GET", "/api/board", "The totals on the wall", role=Role.WORKER, scope=Scope.TASKS_READ, answer=Board
)
