"""Rows of a file by requisition, chunk by chunk: what stands together is put together where it is read.

A requisition's rows mostly follow each other. Then its part of a chunk is all there is of it, and is kept in
the form in which it is sent, so that nobody looks at its lines again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from magacin.imports.parsers.records import Record
from magacin.imports.parsers.rows import StagedRow
from magacin.imports.parsers.table import Layout

_RECORDS_AT_A_TIME = 1_000


class Part(NamedTuple):
    """Rows of one requisition: all of it, or what one chunk has of it.

    `settled` if it can be sent as it is, provided that it is all of it. `lines` is JSON: a line for each
    row, as the Task Service takes it; `rows` is what that leaves out, the numbers of the rows;
    `destinations` are those of the rows where there are several.
    """

    requisition: str
    row: int
    row_count: int
    line_count: int
    settled: bool
    destination: str
    lines: str
    rows: str
    destinations: str | None


def divide(rows: Iterable[StagedRow]) -> list[Part]:
    """Return the parts of which rows consist, in the order of their first rows."""
    found: dict[str, list[StagedRow]] = {}
    for row in rows:
        if (known := found.get(row[1])) is None:
            found[row[1]] = [row]
        else:
            known.append(row)
    return [_part(number, known) for number, known in found.items()]


def bundle(records: Sequence[Record], layout: Layout) -> list[Part]:
    """Return records as parts of some rows each, which have nothing to do with each other.

    A part's lines are the records, its destination the header's name of each meaning.
    """
    names = orjson.dumps({column.value: name for column, name in layout.names.items()}).decode()
    found = []
    for begin in range(0, len(records), _RECORDS_AT_A_TIME):
        some = records[begin : begin + _RECORDS_AT_A_TIME]
        lines = orjson.dumps([{"row": record.row, **record.cells} for record in some]).decode()
        first, count = some[0].row, len(some)
        found.append(Part(f"row {first}", first, count, count, True, names, lines, "[]", None))
    return found


def records_of(part: Part) -> list[Record]:
    """Return the records of a part again."""
    return [Record(record.pop("row"), record) for record in orjson.loads(part.lines)]


def _part(requisition: str, rows: Sequence[StagedRow]) -> Part:
    destinations = [row.destination for row in rows]
    named = {*destinations} - {""}
    several = len(named) > 1
    return Part(
        requisition,
        rows[0].row,
        len(rows),
        len(rows),
        not several and len({row.sku for row in rows}) == len(rows),
        next(filter(None, destinations), ""),
        orjson.dumps([_line(row.sku, row.quantity, row.description, row.barcode) for row in rows]).decode(),
        orjson.dumps([row.row for row in rows]).decode(),
        orjson.dumps(destinations).decode() if several else None,
    )


def rows_of(part: Part) -> list[StagedRow]:
    """Return the rows of a part again."""
    lines, numbers = orjson.loads(part.lines), orjson.loads(part.rows)
    destinations = orjson.loads(part.destinations) if part.destinations else [part.destination] * len(lines)
    return [
        StagedRow(
            number,
            part.requisition,
            line["sku"],
            line["quantity"],
            line.get("description", ""),
            line.get("barcode"),
            destination,
        )
        for number, line, destination in zip(numbers, lines, destinations, strict=True)
    ]


def merge(rows: Sequence[StagedRow]) -> Part:
    """Put all rows of a requisition together, which agree with each other; `settled` as it can be."""
    lines: dict[str, dict[str, Any]] = {}
    for row in rows:
        line = lines.get(row.sku)
        if line is None:
            lines[row.sku] = _line(row.sku, row.quantity, row.description, row.barcode)
            continue
        line["quantity"] += row.quantity
        if row.description:
            line.setdefault("description", row.description)
        if row.barcode:
            line.setdefault("barcode", row.barcode)
    return Part(
        rows[0].requisition,
        rows[0].row,
        len(rows),
        len(lines),
        True,
        next((row.destination for row in rows if row.destination), ""),
        orjson.dumps([*lines.values()]).decode(),
        "[]",
        None,
    )


def _line(sku: str, quantity: int, description: str, barcode: str | None) -> dict[str, Any]:
    line: dict[str, Any] = {"sku": sku, "quantity": quantity}
    if description:
        line["description"] = description
    if barcode:
        line["barcode"] = barcode
    return line
