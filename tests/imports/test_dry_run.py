"""A dry run says what the service then does."""

from __future__ import annotations

from pathlib import Path

import pytest

from magacin.contracts.imports import ReadingOptions
from magacin.imports.dry_run import dry_run
from tests.imports.support import Importer, csv_bytes, xlsx_bytes

_ROWS = [
    ("R1", "A1", "Lantern", 6, "123", "North"),
    ("R1", "A1", "Lantern", 2, "00123", "South"),
    ("R2", "A1", "", 0, "", ""),
    ("R2", "A2", "", 1, "", ""),
    ("R3", "A1", "", 1_000_000, "", ""),
    ("R3", "A1", "", 1, "", ""),
    ("R3", "A3", "", 1, "", ""),
    ("R4", "A1", "", 1, "1", ""),
    ("R4", "A1", "", 1, "2", ""),
]
# Before anything is sent nobody knows what was imported before.
_KNOWN = {"rows_read", "rows_rejected", "rows_held_back", "rows_merged"} | {
    "requisitions_total",
    "requisitions_held_back",
}
FILES = {
    "orders.csv": csv_bytes(_ROWS),
    "orders.xlsx": xlsx_bytes(_ROWS),
    "unsure.csv": b"Order No;Customer;SKU;Qty\nR1;North;A1;1\n;;A2;2\nR2;South;A1;3\n;;;\n;;A9;9\n",
    "columns.csv": b"order no,sku,qty\nR1,A1,1\nR1,A2\nR1,A3,1.000\nR2,A1,2,3\nR3,A1,3\n",
    "bytes.csv": "order no;sku;qty;name\nR1;A1;1;č\nR2;A1;2;ćao\n".encode() + b"R2;A2;1;\xe6\n",
    "empty.csv": b"order no,sku,qty\n",
    "colour.csv": b"colour\nred\n",
}


@pytest.mark.parametrize("partial", [False, True])
async def test_it_says_what_an_import_does(importer: Importer, tmp_path: Path, partial: bool) -> None:
    for name, content in FILES.items():
        path = tmp_path / name
        path.write_bytes(content)
        job = await importer.run(content, name, partial=str(partial).lower())
        run = dry_run(path, name, ReadingOptions(), partial=partial)
        assert run.error == job["error"], name
        if run.error:
            assert not run.content.rows
            continue
        counts, found = job["counts"], run.content.counts
        assert {name: counts[name] for name in _KNOWN} == found.model_dump(include=_KNOWN), name
        assert counts["rows_accepted"] + counts["rows_duplicate"] == found.rows_accepted
        assert (job["format"], job["notes"]) == (run.format, run.notes)
        rejects = [
            (r["row"], r["column"], r["reason"], r["message"], r["value"], r["requisition"])
            for r in await importer.rejects(job["job_id"])
        ]
        assert rejects == [tuple(reject) for reject in run.content.rejects]
