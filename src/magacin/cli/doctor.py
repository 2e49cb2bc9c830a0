"""`magacin doctor`: what is wrong with this stack, why it matters, and what mends it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, stack

app = typer.Typer()


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Look at everything that an alert depends on, and change nothing.

    Exit 0: all right; 1: something is broken; 2: only warnings. docs/doctor.md lists the checks.
    """
    from magacin.ops.doctor import registry, report
    from magacin.ops.doctor.patient import Patient

    with Progress() as progress:
        patient = Patient(stack(data_dir, progress))
        if not as_json:
            progress.doing("Looking at everything")
        results = registry.examine(patient)
    if as_json:
        print(json.dumps(report.as_dict(results, patient), indent=2))
    else:
        print("\n".join(report.lines(results)))
    raise typer.Exit(report.exit_status(results))
