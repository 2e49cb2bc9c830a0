"""What an import came to, or would come to, as people read it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from magacin.contracts.order_files import Subject

if TYPE_CHECKING:
    from magacin.contracts.imports import ImportCounts, ImportJob, Preview

FAILED, WITH_REJECTS = 1, 3
SHOWN_REJECTS = 5
_SHOWN_ROWS = 5
_SHOWN_NUMBERS = 10
_ONE_OF = {Subject.ORDERS: "requisition", Subject.ARTICLES: "article", Subject.LOCATIONS: "location"}


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
    of_orders = (f"{imported:,}", f"{counts.requisitions_duplicate:,}")
    _print_counts(counts, f"{counts.rows_duplicate:,}", of_orders if job.subject is Subject.ORDERS else None)
    _print_notes([*_of_duplicates(counts), *job.notes])
    if _print_rejects(rejects, job.subject):
        print(f"All of them as a file: {url}/api/imports/{job.job_id}/rejects.csv (log in first)")


def exit_status(outcomes: Iterable[tuple[str | None, ImportCounts]]) -> int:
    """Return 1 when a file failed, 3 when something of one was not imported, else 0.

    What was imported before is imported; a duplicate that differs is not.
    """
    status = 0
    for error, counts in outcomes:
        if error is not None:
            return FAILED
        if counts.rows_rejected or counts.rows_held_back or counts.requisitions_differing:
            status = WITH_REJECTS
    return status


def print_preview(name: str, found: Preview, subject: Subject) -> None:
    """Show what an import would come to."""
    print(f"\n{name}: a dry run, nothing was imported", end="")
    print(f". An import would fail: {found.error}" if found.error else "")
    if found.error:
        return
    counts, known = found.counts, found.duplicates is not None
    imported = counts.requisitions_created + counts.requisitions_replaced
    of_orders = (
        f"{imported if known else counts.requisitions_total:,}",
        f"{counts.requisitions_duplicate:,}" if known else "?",
    )
    rows_duplicate = f"{counts.rows_duplicate:,}" if known else "?"
    _print_counts(counts, rows_duplicate, of_orders if subject is Subject.ORDERS else None)
    _print_notes([*_of_duplicates(counts), *found.notes])
    _print_section(
        "The first rows",
        [
            f"row {row.row}, requisition {row.requisition}: {row.quantity:,} of {row.sku} {row.description}"
            for row in found.rows[:_SHOWN_ROWS]
        ]
        + [
            f"row {record.row}: {', '.join(f'{name} {text}' for name, text in record.cells.items() if text)}"
            for record in found.records[:_SHOWN_ROWS]
        ],
    )
    duplicates = found.duplicates or []
    _print_section(
        "There already, the first of them",
        [f"{one.number} {one.message}" for one in duplicates[:_SHOWN_ROWS]],
    )
    _print_rejects(found.rejects[:SHOWN_REJECTS], subject)
    if count := counts.requisitions_held_back:
        shown = found.held_back[:_SHOWN_NUMBERS]
        print(f"Held back: {', '.join(shown)}{f' and {count - len(shown):,} more' * (count > len(shown))}")


def _print_section(title: str, lines: list[str]) -> None:
    if lines:
        print(f"\n{title}:", *(f"  {line}" for line in lines), sep="\n")


def _of_duplicates(counts: ImportCounts) -> list[str]:
    """Say of how many requisitions that were there before the file has another content."""
    said = []
    if counts.requisitions_replaced:
        said.append(f"Of the requisitions imported, {counts.requisitions_replaced:,} were there before.")
    if counts.requisitions_differing:
        said.append(f"Of the duplicates, {counts.requisitions_differing:,} differ and were NOT changed.")
    return said


def _print_counts(counts: ImportCounts, rows_duplicate: str, of_orders: tuple[str, str] | None) -> None:
    """Show what became of the rows; and of orders, how many are imported and how many are duplicates."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("", "READ", "IMPORTED", "DUPLICATE", "REFUSED", "HELD BACK"):
        table.add_column(heading, justify="left" if not heading else "right")
    taken = (counts.rows_read, counts.rows_accepted, rows_duplicate)
    shown: list[tuple[str, tuple[int | str, ...]]] = [
        ("Rows", (*taken, counts.rows_rejected, counts.rows_held_back))
    ]
    if of_orders is not None:
        total = counts.requisitions_total + counts.requisitions_held_back
        shown.append(("Requisitions", (total, *of_orders, "", counts.requisitions_held_back)))
    for name, values in shown:
        table.add_row(name, *(f"{value:,}" if isinstance(value, int) else value for value in values))
    Console(width=None if sys.stdout.isatty() else 80, highlight=False).print(table)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"- {note}")


def _print_rejects(rejects: Iterable[Refused], subject: Subject) -> bool:
    """Show rows that were refused; return whether there were any."""
    shown = [
        f"row {reject.row}, {_ONE_OF[subject]} {reject.requisition or '?'}:"
        f"{f' {reject.column}:' if reject.column else ''} {reject.message}"
        for reject in rejects
    ]
    _print_section("Refused, the first of them", shown)
    return bool(shown)
