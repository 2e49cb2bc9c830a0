"""How cost grows with what there is: at one, ten and a hundred times as much, as figures and as a plot.

Costs are processor time of all parts, PostgreSQL among them: it says the same on a quiet and a busy machine.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import pygal  # type: ignore[import-untyped]  # it comes without types
from pydantic import SecretStr
from tests.tasks.filling import Sizes, close_tasks, fill

from benchmarks import cpu
from benchmarks.build import Build
from benchmarks.imports import run_import
from benchmarks.report import RESULTS, Measurement
from benchmarks.scans import scan_all
from benchmarks.stack import BenchStack, new_stack
from magacin.stack import clients
from magacin.stack.secrets import SUPERUSER

PLOT = "growth.svg"
_TIMES = (1, 10, 100)
# Scans in the table at a hundred times.
_MOST_SCANS = int(os.environ.get("MAGACIN_GROWTH_SCANS", "20000000"))
# As many tasks as a board has.
_LEFT_OPEN = 800
_ROWS = 1_000
_ASKED = 40
# What steps and noise are allowed: a cost that is in proportion has the slope 1.
_LINEAR = 1.05
_FOLLOWED = "UPDATE tasks.report_state SET place = (SELECT max(place) FROM tasks.operations)"
_LISTS = {
    "the board's totals": "/api/board",
    "a page of tasks": "/api/tasks?limit=100",
    "a page of orders": "/api/requisitions?limit=100",
    "a page of shortages": "/api/shortages?limit=100",
    "a page of refused scans": "/api/refusals?limit=100",
    "a page of articles": "/api/articles?limit=100",
    "a page of locations": "/api/locations?limit=100",
    "a task's scans": "/api/tasks/1/scans?limit=100",
}


@dataclass(frozen=True)
class Curve:
    """What something costs at each size, in milliseconds."""

    name: str
    of: str
    sizes: Sequence[int]
    costs: Sequence[float]

    @property
    def slope(self) -> float:
        """The steepest step of the line that it is on a log-log plot: 1 is in proportion, 0 is no growth."""
        points = [(math.log(size), math.log(cost)) for size, cost in zip(self.sizes, self.costs, strict=True)]
        steps = itertools.pairwise(points)
        return max((after[1] - before[1]) / (after[0] - before[0]) for before, after in steps)

    def measurements(self) -> list[Measurement]:
        """Return the costs and the slope."""
        each = [
            Measurement(f"{self.name}, {size:,} {self.of}", cost, "ms")
            for size, cost in zip(self.sizes, self.costs, strict=True)
        ]
        return [*each, Measurement(f"{self.name}: steepest growth", self.slope, "", at_most=_LINEAR)]


def measure(build: Build) -> list[Measurement]:
    """Measure on a stack for each size, and draw all in one plot beside the results."""
    scans = [_MOST_SCANS * times // _TIMES[-1] for times in _TIMES]
    found: dict[str, list[float]] = {}
    for count in scans:
        with new_stack(build) as stack:
            stack.up("--only", "app")
            stack.part("stop", "task-service")  # it would follow what comes, which is another figure
            asyncio.run(_fill(stack, count))
            stack.part("start", "task-service")
            for name, cost in _costs_beside(stack).items():
                found.setdefault(name, []).append(cost)
            imports = _imports(stack) if count == scans[0] else []
        if imports:
            rows = imports
    curves = [Curve(name, "scans in the table", scans, costs) for name, costs in found.items()]
    curves.append(Curve("an import", "rows", [_ROWS * times for times in _TIMES], rows))
    RESULTS.mkdir(exist_ok=True)
    draw(curves, RESULTS / PLOT)
    print(f"Drawn as {RESULTS / PLOT}")
    return [measurement for curve in curves for measurement in curve.measurements()]


async def _fill(stack: BenchStack, scans: int) -> None:
    """Fill the tables, with most tasks completed, and say that reports have followed."""
    environment = stack.postgres_environment()
    password = stack.site.secrets.password(SUPERUSER)
    where = f"{environment['PGHOST']}:{environment['PGPORT']}/{environment['PGDATABASE']}"
    url = SecretStr(f"postgresql+asyncpg://{SUPERUSER}:{password}@{where}")
    await fill(url, Sizes(scans, lines=max(4_000, scans // 5), articles=max(1_000, scans // 100)))
    await close_tasks(url, left_open=_LEFT_OPEN)
    async with clients.postgres(stack.site) as connection:
        await connection.execute(_FOLLOWED)


def _costs_beside(stack: BenchStack) -> dict[str, float]:
    """Return what a scan and each list cost beside what there is."""
    with cpu.spent(stack) as spent:
        result = asyncio.run(scan_all(stack))
    costs = {"a scan": 1000 * sum(spent.values()) / result.accepted}
    for name, path in _LISTS.items():
        costs[name] = asyncio.run(_asked(stack, path))
    return costs


async def _asked(stack: BenchStack, path: str) -> float:
    async with aiohttp.ClientSession() as session:
        headers = await stack.login(session)
        for times in (1, _ASKED):  # the first time statements are planned
            with cpu.spent(stack) as spent:
                for _ in range(times):
                    async with session.get(stack.gateway + path, headers=headers) as response:
                        response.raise_for_status()
                        await response.read()
    return 1000 * sum(spent.values()) / _ASKED


def _imports(stack: BenchStack) -> list[float]:
    costs = []
    with TemporaryDirectory() as folder:
        for times in _TIMES:
            rows = [f"G{times}-{row // 20},G{row % 3_000},1" for row in range(_ROWS * times)]
            file = Path(folder) / f"{times}.csv"
            file.write_text("\n".join(["requisition,sku,quantity", *rows]))
            with cpu.spent(stack) as spent:
                asyncio.run(run_import(stack, file))
            costs.append(1000 * sum(spent.values()))
    return costs


def draw(curves: Sequence[Curve], file: Path) -> None:
    """Draw the curves on logarithmic scales, with the line of what is in proportion, as SVG.

    Each step of the lower scale is ten times the one before, so that places of equal distance will do.
    """
    style = pygal.style.CleanStyle(background="white", plot_background="white", font_family="sans-serif")
    chart = pygal.Line(
        style=style, logarithmic=True, js=[], no_prefix=True, width=900, height=520,
        x_labels=[f"{times} ×" for times in _TIMES], legend_at_bottom=True, legend_at_bottom_columns=2,
        x_title="as much as in brackets", y_title="processor time of all parts, ms",
    )  # fmt: skip
    costs = [cost for curve in curves for cost in curve.costs]
    least, most = min(costs), max(costs)
    chart.y_labels = [
        10.0**power for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    ]
    for curve in curves:
        chart.add(f"{curve.name} ({curve.sizes[0]:,} {curve.of})", list(curve.costs))
    dashes = {"width": 2, "dasharray": "6, 6"}
    chart.add("in proportion", [least * times for times in _TIMES], stroke_style=dashes, show_dots=False)
    file.write_text(chart.render(is_unicode=True))
