"""`magacin check`: look at the code without running it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from magacin.cli import _sbom
from magacin.cli._steps import WEB, Beside, end_in_order, require, run

app = typer.Typer()

# The quick ones first. mypy keeps one processor busy for longest, and runs beside the others.
STEPS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("lint-imports",),
    (WEB, "typecheck"),
    (WEB, "lint"),
)
TYPES = ("mypy",)


@app.command()
def check(
    sbom: Annotated[
        bool,
        typer.Option(
            "--sbom",
            help=f"Instead, write what the product contains to {_sbom.FILE} (CycloneDX); check licences.",
        ),
    ] = False,
) -> None:
    """Look at the code without running it: ruff, mypy, the import rules, and the pages' tsc and biome.

    Exit status 1 at the first of them that finds something, which it says. `ruff check --fix`, `ruff format`
    (both in .venv/bin) and, in web/, `npm run format` mend what can be mended without thinking.
    """
    if sbom:
        _sbom.write(Path(_sbom.FILE))
        return
    end_in_order()
    look()


def look(also: Sequence[tuple[str, ...]] = ()) -> None:
    """Run the steps, and those of others that fill the time until mypy has come to its end."""
    with Beside(*TYPES) as types:
        for step in (*STEPS, *also):
            require(step, run(*step))
        types.end()
