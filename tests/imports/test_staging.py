from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from magacin.contracts.payloads import MAX_QUANTITY
from magacin.core.db import Database
from magacin.imports.models import staged_lines, staged_requisitions
from magacin.imports.parsers.registry import open_table
from magacin.imports.parsers.rows import RejectedRow, RowChecker, StagedRow
from magacin.imports.parsers.table import Layout
from magacin.imports.staging import Staging
from tests.imports.support import csv_bytes, xlsx_bytes

Cells = tuple[str, str, str, str, str, str]
Checked = tuple[list[StagedRow], list[RejectedRow], Layout]

_words = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "Zs"), include_characters="\"',;-."), max_size=12
)
_rows = st.lists(
    st.tuples(
        st.sampled_from(["R1", "R2", "R3", " R1 ", "", "x" * 65]),
        st.sampled_from(["A1", "A2", "71053", "šaš", "", "y" * 65]),
        _words,
        st.sampled_from(["1", "6", "6.0", "600000", "1000000", "1000001", "0", "-4", "six", "6,5", ""]),
        st.sampled_from(["", "", "123", "00123", "456", "z" * 49]),
        st.one_of(st.sampled_from(["", "North", "South"]), _words),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class Expected:
    """The same rules once more, the slow and simple way."""

    accepted: int = 0
    rejected: int = 0
    held_back: int = 0
    merged: int = 0
    lines: dict[str, dict[str, int]] = field(default_factory=dict)


def expect(good: list[StagedRow], rejected: list[RejectedRow], *, partial: bool) -> Expected:
    groups: dict[tuple[str, str], list[StagedRow]] = defaultdict(list)
    for row in good:
        groups[row.requisition, row.sku].append(row)
    bad_rows = {reject.row for reject in rejected}
    bad_numbers = {reject.requisition for reject in rejected}
    for group in groups.values():
        first = next((row.barcode for row in group if row.barcode), "")
        for row in group:
            too_much = sum(other.quantity for other in group) > MAX_QUANTITY
            if too_much or (row.barcode and row.barcode.lstrip("0") != first.lstrip("0")):
                bad_rows.add(row.row)
                bad_numbers.add(row.requisition)
    left = [row for row in good if row.row not in bad_rows]
    kept = [row for row in left if partial or row.requisition not in bad_numbers]
    found = Expected(len(kept), len(bad_rows), len(left) - len(kept))
    for row in kept:
        line = found.lines.setdefault(row.requisition, {})
        found.merged += row.sku in line
        line[row.sku] = line.get(row.sku, 0) + row.quantity
    return found


def check(content: bytes, name: str) -> Checked:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        good: list[StagedRow] = []
        rejected: list[RejectedRow] = []
        with open_table(path, name) as table:
            checker = RowChecker(table.layout)
            for row in table.rows():
                result = checker.check(row)
                if isinstance(result, StagedRow):
                    good.append(result)
                else:
                    rejected.extend(result)
            return good, rejected, table.layout


@given(rows=_rows, partial=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_both_formats_agree_and_the_counts_add_up(
    empty: Database, rows: list[Cells], partial: bool
) -> None:
    by_csv, by_xlsx = check(csv_bytes(rows), "a.csv"), check(xlsx_bytes(rows), "a.xlsx")
    assert by_csv[:2] == by_xlsx[:2]
    good, rejected, layout = by_csv
    expected = expect(good, rejected, partial=partial)
    async with empty.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        staging = await Staging.begin(connection, 1)
        await staging.add(good, rejected)
        counts = (await staging.complete(layout, partial=partial)).counts
        numbers = {row.position: row for row in await connection.execute(select(staged_requisitions))}
        lines: dict[str, dict[str, int]] = {}
        for line in await connection.execute(select(staged_lines).order_by("position", "row")):
            lines.setdefault(numbers[line.position].number, {})[line.sku] = line.quantity
        await connection.rollback()
    assert lines == expected.lines
    assert list(lines) == list(expected.lines)
    assert sum(row.row_count for row in numbers.values()) == expected.accepted
    assert counts["rows_rejected"] == expected.rejected
    assert counts["rows_held_back"] == expected.held_back
    assert counts["rows_merged"] == expected.merged
    assert counts["requisitions_total"] == len(expected.lines)
    assert len(good) + len({r.row for r in rejected}) == (
        expected.accepted + expected.rejected + expected.held_back
    )
