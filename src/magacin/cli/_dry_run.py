"""`magacin import --dry-run`: what importing files would come to. It reads them here, and needs no stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from pydantic_core import to_json

from magacin.cli._import_report import FAILED, WITH_REJECTS, print_dry_run, printable_name
from magacin.contracts.import_profiles import Profile
from magacin.contracts.imports import ReadingOptions
from magacin.imports.dry_run import dry_run


def try_out(
    files: Sequence[Path], reading: ReadingOptions, profile: Profile | None, *, partial: bool, as_json: bool
) -> int:
    """Show what importing files would come to; return the exit status that it would have."""
    options = profile.overridden(reading) if profile else reading
    profile_name = profile.name if profile else None
    runs = [
        dry_run(file, printable_name(file.name), options, partial=partial, profile=profile_name)
        for file in files
    ]
    if as_json:
        documents = [run.as_json() for run in runs]
        typer.echo(to_json(documents[0] if len(files) == 1 else documents, indent=2))
    else:
        for file, run in zip(files, runs, strict=True):
            print_dry_run(printable_name(file.name), run)
    if any(run.error for run in runs):
        return FAILED
    return WITH_REJECTS if any(run.content.rejects for run in runs) else 0
