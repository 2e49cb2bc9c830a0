"""What becomes of task lines when pieces are moved between them: pure logic.

Over the task lines of a requisition line, picked + short + remaining stays what that requires: what one line
requires less, another requires more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from magacin.contracts.tasks.pick_tasks import Pieces
from magacin.tasks.errors import LineNotFound, NothingToMove, NotThatMany


class Source(StrEnum):
    """What pieces are moved from: those that are left to pick, or those that were short."""

    LEFT = "left"
    SHORT = "short"


@dataclass(slots=True)
class PlannedLine:
    """A task line that may be changed. `line_id` is None where it is to be created."""

    line_id: int | None
    task_id: int
    requisition_line_id: int
    article_id: int
    location_id: int | None
    tote: str | None
    required: int
    picked: int = 0
    short: int = 0

    @property
    def left(self) -> int:
        """Pieces still to be picked."""
        return self.required - self.picked - self.short


@dataclass
class Moves:
    """Moves pieces from lines of one task to lines of another, or of the same at another place."""

    task_id: int
    target_id: int
    lines: dict[int, PlannedLine]
    """The lines of both tasks, by id."""
    location_id: int | None = None
    """Where to pick them, if not where their line says."""

    created: list[PlannedLine] = field(default_factory=list)
    changed: dict[int, PlannedLine] = field(default_factory=dict)
    targets: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Know each line of the target by what it picks where; of several alike, the first."""
        self.targets.add(self.target_id)
        of_target = [line for line in self.lines.values() if line.task_id == self.target_id]
        self._targets = {(one.requisition_line_id, one.location_id): one for one in reversed(of_target)}

    def move(self, wanted: Iterable[Pieces], source: Source) -> None:
        """Move pieces, all of them or none; raise what hinders it."""
        counts: Counter[int] = Counter()
        for pieces in wanted:
            counts[pieces.line_id] += pieces.quantity
        for line_id, quantity in counts.items():
            self._require(line_id, quantity, source)
        for line_id, quantity in counts.items():
            self._move(self.lines[line_id], quantity, source)

    def _require(self, line_id: int, quantity: int, source: Source) -> None:
        line = self.lines.get(line_id)
        if line is None or line.task_id != self.task_id:
            raise LineNotFound(f"Task {self.task_id} has no line {line_id}.", details={"line_id": line_id})
        there = line.left if source is Source.LEFT else line.short
        if quantity > there:
            raise NotThatMany(
                f"Line {line_id} has {there} {_SAID[source]}; {quantity} cannot be moved. Nothing was.",
                details={"line_id": line_id, source.value: there},
            )
        if source is Source.LEFT and self._stays(line):
            raise NothingToMove(
                f"Line {line_id} is picked there already. Name another task, or another location.",
                details={"line_id": line_id},
            )

    def _stays(self, line: PlannedLine) -> bool:
        return self.target_id == line.task_id and self._place(line) == line.location_id

    def _place(self, line: PlannedLine) -> int | None:
        return line.location_id if self.location_id is None else self.location_id

    def _move(self, line: PlannedLine, quantity: int, source: Source) -> None:
        if source is Source.SHORT:
            line.short -= quantity
            self._change(line)
            if self._stays(line):
                return
        target = self._target(line)
        line.required -= quantity
        self._change(line)
        target.required += quantity
        self._change(target)

    def _change(self, line: PlannedLine) -> None:
        if line.line_id is not None:
            self.changed[line.line_id] = line

    def _target(self, line: PlannedLine) -> PlannedLine:
        """Return the line that picks the same at the wanted place in the target task, or a new one."""
        place = self._place(line)
        found = self._targets.get((line.requisition_line_id, place))
        if found is None:
            found = PlannedLine(
                None, self.target_id, line.requisition_line_id, line.article_id, place, line.tote, required=0
            )
            self._targets[line.requisition_line_id, place] = found
            self.created.append(found)
        return found

    def amounts(self) -> dict[str, dict[str, int]]:
        """Return what each line of both tasks that is there already requires and lacks, by its id."""
        return {
            str(line_id): {"required": line.required, "short": line.short}
            for line_id, line in self.lines.items()
        }

    def joined(self, others: Iterable[Moves]) -> Moves:
        """Return these with others from the same lines, each of which has a target of its own."""
        all_of_them = Moves(self.task_id, self.target_id, self.lines)
        for one in (self, *others):
            all_of_them.created += one.created
            all_of_them.changed |= one.changed
            all_of_them.targets |= one.targets
        return all_of_them

    def lines_open(self) -> Mapping[int, int]:
        """Return task → number of its lines with something left."""
        counts = dict.fromkeys((self.task_id, *sorted(self.targets)), 0)
        for line in [*self.lines.values(), *self.created]:
            counts[line.task_id] += line.left > 0
        return counts

    @property
    def is_emptied(self) -> bool:
        """Tell whether the task from which pieces were moved requires nothing any more."""
        lines = [*self.lines.values(), *self.created]
        return not any(line.required for line in lines if line.task_id == self.task_id)


_SAID = {Source.LEFT: "left to pick", Source.SHORT: "short"}
