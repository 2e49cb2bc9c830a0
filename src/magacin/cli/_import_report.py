"""What an import came to, or would come to, as people read it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from magacin.contracts.imports import ImportCounts, ImportJob
    from magacin.imports.dry_run import DryRun

FAILED, WITH_REJECTS = 1, 3
SHOWN_REJECTS = 5
_SHOWN_ROWS = 5
_SHOWN_NUMBERS = 10


class Refused(Protocol):
    """A row that was refused."""

    @property
    def row(self) -> int: ...
    @property
    def column(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def requisition(self) -> str: ...


def printable_name(name: str) -> str:
    """Return a file's name, which may be any bytes, as text that can be shown, and stand in a header."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "_" for character in text)


def print_job(job: ImportJob, rejects: Iterable[Refused], url: str) -> None:
    """Show a finished job, with the first of its rejects and where all of them are."""
    print(f"\n{job.filename}: import {job.job_id} {job.status.value}", end="")
    print(f": {job.error}" if job.error else "")
    if job.error:
        return
    counts = job.counts
    imported = counts.requisitions_created + counts.requisitions_replaced
    _print_counts(counts, f"{imported:,}", f"{counts.requisitions_duplicate:,}", f"{counts.rows_duplicate:,}")
    _print_notes([*_of_duplicates(counts), *job.notes])
    if _print_rejects(rejects):
        print(f"All of them as a file: {url}/api/imports/{job.job_id}/rejects.csv (log in first)")


def print_dry_run(name: str, run: DryRun) -> None:
    """Show what an import would come to."""
    found = run.content
    print(f"\n{name}: a dry run, nothing was imported", end="")
    print(f". An import would fail: {run.error}" if run.error else "")
    if run.error:
        return
    _print_counts(found.counts, f"{found.counts.requisitions_total:,}", "?", "?")
    _print_notes(
        [*run.notes, "Which of these requisitions were imported before is not known without a stack."]
    )
    if found.rows:
        print("\nThe first rows:")
    for row in found.rows[:_SHOWN_ROWS]:
        print(
            f"  row {row.row}, requisition {row.requisition}: {row.quantity:,} of {row.sku} {row.description}"
        )
    _print_rejects(found.rejects[:SHOWN_REJECTS])
    if found.held_back:
        more = f" and {len(found.held_back) - _SHOWN_NUMBERS:,} more" * (
            len(found.held_back) > _SHOWN_NUMBERS
        )
        print(f"Held back: {', '.join(found.held_back[:_SHOWN_NUMBERS])}{more}")


def _of_duplicates(counts: ImportCounts) -> list[str]:
    """Say of how many requisitions that were there before the file has another content."""
    said = []
    if counts.requisitions_replaced:
        said.append(f"Of the requisitions imported, {counts.requisitions_replaced:,} were there before.")
    if counts.requisitions_differing:
        said.append(f"Of the duplicates, {counts.requisitions_differing:,} differ and were NOT changed.")
    return said


def _print_counts(counts: ImportCounts, imported: str, duplicate: str, rows_duplicate: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("", "READ", "IMPORTED", "DUPLICATE", "REFUSED", "HELD BACK"):
        table.add_column(heading, justify="left" if not heading else "right")
    taken = (counts.rows_read, counts.rows_accepted, rows_duplicate)
    rows = (*taken, counts.rows_rejected, counts.rows_held_back)
    total = counts.requisitions_total + counts.requisitions_held_back
    requisitions = (total, imported, duplicate, "", counts.requisitions_held_back)
    for name, values in (("Rows", rows), ("Requisitions", requisitions)):
        table.add_row(name, *(f"{value:,}" if isinstance(value, int) else value for value in values))
    Console(width=None if sys.stdout.isatty() else 80, highlight=False).print(table)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"- {note}")


def _print_rejects(rejects: Iterable[Refused]) -> bool:
    """Show rows that were refused; return whether there were any."""
    shown = [
        f"  row {reject.row}, requisition {reject.requisition or '?'}:"
        f"{f' {reject.column}:' if reject.column else ''} {reject.message}"
        for reject in rejects
    ]
    if shown:
        print("\nRefused, the first of them:", *shown, sep="\n")
    return bool(shown)
