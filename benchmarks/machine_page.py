"""A dashboard of a machine, as large as Node Exporter Full: as many panels in rows, and as many queries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

UID = "machine"
_SERIES = '{instance="$node",job="$job"}'
_GAUGES, _STATS, _ROWS, _CHARTS, _QUERIES = 6, 6, 14, 8, 2
# Each is asked with a number of its own: what two panels ask alike would be asked once.
_ASKED = (
    "node_memory_MemAvailable_bytes{series} + {number}",
    "node_memory_MemTotal_bytes{series} - node_memory_MemAvailable_bytes{series} + {number}",
    "sum by (mode) (irate(node_cpu_seconds_total{series}[$__rate_interval])) * {number}",
    'sum(rate(node_cpu_seconds_total{{instance="$node",mode="user"}}[$__rate_interval])) + {number}',
)

Json = dict[str, Any]


def text() -> str:
    """Return the dashboard's file."""
    numbers = count(1)
    variables = [
        _variable("job", "label_values(node_memory_MemTotal_bytes, job)"),
        _variable("node", 'label_values(node_memory_MemTotal_bytes{job="$job"}, instance)'),
    ]
    content = {"uid": UID, "title": "Machine", "schemaVersion": 41, "panels": list(_panels(numbers))}
    return json.dumps(content | {"templating": {"list": variables}})


def _variable(name: str, query: str) -> Json:
    return {"name": name, "type": "query", "query": query, "refresh": 1}


def _panels(numbers: Iterator[int]) -> Iterator[Json]:
    """Yield what is seen first, dials and figures above small charts, and the rows of charts below it."""
    for place in range(_GAUGES):
        yield _panel("gauge", numbers, {"x": 4 * place, "y": 0, "w": 4, "h": 4}, queries=1, instant=True)
    for place in range(_STATS):
        yield _panel("stat", numbers, {"x": 4 * place, "y": 4, "w": 4, "h": 2}, queries=1, instant=True)
    for place in range(4):
        yield _panel("timeseries", numbers, {"x": 6 * place, "y": 6, "w": 6, "h": 7}, queries=4)
    top = 13
    for row in range(_ROWS):
        yield {"type": "row", "title": f"Row {row}", "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}}
        for place in range(_CHARTS):
            at = {"x": 12 * (place % 2), "y": top + 1 + 10 * (place // 2), "w": 12, "h": 10}
            yield _panel("timeseries", numbers, at, queries=_QUERIES)
        top += 1 + 10 * _CHARTS // 2


def _panel(kind: str, numbers: Iterator[int], at: Json, *, queries: int, instant: bool = False) -> Json:
    targets = []
    for place in range(queries):
        number = next(numbers)
        expr = _ASKED[number % len(_ASKED)].format(series=_SERIES, number=number)
        targets.append({"refId": "ABCD"[place], "expr": expr, "instant": instant, "range": not instant})
    return {"type": kind, "title": f"{kind} {number}", "gridPos": at, "targets": targets}
