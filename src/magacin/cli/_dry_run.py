"""`magacin import --dry-run`: what importing files would come to. It reads them here, and needs no stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic_core import to_json

from magacin.cli._import_report import FAILED, WITH_REJECTS, print_dry_run, printable_name
from magacin.contracts.import_profiles import Profile
from magacin.contracts.imports import ReadingOptions
from magacin.imports.dry_run import dry_run, failed
from magacin.imports.parsers.table import UnreadableFile


def try_out(
    files: Sequence[Path], reading: ReadingOptions, profile: Profile | None, *, partial: bool, as_json: bool
) -> int:
    """Show what importing files would come to; return the exit status that it would have."""
    options = profile.overridden(reading) if profile else reading
    profile_name = profile.name if profile else None
    statuses: list[int] = []
    documents: list[dict[str, Any]] = []
    for file in files:
        name = printable_name(file.name)
        try:
            run = dry_run(file, name, options, partial=partial, profile=profile_name)
        except UnreadableFile as error:
            statuses.append(FAILED)
            documents.append(failed(str(error), profile_name))
            if not as_json:
                print(f"\n{name} would fail: {error}")
        else:
            statuses.append(WITH_REJECTS if run.content.rejects else 0)
            documents.append(run.as_json())
            if not as_json:
                print_dry_run(name, run)
    if as_json:
        typer.echo(to_json(documents[0] if len(files) == 1 else documents, indent=2))
    return FAILED if FAILED in statuses else max(statuses)
