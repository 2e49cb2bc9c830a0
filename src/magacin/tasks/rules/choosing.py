"""Who is given a task by rule: pure logic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class AssignBy(StrEnum):
    """By what tasks that nobody has are given to people, without a supervisor."""

    NOBODY = "nobody"
    LOAD = "load"
    ZONE = "zone"


@dataclass(slots=True)
class Candidate:
    """Somebody who is in, and what they have to do."""

    worker: str
    tasks: int = 0
    """Unfinished ones."""
    pieces: int = 0
    """Left to pick in them."""
    zones: set[str] = field(default_factory=set)
    """Where they work now, or did last."""

    def take(self, zone: str | None, pieces: int) -> None:
        """Count one more task."""
        self.tasks += 1
        self.pieces += pieces
        if zone is not None:
            self.zones.add(zone)


def choose(by: AssignBy, zone: str | None, candidates: Iterable[Candidate], most: int) -> Candidate | None:
    """Return who gets a task whose way begins in a zone; None where it is to wait.

    Of those who have fewer than `most` tasks it is whoever has the fewest pieces left. By zone it is one of
    those who work there, else somebody who has nothing to do.
    """
    able = [one for one in candidates if one.tasks < most]
    if by is AssignBy.ZONE:
        near = [one for one in able if zone is not None and zone in one.zones]
        able = near or [one for one in able if not one.tasks]
    return min(able, key=lambda one: (one.pieces, one.tasks, one.worker), default=None)
