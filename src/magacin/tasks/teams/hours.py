"""The hours of all shifts as alerts go by them: stretches of a week, in seconds, to be reckoned with.

Prometheus knows UTC alone, so a stretch is told by UTC as it is now: when clocks change, it moves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from magacin.core.db import Database
from magacin.core.metrics import Refresher, from_store
from magacin.tasks.metrics import SHIFT_ENDS, SHIFT_STARTS, STRETCHES
from magacin.tasks.teams.repository import TeamRepository

WEEK = 7 * 86_400
_DAY = 86_400


class Stretch(NamedTuple):
    """Working time, in seconds after midnight from Sunday to Monday by UTC; `ends` is behind it."""

    starts: int
    ends: int


def stretches(shifts: Iterable[Mapping[str, Any]], now: datetime, zone: ZoneInfo, most: int) -> list[Stretch]:
    """Return when it is working time in a week, because any shift works; in order, and none touches another.

    Where there are more than `most`, the shortest breaks are left out.
    """
    offset = now.astimezone(zone).utcoffset()
    ahead = int(offset.total_seconds()) if offset else 0
    parts: list[Stretch] = []
    for shift in shifts:
        length = (shift["ends"] - shift["starts"]) * 60
        length += _DAY if length <= 0 else 0
        for weekday in shift["weekdays"]:
            starts = ((weekday - 1) * _DAY + shift["starts"] * 60 - ahead) % WEEK
            parts += _within_week(starts, starts + length)
    return _fewer(_joined(parts), most)


def _within_week(starts: int, ends: int) -> list[Stretch]:
    if ends <= WEEK:
        return [Stretch(starts, ends)]
    return [Stretch(starts, WEEK), Stretch(0, ends - WEEK)]


def _joined(parts: list[Stretch], gap: int = 0) -> list[Stretch]:
    joined: list[Stretch] = []
    for part in sorted(parts):
        if joined and part.starts <= joined[-1].ends + gap:
            joined[-1] = Stretch(joined[-1].starts, max(joined[-1].ends, part.ends))
        else:
            joined.append(part)
    return joined


def _fewer(parts: list[Stretch], most: int) -> list[Stretch]:
    while len(parts) > most:
        breaks = [after.starts - before.ends for before, after in pairwise(parts)]
        parts = _joined(parts, min(breaks))
    return parts


def hours_gauges(database: Database, zone: str) -> Refresher:
    """Return what sets the gauges of shift hours, before a scrape: no numbers where there are no shifts."""

    async def shift_hours() -> Sequence[float]:
        async with database.begin() as connection:
            repository = TeamRepository(connection)
            shifts, now = await repository.shifts(), await repository.now()
        found = stretches(map(dict, shifts), now, ZoneInfo(zone), len(STRETCHES))
        missing = [math.nan] * (len(STRETCHES) - len(found))
        return [*(one.starts for one in found), *missing, *(one.ends for one in found), *missing]

    gauges = [metric.labels(stretch) for metric in (SHIFT_STARTS, SHIFT_ENDS) for stretch in STRETCHES]
    return from_store(gauges, shift_hours)
