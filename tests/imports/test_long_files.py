"""However long a file is, the loop that takes it is not kept by it."""

from __future__ import annotations

import io

import aiohttp

from magacin.contracts.identity import Role
from tests.callbacks import assert_no_longer_for_more
from tests.imports.support import Importer, csv_bytes


async def test_an_upload(importer: Importer) -> None:
    call, few = importer.call, 5_000
    headers = call.headers(role=Role.SUPERVISOR)
    row = ("R-1", "SKU", "something", 2, "", "Shop")
    files = {count: csv_bytes([row] * count) for count in (few, 10 * few)}

    async def upload(count: int) -> None:
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(files[count]), filename="orders.csv")
        form.add_field("colour", "refused when all of it is there, so that nothing is imported beside this")
        async with call._session.post(f"{call.url}/api/imports", data=form(), headers=headers) as response:
            assert response.status == 422, await response.text()

    await assert_no_longer_for_more(upload, few)
