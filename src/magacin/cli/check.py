"""`magacin check`: look at the code without running it."""

from __future__ import annotations

import typer

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
def check() -> None:
    """Look at the code without running it: ruff, mypy, the import rules, and the pages' tsc and biome.

    Exit status 1 at the first of them that finds something, which it says. `ruff check --fix`, `ruff format`
    (both in .venv/bin) and, in web/, `npm run format` mend what can be mended without thinking.
    """
    end_in_order()
    with Beside(*TYPES) as types:
        for step in STEPS:
            require(step, run(*step))
        types.end()
