"""How a requisition differs from what is there: pure logic."""

from __future__ import annotations

from typing import Any

import pytest

from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.requisitions import Hindrance, ImportedRequisition, RequisitionOutcome
from magacin.tasks.requisitions.comparing import Present, PresentLine, judge, still_missing

A1, A2, A3 = ({"sku": sku, "quantity": n} for sku, n in (("A1", 2), ("A2", 3), ("A3", 1)))


def present(*lines: dict[str, Any], missing: int = 0, picked: bool = False, **more: Any) -> Present:
    found = {
        line["sku"]: PresentLine(
            number, line["quantity"], not picked, False, line.get("description", ""), line.get("barcode")
        )
        for number, line in enumerate(lines)
    }
    return Present(7, 1, 5, "North", None, missing, 3, more.get("status"), False, found)


def wanted(*lines: dict[str, Any], **more: Any) -> ImportedRequisition:
    return ImportedRequisition(number="R1", lines=[*lines], **more)


def told(there: Present, new: ImportedRequisition, *, replace: bool = False) -> list[tuple[Any, ...]]:
    found = judge(there, new, replace=replace).differences
    return [(d.change.value, d.sku, d.before, d.after) for d in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (A1, []),
        (A1 | {"quantity": 5}, [("quantity", "A1", 2, 5)]),
        (A1 | {"description": "Lamp"}, [("description", "A1", "Lantern", "Lamp")]),
        (A1 | {"barcode": "4006381333931"}, []),
        (A1 | {"barcode": "04006381333931"}, []),
        (A1 | {"barcode": "SHELF"}, [("barcode", "A1", "4006381333931", "SHELF")]),
        (A3, [("added", "A3", None, 1), ("removed", "A1", 2, None)]),
    ],
)
def test_what_differs_in_a_line(line: dict[str, Any], expected: list[Any]) -> None:
    there = present(A1 | {"description": "Lantern", "barcode": "4006381333931"})
    assert told(there, wanted(line)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"destination": "North"}, []),
        ({"destination": "South"}, [("destination", None, "North", "South")]),
        (
            {"due_at": "2026-11-23T12:00:00Z"},
            [("due_at", None, None, "2026-11-23T12:00:00+00:00")],
        ),
    ],
)
def test_what_differs_in_the_requisition(more: dict[str, Any], expected: list[Any]) -> None:
    assert told(present(A1), wanted(A1, **more)) == expected


def test_what_was_sent_before_it_was_kept_is_not_compared() -> None:
    there = Present(
        7, 1, None, "", None, 0, None, None, False, {"A1": PresentLine(1, 2, True, False, None, None)}
    )
    assert told(there, wanted(A1 | {"description": "Lamp", "barcode": "1"})) == []


@pytest.mark.parametrize(
    ("lines", "missing", "added"),
    [
        ([A1, A2], 1, ["A2"]),  # the whole file, mended
        ([A2], 1, ["A2"]),  # the mended rows alone
        ([A2, A3], 2, ["A2", "A3"]),
        ([A2, A3], 1, None),  # more than were missing: another order
        ([A1 | {"quantity": 5}, A2], 1, None),
        ([A1, A2], 0, None),
        ([A1], 1, None),
    ],
)
def test_an_order_that_was_imported_in_part_is_completed(
    lines: list[dict[str, Any]], missing: int, added: list[str] | None
) -> None:
    verdict = judge(present(A1, missing=missing), wanted(*lines), replace=False)
    expected = RequisitionOutcome.DUPLICATE if added is None else RequisitionOutcome.REPLACED
    assert verdict.outcome is expected
    if added is not None:
        assert [difference.sku for difference in verdict.differences] == added


@pytest.mark.parametrize(
    ("lines", "replace", "missing", "left"),
    [([A2], False, 0, 1), ([A2, A3], False, 0, 0), ([A2], False, 3, 3), ([A1, A2], True, 0, 0)],
)
def test_what_is_missing_afterwards(
    lines: list[dict[str, Any]], replace: bool, missing: int, left: int
) -> None:
    there, new = present(A1, missing=2), wanted(*lines, missing_rows=missing)
    verdict = judge(there, new, replace=replace)
    assert still_missing(there, new, verdict, replace=replace) == left


@pytest.mark.parametrize(
    ("there", "new", "replace", "outcome", "hindrance"),
    [
        (present(A1), wanted(A2), False, "duplicate", None),
        (present(A1), wanted(A2), True, "replaced", None),
        (present(A1), wanted(A1), True, "duplicate", None),
        (present(A1, picked=True), wanted(A1), True, "duplicate", None),
        (present(A1, picked=True), wanted(A2), True, "duplicate", Hindrance.PICKED),
        (present(A1, picked=True), wanted(A2), False, "duplicate", None),
        (present(A1, picked=True, missing=1), wanted(A2), False, "duplicate", Hindrance.PICKED),
        (present(A1, status=TaskStatus.CANCELLED), wanted(A2), True, "duplicate", Hindrance.CANCELLED),
        (present(A1, status=TaskStatus.IN_PROGRESS), wanted(A2), True, "replaced", None),
    ],
)
def test_what_becomes_of_it(
    there: Present, new: ImportedRequisition, replace: bool, outcome: str, hindrance: Hindrance | None
) -> None:
    verdict = judge(there, new, replace=replace)
    assert (verdict.outcome.value, verdict.hindrance) == (outcome, hindrance)


@pytest.mark.parametrize(("job_id", "hindrance"), [(4, Hindrance.NEWER), (6, None), (None, None)])
def test_an_earlier_job_does_not_bring_back_its_content(
    job_id: int | None, hindrance: Hindrance | None
) -> None:
    assert judge(present(A1), wanted(A2), replace=True, job_id=job_id).hindrance is hindrance
