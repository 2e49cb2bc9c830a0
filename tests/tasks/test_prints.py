"""Location labels and pick lists over HTTP: which are printed, in which order, and what is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.models import locations
from tests.core.printing.reading import BARS, SQUARE, Page, pages
from tests.support import Caller
from tests.tasks.conftest import Warehouse

pytestmark = pytest.mark.served_once

LABELS, LISTS = "/api/prints/location-labels.pdf", "/api/prints/pick-lists.pdf"


async def printed(call: Caller, path: str, *query: tuple[str, Any]) -> list[Page]:
    headers = call.headers("mira", Role.SUPERVISOR)
    async with call._session.get(call.url + path, headers=headers, params=list(query)) as response:
        content = await response.read()
        assert response.status == 200, content
        assert response.content_type == "application/pdf"
        assert response.headers["Cache-Control"] == "no-store"
    return pages(content)


async def refused(call: Caller, path: str, **query: Any) -> tuple[int, str, Any]:
    status, answer = await call("GET", path, user="mira", role=Role.SUPERVISOR, params=query)
    return status, answer["error"]["code"], answer["error"]["details"]


async def place(call: Caller, code: str, sequence: int, zone: str = "", aisle: str = "") -> None:
    body = {"sequence": sequence, "zone": zone, "aisle": aisle}
    path = f"/api/locations/{quote(code, safe='')}"
    assert (await call("PUT", path, body, role=Role.SUPERVISOR))[0] == 200


class TestLabels:
    async def test_come_in_walking_order(self, call: Caller) -> None:
        for code, sequence in (("B-1", 1), ("A-1", 3), ("C-1", 2)):
            await place(call, code, sequence, "Хладњача", "А")
        single = ("sheet", "single-100x50")
        assert [page.codes()[0][1] for page in await printed(call, LABELS, single)] == ["B-1", "C-1", "A-1"]

    async def test_are_of_what_is_asked_for(self, call: Caller) -> None:
        await place(call, "A-1", 1, "Cold", "A")
        await place(call, "B-1", 2, "Cold", "B")
        await place(call, "C-1", 3, "Dry", "B")

        async def of(*query: tuple[str, Any]) -> list[tuple[str, str]]:
            [page] = await printed(call, LABELS, ("symbols", "datamatrix"), *query)
            return page.codes()

        assert await of(("zone", "Cold")) == [(SQUARE, "A-1"), (SQUARE, "B-1")]
        assert await of(("zone", "Cold"), ("aisle", "B")) == [(SQUARE, "B-1")]
        assert await of(("code", "C-1"), ("code", "A-1")) == [(SQUARE, "A-1"), (SQUARE, "C-1")]

    async def test_what_is_printed_is_what_a_scan_of_it_sends(self, call: Caller) -> None:
        await place(call, "Z 1/2-%", 1)
        [page] = await printed(call, LABELS)
        assert page.codes() == [(BARS, "Z 1/2-%"), (SQUARE, "Z 1/2-%")]
        assert "Z 1/2-%" in page.text

    async def test_of_an_unknown_location(self, call: Caller) -> None:
        await place(call, "A-1", 1)
        assert await refused(call, LABELS, code="A-2") == (404, "location_not_found", {"codes": ["A-2"]})
        assert (await refused(call, LABELS, zone="nowhere"))[:2] == (404, "location_not_found")

    async def test_of_a_code_in_other_letters(self, call: Caller) -> None:
        await place(call, "Б-1", 1)
        assert await refused(call, LABELS) == (422, "unprintable", {"codes": ["Б-1"]})

    async def test_of_more_than_anybody_sticks_on(self, call: Caller, empty: Database) -> None:
        rows = [{"code": f"L{n}", "zone": "", "aisle": "", "sequence": n} for n in range(2_001)]
        async with empty.begin() as connection:
            await connection.execute(locations.insert(), rows)
        assert (await refused(call, LABELS))[:2] == (422, "unprintable")

    @pytest.mark.parametrize(
        "query",
        [{"sheet": "a3"}, {"symbols": "qr"}, {"skip": -1}, {"skip": "x"}, {"code": ""}, {"zone": "a\0"}],
    )
    async def test_of_nonsense(self, call: Caller, query: dict[str, Any]) -> None:
        assert (await refused(call, LABELS, **query))[:2] == (422, "invalid_input")


class TestPickLists:
    async def test_have_what_is_still_to_be_picked_the_most_urgent_first(
        self, call: Caller, warehouse: Warehouse
    ) -> None:
        for sku in ("PEN", "CUP", "BOX"):
            await call("PUT", f"/api/articles/{sku}", {"description": f"{sku} чаша"}, role=Role.SUPERVISOR)
        usual = await warehouse.task("ana", PEN=5, CUP=2)
        urgent = await warehouse.task(BOX=1)
        await call("PATCH", f"/api/tasks/{urgent}", {"priority": 9}, role=Role.SUPERVISOR)
        done = await warehouse.task("ana", PEN=1)
        await warehouse.scan(usual, "PEN", 2)
        await warehouse.scan(usual, "CUP", 2)
        await warehouse.scan(done, "PEN", 1)

        first, second = await printed(call, LISTS, ("language", "sr-Latn"))
        assert (f"#{urgent}" in first.text, first.codes()) == (True, [(BARS, "BOX")])
        assert (f"#{usual}" in second.text, second.codes()) == (True, [(BARS, "PEN")])
        assert "PEN чаша" in second.text
        assert "ana" in second.text

    async def test_are_of_a_person_or_of_tasks(self, call: Caller, warehouse: Warehouse) -> None:
        for sku in ("PEN", "CUP"):
            await call("PUT", f"/api/articles/{sku}", {}, role=Role.SUPERVISOR)
        anas = await warehouse.task("ana", PEN=1)
        free = await warehouse.task(CUP=1)
        [page] = await printed(call, LISTS, ("worker", "ana"))
        assert f"#{anas}" in page.text
        [page] = await printed(call, LISTS, ("task_id", free))
        assert f"#{free}" in page.text

    async def test_of_nothing(self, call: Caller) -> None:
        assert (await refused(call, LISTS))[:2] == (404, "not_found")
        assert (await refused(call, LISTS, task_id=1))[:2] == (404, "not_found")

    @pytest.mark.parametrize("query", [{"task_id": 0}, {"language": "de"}, {"worker": "No Name"}])
    async def test_of_nonsense(self, call: Caller, query: dict[str, Any]) -> None:
        assert (await refused(call, LISTS, **query))[:2] == (422, "invalid_input")
