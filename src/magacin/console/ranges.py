"""What a range query is made of: steps on a grid that all viewers share, and the values at them.

Pure logic: nothing here asks anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from magacin.console.upstream import Answer

# Prometheus refuses more; it says so better than we could.
_MOST_STEPS = 11_000
_DAY = 86_400_000
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": _DAY, "w": 7 * _DAY, "y": 365 * _DAY}
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
# `@` ties a value to the range that is asked for or to one point of time, and a negative offset to samples of
# later: such a step is never complete. Either may stand in a string too; not keeping is always right.
_UNSTEADY = re.compile(r"@|offset\s*-")

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A range query on the grid: `start` and `end` are multiples of `step`, all in milliseconds."""

    query: str
    start: int
    end: int
    step: int

    @property
    def is_steady(self) -> bool:
        """Whether the value at a step stays what it is, whatever else is asked for."""
        return not _UNSTEADY.search(self.query)

    def form(self, timeout_seconds: float) -> list[tuple[str, str]]:
        """Return it as Prometheus is asked."""
        return [
            ("query", self.query),
            ("start", _seconds(self.start)),
            ("end", _seconds(self.end)),
            ("step", _seconds(self.step)),
            ("timeout", f"{timeout_seconds:g}s"),
        ]


def read_query(parameters: Mapping[str, str]) -> RangeQuery | None:
    """Return the query on the grid; None for one that has more to it, or that Prometheus should refuse."""
    if set(parameters) - {"query", "start", "end", "step", "timeout"}:
        return None
    start, end = (_milliseconds(parameters.get(name, "")) for name in ("start", "end"))
    step = _step(parameters.get("step", ""))
    query = parameters.get("query", "")
    if not query or start is None or end is None or not step or not 0 <= end - start <= step * _MOST_STEPS:
        return None
    # Downwards, as Grafana does: a point of time that is not over has no value yet.
    return RangeQuery(query, start - start % step, end - end % step, step)


def _milliseconds(text: str) -> int | None:
    try:
        return round(float(text) * 1000)
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else round(moment.timestamp() * 1000)


def _step(text: str) -> int | None:
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(int(number) * _UNITS[unit] for number, unit in parts)
    milliseconds = _milliseconds(text)
    return milliseconds if milliseconds is not None and milliseconds > 0 else None


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


@dataclass(frozen=True, slots=True)
class Block:
    """The values of one query at consecutive steps: a list a series, with None where it has none.

    A value is the text that Prometheus sent. `asked_at` is when the oldest of it was asked for.
    """

    first: int
    count: int
    step: int
    series: Mapping[Labels, list[str | None]]
    asked_at: float

    @property
    def end(self) -> int:
        """The last step."""
        return self.first + (self.count - 1) * self.step

    @property
    def samples(self) -> int:
        """How much there is to keep."""
        return self.count * len(self.series)

    def covers(self, start: int) -> bool:
        """Say whether a query from `start` on can begin with this."""
        return self.first <= start <= self.end + self.step

    def between(self, start: int, end: int) -> Block:
        """Return what is here of `start` to `end`; series with nothing in it are left out."""
        start, end = max(start, self.first), min(end, self.end)
        low, high = (start - self.first) // self.step, (end - self.first) // self.step + 1
        count = max(0, high - low)
        cut = {labels: values[low:high] for labels, values in self.series.items()} if count else {}
        kept = {labels: values for labels, values in cut.items() if any(v is not None for v in values)}
        return Block(start, count, self.step, kept, self.asked_at)

    def followed_by(self, later: Block) -> Block:
        """Return both as one. `later` starts at the step after the last one here."""
        before, after = [None] * self.count, [None] * later.count
        # Prometheus sorts series by their labels.
        names = sorted({*self.series, *later.series})
        joined = {
            labels: [*self.series.get(labels, before), *later.series.get(labels, after)] for labels in names
        }
        return Block(self.first, self.count + later.count, self.step, joined, self.asked_at)

    def answer(self) -> Answer:
        """Return it as Prometheus would send it."""
        grid = range(self.first, self.end + 1, self.step)
        times = [time / 1000 if time % 1000 else time // 1000 for time in grid]
        result = [
            {
                "metric": dict(labels),
                "values": [pair for pair in zip(times, values, strict=True) if pair[1] is not None],
            }
            for labels, values in self.series.items()
        ]
        content = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return Answer(200, orjson.dumps(content))


def read_block(body: bytes, query: RangeQuery, asked_at: float) -> Block | None:
    """Return the values of an answer; None for one that says more than values, such as a warning."""
    content = orjson.loads(body)
    if set(content) != {"status", "data"} or content["data"].get("resultType") != "matrix":
        return None
    count = (query.end - query.start) // query.step + 1
    series: dict[Labels, list[str | None]] = {}
    for item in content["data"]["result"]:
        if set(item) != {"metric", "values"}:
            return None  # native histograms
        series[tuple(sorted(item["metric"].items()))] = _on_grid(item["values"], query, count)
    return Block(query.start, count, query.step, series, asked_at)


def _on_grid(pairs: list[list[Any]], query: RangeQuery, count: int) -> list[str | None]:
    if len(pairs) == count:  # the usual case
        return [value for _, value in pairs]
    values: list[str | None] = [None] * count
    for seconds, value in pairs:
        values[(round(seconds * 1000) - query.start) // query.step] = value
    return values
