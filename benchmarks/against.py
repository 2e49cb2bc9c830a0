"""This build and another, measured in turn in one run: what counts are the ratios of neighbours."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.build import HERE, Build
from benchmarks.report import Measurement

Run = Callable[[Build], list[Measurement]]


@dataclass(frozen=True)
class Comparison:
    """One figure of both builds, in each turn; the ratios are this build's to the other's, turn by turn."""

    name: str
    unit: str
    baseline: list[float]
    here: list[float]

    @property
    def ratios(self) -> list[float]:
        """Return the ratios of turns in which the other's figure is not nothing."""
        return [new / old for old, new in zip(self.baseline, self.here, strict=True) if old]


def compare(other: Build, run: Run, turns: int) -> list[Comparison]:
    """Measure other, this, other, this …, so that what else the machine does disturbs both alike.

    Figures that only one of them has cannot be compared, and are left out.
    """
    pairs = [(_by_name(run(other)), _by_name(run(HERE))) for _ in range(turns)]
    return [
        Comparison(
            name, item.unit, [old[name].value for old, _ in pairs], [new[name].value for _, new in pairs]
        )
        for name, item in pairs[0][1].items()
        if all(name in old and name in new for old, new in pairs)
    ]


def _by_name(measurements: list[Measurement]) -> dict[str, Measurement]:
    return {item.name: item for item in measurements}


def show(comparisons: list[Comparison], other: Build, console: Console) -> None:
    """Print the medians of both, and the median, the least and the largest of the ratios."""
    turns = len(comparisons[0].here) if comparisons else 0
    table = Table(title=f"This build and {other.name} in turn, {turns} times each, in one run")
    table.add_column("what")
    for heading in (other.name, HERE.name, "ratio", "least to largest"):
        table.add_column(heading, justify="right")
    for item in comparisons:
        values = [f"{statistics.median(side):,.2f} {item.unit}" for side in (item.baseline, item.here)]
        table.add_row(item.name, *values, *_shown(item.ratios))
    console.print(table)


def _shown(ratios: list[float]) -> tuple[str, str]:
    if not ratios:
        return "", ""
    return f"{statistics.median(ratios):.3f}", f"{min(ratios):.3f} to {max(ratios):.3f}"
