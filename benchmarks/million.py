"""An import of a million rows, and the memory and processor time that it takes."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import cpu
from benchmarks.imports import peak_memory, run_import, sample
from benchmarks.memory import MIB
from benchmarks.report import Measurement
from benchmarks.stack import BenchStack

MILLION = 1_000_000


def measure(stack: BenchStack) -> list[Measurement]:
    """Import the order file twenty times over, as one file."""
    with TemporaryDirectory() as folder:
        file = _million_rows(Path(folder) / "million.csv")
        with peak_memory(stack) as memory, cpu.spent(stack) as processor:
            seconds = asyncio.run(run_import(stack, file))
    return [
        Measurement("import of 1,000,000 rows, CSV", seconds, "s"),
        Measurement("import processes during a million rows", memory.peak / MIB, "MiB", at_most=300),
        *cpu.measurements(processor, MILLION // 1000, "each 1,000 rows of CSV"),
    ]


def _million_rows(target: Path) -> Path:
    header, *rows = sample("")
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for place in range(MILLION):
            number, *rest = rows[place % len(rows)]
            writer.writerow([f"M{place // len(rows)}-{number}", *rest])
    return target
