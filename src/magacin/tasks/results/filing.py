"""Puts what came of closed requisitions into a folder, a file for each closing.

A file appears whole or not at all. Its name is that of its closing: who was killed after it was written and
before that was noted finds it there, and leaves it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, func, select, update

from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from magacin.core.exports import workbook
from magacin.core.files import sync_folder, write_whole
from magacin.core.spreadsheets import MARK, csv_lines
from magacin.tasks.models import requisition_results, requisitions

FOLDER = "results-folder"
_OF_LINES = (
    "sku", "description", "ordered", "picked", "short", "remaining", "reasons", "workers", "finished_at",
)  # fmt: skip
COLUMNS = ("requisition", "destination", "closing", "closed_at", *_OF_LINES)
# Whatever a number has in it, its file can be kept on any disk; the id tells apart what that makes alike.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NUMBER = 60
_MODE = 0o644

_NEXT = (
    select(requisition_results, requisitions.c.number, requisitions.c.destination)
    .join(requisitions, requisitions.c.id == requisition_results.c.requisition_id)
    .where(requisition_results.c.to_file, requisition_results.c.filed_at.is_(None))
    .order_by(requisition_results.c.id)
    .limit(1)
    .with_for_update(of=requisition_results, skip_locked=True)
)


class ResultsFormat(StrEnum):
    """What kind of files are written."""

    CSV = "csv"
    XLSX = "xlsx"


class Filing:
    """Writes files; `step` is for a `BackgroundLoop`."""

    def __init__(self, database: Database, folder: Path, format_: ResultsFormat) -> None:
        self._database = database
        self._folder = folder
        self._format = format_

    async def step(self) -> bool:
        """Write one; return whether there may be more. Raises `DependencyUnavailable` where it cannot be."""
        async with self._database.begin() as connection:
            row = (await connection.execute(_NEXT)).mappings().first()
            if row is None:
                return False
            await self._write(row)
            filed = update(requisition_results).where(requisition_results.c.id == row["id"])
            await connection.execute(filed.values(filed_at=func.now()))
        return True

    async def _write(self, row: RowMapping) -> None:
        path = self._folder / name_of(row, self._format)
        try:
            await asyncio.to_thread(_write_once, path, row, self._format)
        except OSError as error:
            reason = f"cannot be written to ({error.strerror}): {self._folder}"
            raise DependencyUnavailable(FOLDER, reason=reason) from error


def name_of(row: RowMapping | Mapping[str, Any], format_: ResultsFormat) -> str:
    """Return the name of the file of a closing, which no other closing has."""
    number = _NOT_IN_NAMES.sub("_", row["number"])[:_LONGEST_NUMBER]
    return f"{number}-{row['requisition_id']}-{row['closing']}.{format_}"


def _write_once(path: Path, row: RowMapping, format_: ResultsFormat) -> None:
    # What a process left that was killed while it wrote.
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)
    if not path.exists():
        rows = list(_rows(row))
        content = MARK + csv_lines(rows) if format_ is ResultsFormat.CSV else workbook(rows, "Requisition")
        write_whole(path, content, _MODE)
    sync_folder(path.parent)


def _rows(row: RowMapping) -> Iterator[Sequence[Any]]:
    yield COLUMNS
    of_all = (row["number"], row["destination"], row["closing"], row["closed_at"].isoformat())
    for line in row["lines"]:
        yield (*of_all, *(_cell(line[name]) for name in _OF_LINES))


def _cell(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
