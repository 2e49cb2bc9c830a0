"""Is there an order in which all that clients were answered makes sense?

Clients note what they sent, when, and what they were answered. A history is linearizable if its operations
can be put into an order that a ledger with one user at a time would have answered in the same way, and in
which each stands between its sending and its answer (Herlihy and Wing, Linearizability, 1990). The search is
that of Wing and Gong (Testing and Verifying Concurrent Objects, 1993) with what Lowe added: a point at which
one was before is not looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

Answer = tuple[str | int, ...]


@dataclass(frozen=True)
class Call:
    """An operation on a task, from its first sending to its first answer, in seconds of one clock."""

    id: str
    kind: str
    """`scan`, `shortage` or `undo`."""
    sku: str = ""
    quantity: int = 1
    undoes: str = ""
    began: float = 0.0
    ended: float = math.inf
    answer: Answer | None = None
    """None where none came: it may have counted or not."""


@dataclass(frozen=True)
class Ledger:
    """A task with one line for each article, used by one at a time. It is a value: states are compared."""

    required: tuple[tuple[str, int], ...]
    picked: tuple[int, ...] = ()
    short: tuple[int, ...] = ()
    counted: frozenset[Call] = frozenset()
    undone: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    @classmethod
    def of(cls, **required: int) -> Ledger:
        """Return one of which nothing is picked."""
        zero = (0,) * len(required)
        return cls(tuple(required.items()), zero, zero)

    def left(self, line: int) -> int:
        """Return the pieces that a line still asks for."""
        return self.required[line][1] - self.picked[line] - self.short[line]

    @property
    def open_lines(self) -> int:
        """Return how many lines ask for something."""
        return sum(self.left(line) > 0 for line in range(len(self.required)))

    def take(self, call: Call) -> tuple[Answer, Ledger]:
        """Return what the sender is answered, and the ledger after that."""
        if call.kind == "undo":
            return self._undo(call)
        line = [sku for sku, _ in self.required].index(call.sku)
        if not self.open_lines:
            return self._refuse(call, "task_not_open" if call.kind == "scan" else "wrong_task_status")
        if call.quantity > self.left(line):
            return self._refuse(call, "more_than_required", self.left(line))
        after = replace(self._moved(call, 1), counted=self.counted | {call})
        return after.told(call, line, after.outcome(call, line)), after

    def outcome(self, call: Call, line: int) -> str:
        """Return what became of something that counted."""
        if call.kind != "scan":
            return "reported"
        if not self.open_lines:
            return "task_complete"
        return "picked" if self.left(line) else "line_complete"

    def told(self, call: Call, line: int, outcome: str) -> Answer:
        """Return the numbers that an answer has."""
        short = () if call.kind == "scan" else (self.short[line],)
        return (outcome, self.picked[line], *short, self.open_lines)

    def _undo(self, call: Call) -> tuple[Answer, Ledger]:
        if call.undoes in self.refused:
            return self._refuse(call, "was_refused")
        done = next((one for one in self.counted if one.id == call.undoes), None)
        if done is None:
            return self._refuse(call, "nothing_to_undo")
        if done.id in self.undone:
            return self._refuse(call, "already_undone")
        after = replace(self._moved(done, -1), undone=self.undone | {done.id})
        line = [sku for sku, _ in self.required].index(done.sku)
        return after.told(call, line, "undone"), after

    def _refuse(self, call: Call, code: str, *more: int) -> tuple[Answer, Ledger]:
        return (code, *more), replace(self, refused=self.refused | {call.id})

    def _moved(self, call: Call, sign: int) -> Ledger:
        pieces = self.picked if call.kind == "scan" else self.short
        moved = tuple(
            count + sign * call.quantity * (sku == call.sku)
            for count, (sku, _) in zip(pieces, self.required, strict=True)
        )
        return replace(self, picked=moved) if call.kind == "scan" else replace(self, short=moved)


def explained(ledger: Ledger, calls: Sequence[Call]) -> list[Call] | None:
    """Return an order that explains all answers, None where there is none.

    What was never answered may be left out of it.
    """
    calls = sorted(calls, key=lambda call: call.began)
    answered = sum(1 << place for place, call in enumerate(calls) if call.answer is not None)
    seen: set[tuple[int, Ledger]] = set()
    todo: list[tuple[int, Ledger, tuple[int, ...]]] = [(0, ledger, ())]
    while todo:
        done, state, order = todo.pop()
        if done & answered == answered:
            return [calls[place] for place in order]
        rest = [place for place in range(len(calls)) if not done >> place & 1]
        first = min(calls[place].ended for place in rest)
        for place in reversed(rest):
            call = calls[place]
            if call.began > first:
                continue
            answer, after = state.take(call)
            point = (done | 1 << place, after)
            if call.answer in (None, answer) and point not in seen:
                seen.add(point)
                todo.append((*point, (*order, place)))
    return None


def unexplained(ledger: Ledger, calls: Sequence[Call]) -> list[Call]:
    """Return the shortest beginning of a history that no order explains, [] where there is none.

    It ends with an answer that cannot be. What was under way then had not been answered yet.
    """
    ends = sorted(call.ended for call in calls if call.answer is not None)
    low, high = 0, len(ends)
    if explained(ledger, calls) is not None:
        return []
    while low + 1 < high:
        middle = (low + high) // 2
        if explained(ledger, _until(calls, ends[middle - 1])) is None:
            high = middle
        else:
            low = middle
    return _until(calls, ends[high - 1])


def _until(calls: Sequence[Call], end: float) -> list[Call]:
    return [
        call if call.ended <= end else replace(call, ended=math.inf, answer=None)
        for call in calls
        if call.began <= end
    ]
