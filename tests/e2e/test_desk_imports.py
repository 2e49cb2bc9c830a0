"""What supervisors do at the desk with what imports held back: a real browser before the real stack."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Crew, RunningStack
from tests.e2e.test_desk_app import at_the_desk

pytestmark = pytest.mark.e2e


@pytest.fixture
async def page(browser: Browser, stack: RunningStack, crew: Crew) -> AsyncIterator[Page]:
    async with at_the_desk(browser, stack, crew) as page:
        yield page


async def import_file(page: Page, name: str, *rows: str) -> None:
    content = "\n".join(("order,sku,quantity,destination", *rows)) + "\n"
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    await page.goto("/desk/imports")
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # a payload
    card = page.get_by_role("region", name=f"What {name} would come to")
    await card.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await expect(page.get_by_text("Imported", exact=True)).to_be_visible()


def of_order(held: Locator, number: str) -> Locator:
    return held.get_by_role("row").filter(has_text=number)


class TestHeldBack:
    async def test_what_was_held_back_is_released_and_discarded(self, page: Page, crew: Crew) -> None:
        mark = uuid.uuid4().hex[:8]
        await import_file(page, f"{mark}.csv", f"{mark}-D,SKU-{mark},2,Bar", f"{mark}-E,SKU-{mark},2,Bar")
        held = page.get_by_role("region", name="Held back")
        await expect(held).to_have_count(0)
        await import_file(
            page,
            f"{mark}-2.csv",
            f"{mark}-D,SKU-{mark},5,Bar",
            f"{mark}-E,SKU-{mark},7,Bar",
            f"{mark}-I,SKU-{mark},4,Novi Sad",
            f"{mark}-I,OTHER-{mark},four,Novi Sad",
        )
        # Both sides beside each other, and of the order that is not there what there is of it.
        differing = of_order(held, f"{mark}-D").get_by_role("cell")
        await expect(differing.nth(2)).to_contain_text("with another content")
        await expect(differing.nth(3)).to_contain_text(f"quantity SKU-{mark}: 2")
        await expect(differing.nth(4)).to_contain_text(f"quantity SKU-{mark}: 5")
        incomplete = of_order(held, f"{mark}-I")
        await expect(incomplete.get_by_role("cell").nth(3)).to_have_text("no such order")
        await expect(incomplete.get_by_role("cell").nth(4)).to_contain_text("1 good line")
        await incomplete.get_by_text("What is in it").click()
        await expect(incomplete).to_contain_text("four is not a number")

        # Somebody else changes one of them, so that it is not what is seen here any more.
        _, waiting = await crew.admin("GET", "/api/held-orders?limit=500")
        [other] = [one for one in waiting["items"] if one["number"] == f"{mark}-E"]
        path = f"/api/held-orders/{other['held_id']}/discard?revision={other['revision']}"
        assert (await crew.admin("POST", path))[0] == 200

        # All of them, without a mouse.
        await held.get_by_role("checkbox", name="Choose all that are shown").focus()
        await page.keyboard.press("Space")
        await expect(held.get_by_role("checkbox", checked=True)).to_have_count(4)
        release = held.get_by_role("button", name="Release 3")
        await release.focus()
        await page.keyboard.press("Enter")
        await expect(held.get_by_role("status")).to_have_text("2 orders were released.")
        await expect(held.get_by_role("alert")).to_contain_text(f"{mark}-E")
        await expect(held.get_by_role("alert")).to_contain_text("It has changed since you looked at it")
        await expect(held.get_by_text("Nothing waits here")).to_be_visible()
        _, orders = await crew.admin("GET", "/api/requisitions?released=false&limit=500")
        numbers = {one["number"] for one in orders["items"]}
        assert {f"{mark}-D", f"{mark}-E", f"{mark}-I"} <= numbers

    async def test_one_is_discarded_from_the_list_of_all(self, page: Page, crew: Crew) -> None:
        mark = uuid.uuid4().hex[:8]
        await import_file(page, f"{mark}.csv", f"{mark}-I,SKU-{mark},4,Bar", f"{mark}-I,SKU-{mark},no,Bar")
        await page.goto("/desk/imports")
        held = page.get_by_role("region", name="Held back")
        row = of_order(held, f"{mark}-I")
        more = held.get_by_role("button", name="Show more", exact=True)
        await expect(row.or_(more)).not_to_have_count(0)
        while await row.count() == 0:
            await more.click()
        await expect(row.get_by_role("link", name=f"{mark}.csv")).to_be_visible()
        await row.get_by_role("checkbox").check()
        await held.get_by_role("button", name="Discard 1").click()
        dialog = page.get_by_role("dialog", name="Discard 1 order?")
        await dialog.get_by_role("button", name="Discard", exact=True).click()
        await expect(held.get_by_role("status")).to_have_text("1 order was discarded.")
        await expect(row).to_have_count(0)
        _, discarded = await crew.admin("GET", "/api/held-orders?state=discarded&limit=500")
        assert f"{mark}-I" in {one["number"] for one in discarded["items"]}
