"""What endpoints of the Task Service are handed: the person who asks, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from magacin.contracts.identity import Identity
from magacin.contracts.tasks.picking import PickingSettings
from magacin.core.requests import DatabaseState
from magacin.core.service import state_of
from magacin.tasks.board.tally import Tally
from magacin.tasks.bulk import BulkLane
from magacin.tasks.codes import CodeRules
from magacin.tasks.pick_tasks.counting import TaskCounts
from magacin.tasks.reports.service import ReportSettings
from magacin.tasks.scans.batcher import Record, ScanBatcher
from magacin.tasks.wall.service import WallBoard
from magacin.tasks.webhooks.service import WebhookSettings


@dataclass(frozen=True, kw_only=True)
class TaskState(DatabaseState):
    """What the Task Service opened when it started."""

    batcher: ScanBatcher
    bulk: BulkLane
    code_rules: CodeRules
    record: Record
    picking: PickingSettings
    reports: ReportSettings
    wall: WallBoard
    tally: Tally
    task_counts: TaskCounts
    webhooks: WebhookSettings


async def _identity(request: Request) -> Identity:
    return Identity.of(request.headers)


CurrentIdentity = Annotated[Identity, Depends(_identity)]


async def _state(request: Request) -> TaskState:
    return state_of(request.scope, TaskState)


State = Annotated[TaskState, Depends(_state)]
