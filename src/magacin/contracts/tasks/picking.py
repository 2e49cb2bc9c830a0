"""What a device holds to pick from while it is out of reach."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.tasks.articles import Pack
from magacin.contracts.tasks.pick_tasks import Task, TaskSummary

MAX_PICKING_TASKS = 100
MAX_PICKING_LINES = 20_000
MAX_POOL = 50


class PickingSettings(BaseModel):
    """What this site sets about codes and undos, so that a device judges as the service does."""

    separators: list[str] = Field(description="How scanners write the group separator of GS1.")
    variable_measure_eans: list[str] = Field(description="Masks of EANs with a weight, price or count.")
    undo_seconds: int = Field(description="How long after a task was closed its scans can be taken back.")
    confirm_totes: bool = Field(default=True, description="Totes are to be scanned, where lines have one.")
    confirm_locations: bool = Field(default=False, description="Locations are to be scanned, too.")


class PickingArticle(BaseModel):
    """An article with every code that can be scanned for it, besides its SKU."""

    sku: str
    description: str
    codes: list[Pack] = Field(description="GTINs in their 14-digit form, in which they are kept.")


class PickingExceptions(BaseModel):
    """Codes of other articles that come before, or beside, a code of an article held."""

    skus: list[str]
    barcodes: list[str]


class Picking(BaseModel):
    """All that a worker can pick and take back, as it was at one moment."""

    taken_at: datetime
    worker: str
    settings: PickingSettings
    tasks: list[Task] = Field(
        description="The worker's own: those to pick, by priority and when they are due, then those "
        "that were completed so lately that their scans can be taken back."
    )
    is_cut: bool = Field(
        description=f"There are more than {MAX_PICKING_TASKS} tasks or {MAX_PICKING_LINES} lines: the "
        "last tasks are not among these."
    )
    pool: list[TaskSummary] = Field(
        description=f"Tasks to be claimed, in the same order: at most {MAX_POOL}."
    )
    articles: list[PickingArticle] = Field(description="Those of the tasks, by their SKUs.")
    exceptions: PickingExceptions = Field(
        description="Codes of other articles that the service may find before, or beside, one of these: what "
        "reads as one of them first is none of the articles here."
    )


GET_PICKING = Endpoint(
    "GET", "/api/picking", "What a device needs to pick offline", role=Role.WORKER, answer=Picking
)
