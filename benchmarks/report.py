"""Results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from magacin import __version__

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measurement:
    """One figure, with the target it must reach if there is one."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.at_most is not None:
            return self.value <= self.at_most
        return None


def show(measurements: Iterable[Measurement], console: Console) -> None:
    """Print the table."""
    table = Table(title="Measured in this run, on this machine, load generator included")
    for heading, justify in (("what", "left"), ("value", "right"), ("target", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # Rich wants a literal
    for item in measurements:
        target = f"≥ {item.at_least:g}" if item.at_least is not None else ""
        target = f"≤ {item.at_most:g}" if item.at_most is not None else target
        verdict = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[item.met]
        table.add_row(item.name, f"{item.value:,.1f} {item.unit}", target, verdict)
    console.print(table)


def save(found: dict[str, Any]) -> Path:
    """Write the results as JSON; return the file."""
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    content = {
        "taken_at": now.isoformat(timespec="seconds"),
        "version": __version__,
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        **found,
    }
    file.write_text(json.dumps(content, indent=2) + "\n")
    return file
