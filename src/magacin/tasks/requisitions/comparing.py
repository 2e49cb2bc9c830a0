"""How a requisition differs from what is there under its number, and what becomes of it: pure logic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.requisitions import (
    Change,
    Difference,
    Hindrance,
    ImportedRequisition,
    RequisitionLineIn,
    RequisitionOutcome,
)
from magacin.tasks.codes import normalise_barcode


@dataclass(frozen=True, slots=True)
class PresentLine:
    """A line that is there, with what was sent of its article; None where that was not kept.

    `split` says that more than one task line picks it.
    """

    line_id: int
    required: int
    untouched: bool
    split: bool
    description: str | None
    barcode: str | None


@dataclass(frozen=True, slots=True)
class Present:
    """A requisition that is there. Lines are by SKU; `content_job_id` is the job that they came with.

    `shared` says that its task serves others as well, or that it has more than one.
    """

    requisition_id: int
    import_job_id: int | None
    content_job_id: int | None
    destination: str
    due_at: datetime | None
    missing_rows: int
    task_id: int | None
    task_status: TaskStatus | None
    shared: bool
    lines: Mapping[str, PresentLine]

    def hindrance(self, job_id: int | None) -> Hindrance | None:
        """Return why its content is not to be touched any more, by this job or by anybody."""
        if not all(line.untouched for line in self.lines.values()):
            return Hindrance.PICKED
        if self.task_status is TaskStatus.CANCELLED:
            return Hindrance.CANCELLED
        if self.shared or any(line.split for line in self.lines.values()):
            return Hindrance.PLANNED
        # A job that had to wait must not bring back what the file after it has changed.
        is_older = job_id is not None and job_id < (self.content_job_id or 0)
        return Hindrance.NEWER if is_older else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a requisition that is there, by which differences."""

    outcome: RequisitionOutcome
    differences: list[Difference]
    hindrance: Hindrance | None = None


def judge(
    present: Present, wanted: ImportedRequisition, *, replace: bool, job_id: int | None = None
) -> Verdict:
    """Say whether a requisition stays as it is, when a job sends it or, without one, a new job would.

    It gets what is wanted when that is chosen, or the lines that are missing when it was imported in part.
    """
    found = list(_differences(present, wanted))
    if found and not replace and _completes(present, found):
        found = _of(found, Change.ADDED)
    elif not found or not replace:
        return Verdict(RequisitionOutcome.DUPLICATE, found)
    if hindrance := present.hindrance(job_id):
        return Verdict(RequisitionOutcome.DUPLICATE, found, hindrance)
    return Verdict(RequisitionOutcome.REPLACED, found)


def still_missing(present: Present, wanted: ImportedRequisition, verdict: Verdict, *, replace: bool) -> int:
    """Return how many rows a requisition lacks when its differences have become its content."""
    if replace:
        return wanted.missing_rows
    return max(present.missing_rows - len(verdict.differences), wanted.missing_rows)


def _completes(present: Present, found: list[Difference]) -> bool:
    """Tell whether the lines that an order lacks have come, alone or with all others.

    Lines that are not named again stay then. More lines than rows were missing are another order.
    """
    added, removed = _of(found, Change.ADDED), _of(found, Change.REMOVED)
    return len(added) + len(removed) == len(found) and 0 < len(added) <= present.missing_rows


def _of(found: Iterable[Difference], change: Change) -> list[Difference]:
    return [difference for difference in found if difference.change is change]


def _differences(present: Present, wanted: ImportedRequisition) -> Iterator[Difference]:
    """Yield differences, those of lines in the order of the file. What is left out or empty says nothing."""
    if wanted.destination and wanted.destination != present.destination:
        yield Difference(change=Change.DESTINATION, before=present.destination, after=wanted.destination)
    if wanted.due_at and wanted.due_at != present.due_at:
        before = present.due_at.isoformat() if present.due_at else None
        yield Difference(change=Change.DUE_AT, before=before, after=wanted.due_at.isoformat())
    for line in wanted.lines:
        there = present.lines.get(line.sku)
        if there is None:
            yield Difference(change=Change.ADDED, sku=line.sku, after=line.quantity)
        else:
            yield from _of_line(there, line)
    named = {line.sku for line in wanted.lines}
    for sku, there in present.lines.items():
        if sku not in named:
            yield Difference(change=Change.REMOVED, sku=sku, before=there.required)


def _of_line(there: PresentLine, line: RequisitionLineIn) -> Iterator[Difference]:
    if line.quantity != there.required:
        yield Difference(change=Change.QUANTITY, sku=line.sku, before=there.required, after=line.quantity)
    if there.description is None:
        return
    if line.description and line.description != there.description:
        yield Difference(
            change=Change.DESCRIPTION, sku=line.sku, before=there.description, after=line.description
        )
    if line.barcode and _plain(line.barcode) != _plain(there.barcode):
        yield Difference(change=Change.BARCODE, sku=line.sku, before=there.barcode, after=line.barcode)


def _plain(barcode: str | None) -> str | None:
    """Return a barcode as it is compared: leading zeros do not make another one."""
    return normalise_barcode(barcode).lstrip("0") if barcode else None
