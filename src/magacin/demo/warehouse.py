"""The demo's warehouse: bins in aisles and zones, and what lies in each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog

from magacin.demo.barcodes import in_house_gtin13, packs_of
from magacin.demo.client import Answer, Person
from magacin.demo.orders import Ware

log = structlog.get_logger(__name__)

_ZONES = "ABC"
_AISLES_A_ZONE = 5
_BINS_AN_AISLE = 20
_STEP = 10
_PAGE = 500
# The gateway has others to answer as well.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Bin:
    """A place, and where a round through the warehouse comes past it."""

    code: str
    zone: str
    aisle: str
    sequence: int


def bins() -> list[Bin]:
    """Return all bins in walking order: up one aisle, and down the next."""
    every: list[Bin] = []
    for number in range(len(_ZONES) * _AISLES_A_ZONE):
        zone, aisle = _ZONES[number // _AISLES_A_ZONE], f"{number + 1:02d}"
        numbers = range(1, _BINS_AN_AISLE + 1)
        for place in numbers if number % 2 == 0 else reversed(numbers):
            every.append(Bin(f"{zone}-{aisle}-{place:02d}", zone, aisle, (len(every) + 1) * _STEP))
    return every


def lay_out(wares: Sequence[Ware]) -> list[tuple[Bin, list[Ware]]]:
    """Return each bin with what lies in it: articles in the order of their SKUs, equally many in each."""
    every, ordered = bins(), sorted(wares, key=lambda ware: ware.sku)
    ends = [round(len(ordered) * n / len(every)) for n in range(len(every) + 1)]
    return [(one, ordered[ends[n] : ends[n + 1]]) for n, one in enumerate(every)]


class Warehouse:
    """Sets the warehouse up as a supervisor does, and leaves alone what is there already."""

    def __init__(self, supervisor: Person) -> None:
        self._supervisor = supervisor
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def fill(self, wares: Sequence[Ware]) -> None:
        """Create the bins and what lies in them; tasks that are made from then on say where to go."""
        there = {place["code"] for place in await self._all("/api/locations")}
        known = {article["sku"] for article in await self._all("/api/articles")}
        planned = lay_out(wares)
        aisles = [planned[n : n + _BINS_AN_AISLE] for n in range(0, len(planned), _BINS_AN_AISLE)]
        # They are filled one after the other. Whoever was interrupted was so in the last one that was begun.
        begun = [n for n, aisle in enumerate(aisles) if any(one.code in there for one, _ in aisle)]
        for aisle in aisles[begun[-1] if begun else 0 :]:
            await asyncio.gather(*(self._put_bin(one) for one, _ in aisle))
            await asyncio.gather(*(self._put_ware(ware, one, known) for one, some in aisle for ware in some))
        log.info("warehouse_ready", bins=len(planned), articles=len(wares))

    async def give_barcodes(self, wares: Sequence[Ware]) -> set[str]:
        """Give articles a barcode of their own, some of them packs; return the SKUs that have theirs."""
        known = {article["sku"]: article["barcodes"] for article in await self._all("/api/articles")}
        here = [ware.sku for ware in wares if ware.sku in known]
        given = await asyncio.gather(*(self._give_barcodes(sku, known[sku]) for sku in here))
        barcoded = {sku for sku, is_given in zip(here, given, strict=True) if is_given}
        log.info("barcodes_ready", articles=len(barcoded))
        return barcoded

    async def _put_bin(self, one: Bin) -> None:
        described = {"zone": one.zone, "aisle": one.aisle, "sequence": one.sequence}
        await self._send("PUT", f"/api/locations/{_quoted(one.code)}", described)

    async def _put_ware(self, ware: Ware, one: Bin, known: set[str]) -> None:
        path = f"/api/articles/{_quoted(ware.sku)}"
        if ware.sku not in known:
            await self._send("PUT", path, {"description": ware.description})
        await self._send("PUT", f"{path}/locations", {"locations": [one.code]})

    async def _give_barcodes(self, sku: str, known: list[str]) -> bool:
        code = in_house_gtin13(sku)
        is_given = code.zfill(14) in known or (await self._add_barcode(sku, {"code": code})).ok
        for pack in packs_of(sku):
            if pack.code not in known:
                body = {"code": pack.code, "pieces": pack.pieces, "level": pack.level.value}
                await self._add_barcode(sku, body)
        return is_given

    async def _add_barcode(self, sku: str, body: dict[str, Any]) -> Answer:
        return await self._send("POST", f"/api/articles/{_quoted(sku)}/barcodes", body)

    async def _send(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        """Send it. What is refused is somebody's data that is otherwise: the demo does without."""
        async with self._turns:
            answer = await self._supervisor.send(method, path, json=body)
        if not answer.ok:
            log.info("warehouse_refused", method=method, path=path, error=answer.code)
        return answer

    async def _all(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = await self._supervisor.get(path, after=after, limit=_PAGE)
            items += page["items"]
            after = page["next_after"]
        return items


def _quoted(text: str) -> str:
    return quote(text, safe="")
