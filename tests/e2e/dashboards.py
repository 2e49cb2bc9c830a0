"""Asks a running Prometheus what a dashboard asks it, as Grafana does with everything chosen."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from magacin.ops.dashboards import document, expressions
from magacin.ops.dashboards.document import Document, Json

DASHBOARDS = [document.read(path) for path in document.files()]
STEP = 15
SHOWN = 15 * 60


@dataclass(frozen=True)
class Asked:
    """One query of a dashboard, and where it stands."""

    uid: str
    place: str
    expression: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.uid}: {self.place}: {self.expression}"


@dataclass
class Reader:
    """A person who opens dashboards: Prometheus' answers are what is seen."""

    session: aiohttp.ClientSession
    url: str

    async def get(self, path: str, **parameters: Any) -> Any:
        async with self.session.get(f"{self.url}/api/v1/{path}", params=parameters) as response:
            answer = await response.json()
        assert answer["status"] == "success", f"{parameters}: {answer}"
        return answer["data"]

    async def variables(self, dashboard: Document) -> dict[str, list[str]]:
        """Return what there is to choose from, by variable."""
        found: dict[str, list[str]] = {}
        for name, variable in dashboard.variables.items():
            if variable["type"] == "query":
                selector = variable["definition"].removeprefix("label_values(").removesuffix(")")
                selector, _, label = selector.rpartition(",")
                values = {other: _all(dashboard.variables[other], found[other]) for other in found}
                match = expressions.replaced(selector, values)
                found[name] = await self.get(f"label/{label.strip()}/values", **{"match[]": match})
        return found

    async def queries(self, dashboard: Document) -> list[Asked]:
        """Return what a dashboard asks, with everything chosen."""
        chosen = await self.variables(dashboard)
        values = {name: _all(dashboard.variables[name], options) for name, options in chosen.items()}
        # As Grafana computes it for a scrape interval of 15 s.
        values["__rate_interval"] = "1m"
        uid = dashboard.content["uid"]
        asked = [
            (f'panel "{panel["title"]}" {target["refId"]}', target["expr"], bool(target.get("instant")))
            for panel in dashboard.data_panels
            for target in panel["targets"]
        ]
        asked += [(f'annotation "{a["name"]}"', a["expr"], False) for a in dashboard.annotations]
        return [Asked(uid, place, expressions.replaced(e, values), instant) for place, e, instant in asked]

    async def numbers(self, asked: Asked) -> int:
        """Return how many numbers a query gives; NaN is none."""
        if asked.instant:
            data = await self.get("query", query=asked.expression)
        else:
            now = time.time()
            span = {"start": now - SHOWN, "end": now, "step": STEP}
            data = await self.get("query_range", query=asked.expression, **span)
        series = [row.get("values") or [row["value"]] for row in data["result"]]
        return sum(not math.isnan(float(value)) for values in series for _, value in values)

    async def empty(self) -> AsyncIterator[Asked]:
        """Yield the queries of all dashboards that give nothing now."""
        for dashboard in DASHBOARDS:
            for asked in await self.queries(dashboard):
                if not await self.numbers(asked):
                    yield asked


def _all(variable: Json, options: list[str]) -> str:
    """Return what Grafana puts in for All."""
    return str(variable.get("allValue") or f"({'|'.join(options)})")
