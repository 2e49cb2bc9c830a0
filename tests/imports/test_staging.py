from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orjson import loads
from sqlalchemy import select, text

from magacin.core.db import Database
from magacin.imports.assembly import assemble
from magacin.imports.models import rejects, staged_requisitions
from magacin.imports.parsers.registry import open_table
from magacin.imports.parsers.rows import RejectedRow, RowChecker, StagedRow
from magacin.imports.parsers.table import Layout
from magacin.imports.parts import divide
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


@given(
    rows=_rows,
    cut=st.integers(0, 25),
    held_back=st.sets(st.sampled_from(["R1", "R2", "R4"]), max_size=1),
    partial=st.booleans(),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_it_agrees_with_what_is_put_together_in_memory(
    empty: Database, rows: list[Cells], cut: int, held_back: set[str], partial: bool
) -> None:
    by_csv, by_xlsx = check(csv_bytes(rows), "a.csv"), check(xlsx_bytes(rows), "a.xlsx")
    assert by_csv[:2] == by_xlsx[:2]
    good, rejected, layout = by_csv
    expected = assemble(good, rejected, held_back, layout, partial=partial)
    async with empty.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        staging = await Staging.begin(connection, 1)
        await staging.add(divide(good[:cut]), rejected, [*held_back])
        await staging.add(divide(good[cut:]), [])
        found = await staging.complete(layout, partial=partial)
        statement = select(staged_requisitions).order_by("position")
        requisitions = (await connection.execute(statement)).all()
        stored = await connection.execute(select(rejects).order_by("position"))
        assert [RejectedRow(*row[2:]) for row in stored] == expected.rejects
        await connection.rollback()
    lines = {row.number: {line["sku"]: line["quantity"] for line in loads(row.lines)} for row in requisitions}
    assert list(lines.items()) == list(_lines(expected.rows).items())
    assert sum(row.row_count for row in requisitions) == expected.counts.rows_accepted
    assert [row.line_count for row in requisitions] == [len(found) for found in lines.values()]
    assert found.notes == expected.notes
    assert found.counts.items() <= expected.counts.model_dump().items()
    assert expected.counts.rows_read == len(good) + len({reject.row for reject in rejected})
    assert len(expected.held_back) == expected.counts.requisitions_held_back


def _lines(rows: list[StagedRow]) -> dict[str, dict[str, int]]:
    lines: dict[str, dict[str, int]] = {}
    for row in rows:
        line = lines.setdefault(row.requisition, {})
        line[row.sku] = line.get(row.sku, 0) + row.quantity
    return lines
