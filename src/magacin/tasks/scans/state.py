"""What the ledger decides on: tasks and their lines as they stand under the tasks' locks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from magacin.contracts.tasks.pick_tasks import TaskStatus


@dataclass(frozen=True, slots=True)
class Confirming:
    """What is to be scanned besides an article, where its line says one: a setting of the site."""

    totes: bool = True
    locations: bool = False


@dataclass(slots=True)
class TaskState:
    """A pick task under its lock."""

    task_id: int
    status: TaskStatus
    lines_open: int
    version: int
    workers: frozenset[str]
    closed_at: datetime | None = None
    _read: tuple[TaskStatus, int, datetime | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note what it is before anything is decided."""
        self._read = self._written

    @property
    def is_other(self) -> bool:
        """Tell whether there is anything to write; most picks change a line alone."""
        return self._read != self._written

    @property
    def _written(self) -> tuple[TaskStatus, int, datetime | None]:
        return (self.status, self.lines_open, self.closed_at)


@dataclass(frozen=True, slots=True)
class Article:
    """The article of a line, or that a code means.

    `pieces` are those of the barcode by which it was found. `literally` says that the code as it stands is
    its SKU or barcode.
    """

    article_id: int
    sku: str
    pieces: int = 1
    literally: bool = False


@dataclass(slots=True)
class LineState:
    """A task line under its task's lock."""

    line_id: int
    task_id: int
    article: Article
    required: int
    picked: int
    short: int
    sequence: int | None = None
    location: str | None = None
    tote: str | None = None

    @property
    def left(self) -> int:
        """Pieces still to be picked."""
        return self.required - self.picked - self.short

    @property
    def place(self) -> tuple[bool, int, str, int]:
        """Return where it comes in walking order; what has no place comes last."""
        return (self.sequence is None, self.sequence or 0, self.location or "", self.line_id)


@dataclass(frozen=True, slots=True)
class Done:
    """A scan or a shortage that was recorded, as far as an undo of it asks."""

    kind: str
    task_id: int
    line_id: int | None
    article: Article | None
    quantity: int
    worker: str
    accepted: bool
    done_at: datetime
    """When it was made, as far as that is known."""
    counted: str
    """The field of its line that counts it: `picked` or `short`."""
