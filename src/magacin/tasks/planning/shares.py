"""How what is left of a task is shared out: pure logic."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from magacin.contracts.tasks.pick_tasks import Pieces


def shares(left: Sequence[Pieces], count: int) -> list[list[Pieces]]:
    """Return what is left of lines, in walking order, in so many parts, each one stretch of the way.

    Each has as many lines as the others, one more or less; where there are fewer lines than parts, as many
    pieces. None is empty, so that there may be fewer parts.
    """
    parts = _evenly(left, count) if len(left) >= count else _by_pieces(left, count)
    return [part for part in parts if part]


def _evenly(left: Sequence[Pieces], count: int) -> list[list[Pieces]]:
    ends = [place * len(left) // count for place in range(count + 1)]
    return [list(left[start:end]) for start, end in itertools.pairwise(ends)]


def _by_pieces(left: Sequence[Pieces], count: int) -> list[list[Pieces]]:
    total = sum(one.quantity for one in left)
    ends = [place * total // count for place in range(count + 1)]
    return [_between(left, start, end) for start, end in itertools.pairwise(ends)]


def _between(left: Sequence[Pieces], start: int, end: int) -> list[Pieces]:
    """Return the pieces from one place to another, counted over all lines."""
    found, before = [], 0
    for one in left:
        quantity = min(before + one.quantity, end) - max(before, start)
        if quantity > 0:
            found.append(Pieces(line_id=one.line_id, quantity=quantity))
        before += one.quantity
    return found
