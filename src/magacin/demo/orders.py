"""The files that the demo imports: the bundled sample, then small ones that it makes up."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from random import Random

from openpyxl import Workbook

from magacin.demo.barcodes import in_house_gtin13

SAMPLE_NAME = "sample_orders.csv"
PREFIX = "DEMO-"
DESTINATION = "demo"
COLUMNS = ("requisition", "sku", "description", "quantity", "barcode", "destination")

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class OrderFile:
    """A file to upload."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Ware:
    """An article as the demo knows it."""

    sku: str
    description: str


def sample() -> OrderFile:
    """Return the bundled excerpt of real orders, byte by byte as its source has it."""
    content = files("magacin.demo").joinpath(SAMPLE_NAME).read_bytes()
    return OrderFile(SAMPLE_NAME, content, "text/csv")


def sample_wares() -> list[Ware]:
    """Return the articles of the sample, in the order in which it names them first.

    Without postage, fees and the like: what has no digit in its number lies in no bin.
    """
    rows = csv.DictReader(io.StringIO(sample().content.decode("cp1252"), newline=""))
    descriptions: dict[str, str] = {}
    for row in rows:
        sku = row["StockCode"].strip()
        if any(character.isdigit() for character in sku):
            descriptions[sku] = descriptions.get(sku) or row["Description"].strip()
    return [Ware(sku, description) for sku, description in descriptions.items()]


class Budget:
    """Allows so many an hour, over any hour."""

    def __init__(self, per_hour: int) -> None:
        self._per_hour = per_hour
        self._spent: deque[float] = deque()

    def take(self, wanted: int, now: float) -> int:
        """Return how many of `wanted` there may be now, and note them as spent."""
        while self._spent and now - self._spent[0] >= _HOUR:
            self._spent.popleft()
        granted = max(0, min(wanted, self._per_hour - len(self._spent)))
        self._spent.extend([now] * granted)
        return granted


class FollowUps:
    """Makes up small files of requisitions, every second an XLSX, every third with bad rows."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._made = 0

    def make(self, wares: Sequence[Ware], requisitions: int) -> OrderFile:
        """Return a file with so many requisitions; their numbers grow and are never used again."""
        self._made += 1
        stem = f"{PREFIX}{datetime.now(UTC):%Y%m%d%H%M%S}-{self._made:04d}"
        rows = [row for n in range(requisitions) for row in self._requisition(f"{stem}-{n + 1:02d}", wares)]
        if self._made % 3 == 1:
            rows += _bad_rows(stem, wares[0])
        if self._made % 2 == 0:
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            return OrderFile(f"{stem}.xlsx", _xlsx(rows), kind)
        return OrderFile(f"{stem}.csv", _csv(rows), "text/csv")

    def _requisition(self, number: str, wares: Sequence[Ware]) -> list[list[str | int]]:
        count = min(len(wares), self._random.randint(4, 12))
        chosen = self._random.sample(range(len(wares)), count)
        lines: list[list[str | int]] = []
        for ware in (wares[index] for index in chosen):
            # Barcodes for some: the others are scanned by their SKU.
            barcode = in_house_gtin13(ware.sku) if self._random.random() < 0.3 else ""
            quantity = self._random.choice((1, 1, 2, 3, 4, 6, 12))
            lines.append([number, ware.sku, ware.description, quantity, barcode, DESTINATION])
        return lines


def _bad_rows(stem: str, ware: Ware) -> list[list[str | int]]:
    """Return requisitions as they should not be: they are held back, with a reason for each row."""
    return [
        [f"{stem}-X1", ware.sku, ware.description, -3, "", DESTINATION],
        [f"{stem}-X1", ware.sku, ware.description, 2, "", DESTINATION],
        [f"{stem}-X2", "", "no article number", 1, "", DESTINATION],
        [f"{stem}-X2", ware.sku, ware.description, "a few", "", DESTINATION],
    ]


def _csv(rows: Sequence[Sequence[str | int]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue().encode()


def _xlsx(rows: Sequence[Sequence[str | int]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    for row in (COLUMNS, *rows):
        sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
