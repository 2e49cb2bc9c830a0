"""What is to be printed, as it is handed to the process that draws it. Lengths are in millimetres."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from magacin.core.languages import LanguageTag

PDF = "application/pdf"


class Symbols(StrEnum):
    """Which codes a label has."""

    CODE_128 = "code128"
    DATA_MATRIX = "datamatrix"
    BOTH = "both"


class LabelSheet(StrEnum):
    """What labels are printed on."""

    A4_3X8 = "a4-3x8"
    A4_3X8_GAPS = "a4-3x8-gaps"
    A4_2X7 = "a4-2x7"
    SINGLE_100X50 = "single-100x50"
    SINGLE_70X37 = "single-70x37"


class BadgeSheet(StrEnum):
    """What badges are printed on."""

    A4_2X5 = "a4-2x5"
    SINGLE = "single"


class Sheet(BaseModel):
    """A page of labels: how many columns and rows, their size, the margins and the gaps between them."""

    page: tuple[float, float]
    columns: int
    rows: int
    size: tuple[float, float]
    margins: tuple[float, float]
    gaps: tuple[float, float] = (0, 0)
    cut: bool = False
    """Whether marks say where to cut."""

    @property
    def spots(self) -> int:
        """Return how many labels are on a page."""
        return self.columns * self.rows

    def place(self, spot: int) -> tuple[float, float]:
        """Return where the upper left corner of a label is, from that of the page; spots go by rows."""
        row, column = divmod(spot, self.columns)
        (left, top), (width, height), (across, down) = self.margins, self.size, self.gaps
        return left + column * (width + across), top + row * (height + down)


def _single(width: float, height: float) -> Sheet:
    return Sheet(page=(width, height), columns=1, rows=1, size=(width, height), margins=(0, 0))


_A4 = (210.0, 297.0)
LABEL_SHEETS = {
    LabelSheet.A4_3X8: Sheet(page=_A4, columns=3, rows=8, size=(70, 37), margins=(0, 0.5)),
    LabelSheet.A4_3X8_GAPS: Sheet(
        page=_A4, columns=3, rows=8, size=(63.5, 33.9), margins=(7.25, 12.9), gaps=(2.5, 0)
    ),
    LabelSheet.A4_2X7: Sheet(
        page=_A4, columns=2, rows=7, size=(99.1, 38.1), margins=(4.65, 15.15), gaps=(2.5, 0)
    ),
    LabelSheet.SINGLE_100X50: _single(100, 50),
    LabelSheet.SINGLE_70X37: _single(70, 37),
}
BADGE_SHEETS = {
    BadgeSheet.A4_2X5: Sheet(
        page=_A4, columns=2, rows=5, size=(85.6, 54), margins=(14.4, 7.5), gaps=(10, 3), cut=True
    ),
    BadgeSheet.SINGLE: _single(85.6, 54),
}


class Label(BaseModel):
    """A label of a place: its code, and what is written below it."""

    code: str
    lines: list[str] = []


class LabelsJob(BaseModel):
    """Labels, one after another; `skip` leaves out the first spots, where labels are gone already."""

    kind: Literal["labels"] = "labels"
    sheet: Sheet
    symbols: Symbols
    skip: int = 0
    labels: list[Label]


class Card(BaseModel):
    """A badge: whose it is, what they are, and the secret that it is about."""

    name: str
    role: str
    code: str = Field(repr=False)


class BadgesJob(BaseModel):
    """Badges, one after another."""

    kind: Literal["badges"] = "badges"
    sheet: Sheet
    language: LanguageTag
    cards: list[Card]


class ListLine(BaseModel):
    """A line of a pick list; pieces as they were when it was printed."""

    location: str
    zone: str
    sku: str
    description: str
    tote: str
    required: int
    remaining: int


class ListTask(BaseModel):
    """A task as it is picked from paper."""

    task_id: int
    number: str
    destination: str
    workers: list[str]
    due: str
    priority: int
    held: bool
    version: int
    lines: list[ListLine]


class PickListsJob(BaseModel):
    """A list for each task, each from the top of a page; `printed` says when and where."""

    kind: Literal["pick_lists"] = "pick_lists"
    language: LanguageTag
    printed: str
    tasks: list[ListTask]


Job = Annotated[LabelsJob | BadgesJob | PickListsJob, Field(discriminator="kind")]
