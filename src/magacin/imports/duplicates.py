"""What is said of requisitions that were imported before and differ now: line by line, within bounds."""

from __future__ import annotations

from collections.abc import Sequence

from magacin.contracts.tasks.requisitions import (
    Change,
    ComparedRequisition,
    Difference,
    Hindrance,
    RequisitionOutcome,
    RequisitionResult,
)

_MAX_NOTE = 500
# The rest of a note's room is for the sentence around the differences.
_MAX_DIFFERENCES = 300
_WORDS = {
    Change.ADDED: "{sku} added ({after})",
    Change.REMOVED: "{sku} removed ({before})",
    Change.QUANTITY: "{sku} {before} → {after}",
    Change.DESCRIPTION: "description of {sku} {before} → {after}",
    Change.BARCODE: "barcode of {sku} {before} → {after}",
    Change.DESTINATION: "destination {before} → {after}",
    Change.DUE_AT: "due {before} → {after}",
}
_KEPT = {
    None: "It stays as it was; import the file with --replace (`replace` in the form), or release it at the "
    "desk, to change it",
    Hindrance.PICKED: "It stays as it was, because somebody has picked of it",
    Hindrance.CANCELLED: "It stays as it was, because its task is cancelled",
    Hindrance.PLANNED: "It stays as it was, because a supervisor has split its lines or combined its task",
    Hindrance.NEWER: "It stays as it was, because a later import has changed it",
    Hindrance.CHANGED: "It stays as it was, because it has changed since somebody looked at it",
}


def differs(one: ComparedRequisition) -> bool:
    """Tell whether a requisition stays as it was although the file has another content for it."""
    return one.outcome is RequisitionOutcome.DUPLICATE and bool(one.differences)


def notes_of(one: RequisitionResult, *, replace: bool) -> list[str]:
    """Return what a person should know of a requisition that was sent."""
    notes = [f"{one.number}: {note}"[:_MAX_NOTE] for note in one.notes]
    return [f"{one.number} {said}", *notes] if (said := describe(one, replace=replace)) else notes


def describe(one: ComparedRequisition, *, replace: bool) -> str:
    """Say in what a requisition differs from what is there, and what becomes of it; nothing of others."""
    if not one.differences:
        return ""
    found = listed(one.differences)
    if differs(one):
        return f"was imported before and differs now: {found}. {_KEPT[one.hindrance]}."
    if replace:
        return f"was imported before and has this content now: {found}."
    return f"was imported in part before and is completed: {found}."


def listed(differences: Sequence[Difference]) -> str:
    """Return differences as words, the first of them when there are many."""
    shown: list[str] = []
    room = _MAX_DIFFERENCES
    for difference in differences:
        words = _words(difference)
        room -= len(words)
        if shown and room < 0:
            break
        shown.append(words)
    left = len(differences) - len(shown)
    return "; ".join(shown) + (f"; and {left:,} more" if left else "")


def hindered(number: str, hindrance: Hindrance) -> str:
    """Say that a requisition was left as it is although somebody released it."""
    return f"{number} was not released. {_KEPT[hindrance]}."


def _words(difference: Difference) -> str:
    values = {name: _value(getattr(difference, name)) for name in ("sku", "before", "after")}
    return _WORDS[difference.change].format_map(values)


def _value(value: int | str | None) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value[:64]}…" if value and len(value) > 65 else value or "none"
