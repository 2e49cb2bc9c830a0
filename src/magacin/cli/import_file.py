"""`magacin import`: hand files to a running stack, and watch what becomes of them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption
from magacin.cli._dry_run import Trial
from magacin.cli._gateway import (
    ADMIN,
    Gateway,
    PasswordFileOption,
    UrlOption,
    UserOption,
    Where,
    account_of,
    upload_of,
)
from magacin.cli._import_report import SHOWN_REJECTS, exit_status, print_job
from magacin.cli._reading_options import (
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    HeaderRowOption,
    MappingOption,
    SheetOption,
    SubjectOption,
    UnitOption,
    as_form,
    reading_of,
)
from magacin.contracts.imports import CREATE_IMPORT_OF
from magacin.contracts.order_files import Subject
from magacin.imports.parsers.registry import titles
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from magacin.contracts.imports import ImportJob, Reject

app = typer.Typer()

_POLL_SECONDS = 0.3
# A gateway or service that restarts is waited for: the import itself goes on without us.
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    job: ImportJob
    rejects: list[Reject]


@app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help=f"Files: {titles()}.")],
    partial: Annotated[
        bool, typer.Option("--partial", help="Import the good rows of a requisition that has a bad one.")
    ] = False,
    release: Annotated[
        bool, typer.Option("--release", help="Make a pick task of each requisition at once.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Give requisitions that were imported before this content, where nobody has picked of them.",
        ),
    ] = False,
    subject: SubjectOption = Subject.ORDERS,
    mapping: MappingOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    header_row: HeaderRowOption = None,
    sheet: SheetOption = None,
    unit: UnitOption = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", metavar="NAME", help="How files of one sender are read, such as shopify or sap."
        ),
    ] = None,
    data_dir_option: DataDirOption = None,
    url: UrlOption = None,
    user: UserOption = ADMIN,
    password_file: PasswordFileOption = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be imported, and import nothing; needs no stack."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the import jobs as JSON; with --dry-run all rows.")
    ] = False,
) -> None:
    """Import orders, articles or locations from files.

    Exit 0: all imported; 1: a file failed; 3: imported, but for some rows.
    """
    reading = reading_of(
        mapping,
        subject,
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        header_row=header_row,
        sheet=sheet,
        unit=unit,
    )
    choices = {"partial": partial, "release": release, "replace": replace}
    _require_orders(subject, choices)
    form = (
        {name: str(chosen).lower() for name, chosen in choices.items()} | {"source": "cli"} | as_form(reading)
    )
    if profile is not None:
        form["profile"] = profile
    _require_readable(files)
    where = Where(data_dir_option, url, user, password_file)
    if dry_run:
        trial = Trial(files, reading, profile, form, partial, where)
        raise typer.Exit(trial.as_json() if as_json else trial.for_people())
    outcomes = asyncio.run(_import_all(where, files, subject, form))
    if as_json:
        print(json.dumps([outcome.job.model_dump(mode="json") for outcome in outcomes], indent=2))
    else:
        for outcome in outcomes:
            print_job(outcome.job, outcome.rejects, account_of(where).url)
    raise typer.Exit(exit_code([outcome.job for outcome in outcomes]))


def exit_code(jobs: Sequence[ImportJob]) -> int:
    """Return 1 when a file failed, 3 when something of one was not imported, else 0."""
    return exit_status([(job.error, job.counts) for job in jobs])


def _require_orders(subject: Subject, choices: dict[str, bool]) -> None:
    if subject is not Subject.ORDERS and (chosen := [name for name, is_so in choices.items() if is_so]):
        raise StackError(
            f"--{chosen[0]} is for orders. Each row of a file of {subject.value} counts by itself, and "
            "changes what is there. Nothing was imported."
        )


def _require_readable(files: Sequence[Path]) -> None:
    for file in files:
        try:
            with file.open("rb"):
                pass
        except OSError as error:
            raise StackError(f"cannot read {file} ({error.strerror}). Nothing was imported.") from error


async def _import_all(
    where: Where, files: Sequence[Path], subject: Subject, form: dict[str, str]
) -> list[Outcome]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        async with where.gateway() as gateway:
            return [await _import_one(gateway, file, subject, form, progress) for file in files]


async def _import_one(
    gateway: Gateway, file: Path, subject: Subject, form: dict[str, str], progress: Progress
) -> Outcome:
    from magacin.contracts.imports import ImportJob, Reject

    bar = progress.add_task(f"{file.name}: sending", total=None)
    try:
        answer = await gateway.call("POST", CREATE_IMPORT_OF[subject].path, lambda: upload_of(file, form))
    except StackError as error:
        raise StackError(f"{file}: {error.what}", *error.details) from error
    job = await _watch(gateway, ImportJob.model_validate(answer), progress, bar)
    rejects = await gateway.call("GET", f"/api/imports/{job.job_id}/rejects?limit={SHOWN_REJECTS}")
    return Outcome(job, [Reject.model_validate(item) for item in rejects["items"]])


async def _watch(gateway: Gateway, job: ImportJob, progress: Progress, bar: TaskID) -> ImportJob:
    from magacin.contracts.imports import ImportJob

    loop = asyncio.get_running_loop()
    answered_at = loop.time()
    while not job.status.finished:
        _show(job, progress, bar)
        await asyncio.sleep(_POLL_SECONDS)
        try:
            job = ImportJob.model_validate(await gateway.call("GET", f"/api/imports/{job.job_id}"))
            answered_at = loop.time()
        except StackError as error:
            if loop.time() - answered_at > _PATIENCE_SECONDS:
                raise StackError(
                    f"import {job.job_id} was accepted, and cannot be watched any more: {error.what}",
                    "It goes on by itself as soon as the services run.",
                ) from error
    _show(job, progress, bar)
    return job


def _show(job: ImportJob, progress: Progress, bar: TaskID) -> None:
    from magacin.contracts.imports import JobStatus

    counts = job.counts
    if job.subject is Subject.ORDERS:
        what, total = "requisitions", counts.requisitions_total
        done = counts.requisitions_created + counts.requisitions_replaced + counts.requisitions_duplicate
    else:
        # How many rows there are to be sent is known when all have been read.
        what, total = job.subject.value, counts.rows_read if job.status is not JobStatus.READING else 0
        done = counts.rows_accepted + counts.rows_duplicate + counts.rows_rejected
    if total:
        text = f"waiting for {job.waiting_for}" if job.waiting_for else what
        progress.update(bar, description=f"{job.filename}: {text}", total=total, completed=done)
    else:
        progress.update(bar, description=f"{job.filename}: reading", completed=counts.rows_read)
