from __future__ import annotations

from pathlib import Path

import pytest

from magacin.contracts.imports import ReadingOptions
from magacin.imports.dry_run import DryRun, dry_run
from magacin.imports.parsers.units import same_unit


def read(tmp_path: Path, units: list[str], unit: str | None, name: str = "UoM") -> DryRun:
    path = tmp_path / "orders.csv"
    rows = [f"R{i},A1,{i},{unit}" for i, unit in enumerate(units, start=1)]
    path.write_text("\n".join([f"order no,sku,qty,{name}", *rows, ""]), encoding="utf-8")
    return dry_run(path, path.name, ReadingOptions(unit=unit), partial=False)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("PCS", "kom.", True),
        ("Unit(s)", "Stk", True),
        ("шт.", "EA", True),
        ("KRT", "krt", True),
        ("KRT", "PCS", False),
        ("kg", "g", False),
    ],
)
def test_units_have_many_names(one: str, other: str, same: bool) -> None:
    assert same_unit(one, other) is same


def test_lines_in_another_unit_are_refused(tmp_path: Path) -> None:
    run = read(tmp_path, ["PCS", "KRT", "", "kom"], "pcs")
    assert [row.requisition for row in run.content.rows] == ["R1", "R3", "R4"]
    (reject,) = run.content.rejects
    assert (reject.row, reject.column, reject.reason, reject.value) == (3, "UoM", "wrong_unit", "KRT")


def test_several_units_are_said_where_none_is_asked_for(tmp_path: Path) -> None:
    run = read(tmp_path, ["PCS", "KRT", "kom"], None)
    assert len(run.content.rows) == 3
    assert "several units of measure (PCS, KRT, kom)" in run.notes[-1]
    assert "several" not in str(read(tmp_path, ["PCS", "", "kom"], None).notes)


def test_it_is_said_where_no_column_has_it(tmp_path: Path) -> None:
    run = read(tmp_path, ["x"], "PCS", name="colour")
    assert run.notes[-1] == "No column names a unit of measure: all quantities were taken to be in PCS."
