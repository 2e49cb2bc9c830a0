"""Prints: location labels, and pick lists for a day without power, as PDF files."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.payloads import Text, Username
from magacin.contracts.tasks.locations import LocationCode
from magacin.contracts.tasks.pick_tasks import KeyId
from magacin.core.languages import LanguageTag
from magacin.core.printing.jobs import PDF, LabelSheet, Symbols

MOST_LABELS = 2_000
MOST_LINES = 10_000
MOST_TASKS = 500


class LabelQuery(BaseModel):
    """Which location labels to print, and on what. Without codes, zone and aisle: all locations."""

    code: Annotated[list[LocationCode], Field(max_length=500)] = Field(
        default=[], description="Only these locations; it may stand there several times."
    )
    zone: Text | None = Field(default=None, description="Only those of this zone.")
    aisle: Text | None = Field(default=None, description="Only those of this aisle.")
    symbols: Symbols = Field(
        default=Symbols.BOTH, description="Bars (Code 128), squares (Data Matrix), or both on each label."
    )
    sheet: LabelSheet = Field(
        default=LabelSheet.A4_3X8,
        description="A4 with 3 × 8 labels of 70 × 37 mm, or of 63.5 × 33.9 mm with gaps between, with "
        "2 × 7 of 99.1 × 38.1 mm; or a label a page, of 100 × 50 or 70 × 37 mm, for label printers.",
    )
    skip: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="How many labels are gone from the first sheet already."
    )


class PickListQuery(BaseModel):
    """Which tasks to print. Without ids: all that are open, assigned or in work."""

    task_id: Annotated[list[KeyId], Field(max_length=MOST_TASKS)] = Field(
        default=[], description="Only these tasks; it may stand there several times."
    )
    worker: Username | None = Field(default=None, description="Only those that this person has.")
    language: LanguageTag = LanguageTag.ENGLISH


PRINT_LABELS = Endpoint(
    "GET",
    "/api/prints/location-labels.pdf",
    "Location labels with Code 128 or Data Matrix",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_READ,
    query=LabelQuery,
    media_type=PDF,
    errors=(404, 503),
    bulk=True,
)
PRINT_PICK_LISTS = Endpoint(
    "GET",
    "/api/prints/pick-lists.pdf",
    "Pick lists on paper",
    role=Role.SUPERVISOR,
    scope=Scope.TASKS_READ,
    query=PickListQuery,
    media_type=PDF,
    errors=(404, 503),
    bulk=True,
)
