"""Where things stand in the picture of a drill: seconds turned into places along a line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from magacin.drills.results import DrillResult, Stage

LEFT, RIGHT, TOP, LANE = 190.0, 24.0, 44.0, 66.0
WIDTH = 900.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)
_MOST_TICKS = 10
# From which stage to which an alert is in which state, for the colour of its line.
_STATES = (("pending", "rule pending", "firing"), ("firing", "firing", "email resolved"))


@dataclass(frozen=True)
class Mark:
    """A stage on the line: its number is that of its row in the table."""

    x: float
    y: float
    number: int
    verdict: str
    title: str


@dataclass(frozen=True)
class Segment:
    """A part of a line, in the colour of a state."""

    x: float
    width: float
    state: str


@dataclass(frozen=True)
class Lane:
    """One alert's line."""

    title: str
    y: float
    segments: list[Segment]
    marks: list[Mark]


@dataclass(frozen=True)
class Timeline:
    """The picture: when the fault was there, the lanes, and the seconds along the bottom."""

    height: float
    fault: Segment | None
    lanes: list[Lane]
    ticks: list[tuple[float, str]]


def draw(result: DrillResult) -> Timeline | None:
    """Return the picture of a drill, or None for one that did not come as far as its fault."""
    if result.fault_at is None:
        return None
    stages = [stage for _, stage in result.all_stages()]
    start = min([result.fault_at, *(stage.at for stage in stages)])
    end = max([result.fault_at, *(stage.at for stage in stages)])
    span = max(1.0, (end - start).total_seconds())

    def place(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - start).total_seconds() / span

    lanes, number = [], 0
    for index, proof in enumerate(result.proofs):
        y = TOP + LANE * index + LANE / 2
        marks: list[Mark] = []
        for stage in proof.stages:
            number += 1
            # Marks that would cover each other stand one above the other.
            above = sum(abs(mark.x - place(stage.at)) < 13 for mark in marks)
            marks.append(Mark(place(stage.at), y - 11 * above, number, stage.verdict, stage.name))
        title = f"{proof.alert}: {proof.service}" if _is_twice(result, proof.alert) else proof.alert
        lanes.append(Lane(title, y, _segments(proof.stages, place, end), marks))
    undone = result.undone_at or end
    fault = Segment(place(result.fault_at), max(2.0, place(undone) - place(result.fault_at)), "fault")
    height = TOP + LANE * len(lanes) + 30
    offset = (result.fault_at - start).total_seconds()
    return Timeline(height, fault, lanes, list(_ticks(span, offset)))


def _is_twice(result: DrillResult, alert: str) -> bool:
    return sum(proof.alert == alert for proof in result.proofs) > 1


def _segments(stages: list[Stage], place: Callable[[datetime], float], end: datetime) -> list[Segment]:
    at = {stage.name: stage.at for stage in stages if stage.verdict != "failed"}
    found = []
    for state, begins, ends in _STATES:
        if begins in at:
            x = place(at[begins])
            found.append(Segment(x, max(2.0, place(at.get(ends, end)) - x), state))
    return found


def _ticks(span: float, offset: float) -> Iterable[tuple[float, str]]:
    """Yield places and what is written there: seconds since the fault."""
    step = next((step for step in _STEPS if span / step <= _MOST_TICKS), _STEPS[-1])
    first = math.ceil(-offset / step) * step
    seconds = first
    while seconds <= span - offset:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (seconds + offset) / span
        yield x, f"{seconds} s"
        seconds += step
