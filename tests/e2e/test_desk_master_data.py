"""What supervisors do with articles and locations at the desk: a real browser before the real stack."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import Crew, RunningStack
from tests.e2e.test_desk_app import at_the_desk

pytestmark = pytest.mark.e2e


@pytest.fixture
async def page(browser: Browser, stack: RunningStack, crew: Crew) -> AsyncIterator[Page]:
    async with at_the_desk(browser, stack, crew) as page:
        yield page


class TestArticles:
    async def test_one_is_made_described_packed_and_placed(self, page: Page, crew: Crew) -> None:
        mark = uuid.uuid4().hex[:8]
        sku, place = f"A/{mark}", f"L-{mark}"
        await page.goto("/desk/locations")
        await page.get_by_label("Location", exact=True).fill(place)
        await page.get_by_label("Zone", exact=True).fill(f"Zone {mark}")
        await page.get_by_label("Order", exact=True).fill("120")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(f"{place} is as you said")).to_be_visible()
        await page.get_by_label("Part of the code, zone or aisle").fill(f"zone {mark}")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)

        await page.get_by_role("link", name="Articles").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Articles")
        await page.get_by_label("SKU of the new article").fill(sku)
        await page.get_by_label("What it is").fill("Mineral water")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text(sku)
        await page.get_by_label("It is called").fill("Mineral water 1.5 l")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("It is called so from now on")).to_be_visible()

        await page.get_by_label("New barcode").fill(f"CASE-{mark}")
        await page.get_by_label("Pieces", exact=True).fill("6")
        await page.get_by_role("button", name="Add", exact=True).click()
        # Six pieces are no single piece.
        await expect(page.get_by_role("alert")).to_contain_text("each is a single piece")
        await page.get_by_label("Level").select_option("case")
        await page.get_by_role("button", name="Add", exact=True).click()
        barcodes = page.get_by_role("table")
        await expect(barcodes).to_contain_text(f"CASE-{mark}")
        await barcodes.get_by_role("button", name="Change").click()
        await page.get_by_label("Pieces", exact=True).fill("12")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("counts so from now on")).to_be_visible()
        await page.get_by_label("Another location").fill("nowhere")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("There is no such location")
        await page.get_by_label("Another location").fill(place)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name=f"Take it away from {place}")).to_be_visible()
        _, article = await crew.admin("GET", f"/api/articles/{quote(sku, safe='')}")
        assert article["description"] == "Mineral water 1.5 l"
        assert article["packs"] == [{"code": f"CASE-{mark}", "pieces": 12, "level": "case"}]

        await page.goto(f"/desk/articles?query={mark}")
        await expect(page.get_by_role("table")).to_contain_text(f"CASE-{mark} × 12")
        async with page.expect_download() as saved:
            await page.get_by_role("button", name="CSV").click()
        file = await saved.value
        assert file.suggested_filename == "articles.csv"
        path = await file.path()
        assert f"CASE-{mark},12,case" in await asyncio.to_thread(path.read_text, "utf-8-sig")

        # Where something lies, no location is removed.
        await page.goto(f"/desk/locations?query={place}")
        await page.get_by_role("button", name="Remove").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Move them first")

        # Once nothing does, it is.
        await page.goto(f"/desk/article?sku={quote(sku, safe='')}")
        await page.get_by_role("button", name=f"Take it away from {place}").click()
        await expect(page.get_by_text(f"It lies at {place} no more")).to_be_visible()
        await page.get_by_role("table").get_by_role("button", name="Remove").click()
        await expect(page.get_by_text(f"CASE-{mark} means this article no more")).to_be_visible()
        await page.goto(f"/desk/locations?query={place}")
        await page.get_by_role("button", name="Remove").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("There is no location like that")).to_be_visible()


class TestFiles:
    async def test_articles_are_exported_changed_and_imported(
        self, browser: Browser, stack: RunningStack, crew: Crew
    ) -> None:
        mark = uuid.uuid4().hex[:8]
        async with at_the_desk(browser, stack, crew, role="manager") as page:
            await page.get_by_role("link", name="Articles").click()
            await page.get_by_role("link", name="Import a file").click()
            await expect(page.get_by_role("heading", level=1)).to_have_text("Import articles")
            await hand_in(
                page,
                f"{mark}.csv",
                "Teil;Text;Strich;Inhalt",
                f"={mark};x;;",
                f"N-{mark};Nut M8;C-{mark};6",
                f"L-{mark};Lamp;C-{mark};",
            )
            card = page.get_by_role("region", name=f"What {mark}.csv would come to")
            await expect(card.get_by_role("alert")).to_contain_text("The header lacks sku")
            # Which column means what, and for the next file, too.
            await card.get_by_label("SKU of the article").select_option("Teil")
            await card.get_by_label("Barcode of the article").select_option("Strich")
            await expect(card.get_by_role("heading", name="2 refused rows")).to_be_visible()
            refused = card.get_by_role("row").filter(has_text="gives it to the article")
            await expect(refused).to_contain_text(f"L-{mark}")
            await card.get_by_label("Keep this as the profile").fill(f"teile-{mark}")
            await card.get_by_role("button", name="Keep the profile").click()
            await expect(card.get_by_label("Read it as")).to_have_value(f"teile-{mark}")
            await card.get_by_role("button", name="Import", exact=True).click()
            await expect(page.get_by_text("Imported", exact=True)).to_be_visible()
            async with page.expect_download() as downloading:
                await page.get_by_role("button", name="Download the refused rows").click()
            path = await (await downloading.value).path()
            assert "is a formula" in await asyncio.to_thread(path.read_text, "utf-8-sig")

            await page.get_by_role("main").get_by_role("link", name="Articles").click()
            async with page.expect_download() as downloading:
                await page.get_by_role("button", name="XLSX").click()
            path = await (await downloading.value).path()
            content = await asyncio.to_thread(path.read_bytes)
            # As it was saved it changes nothing.
            await page.get_by_role("link", name="Import a file").click()
            file = {"name": f"{mark}.xlsx", "mimeType": "application/octet-stream", "buffer": content}
            await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # a payload
            card = page.get_by_role("region", name=f"What {mark}.xlsx would come to")
            figures = card.locator("dl")
            await expect(figures).to_contain_text("Rows that change nothing")
            for name in ("Refused rows", "Good rows"):
                await expect(figures.locator("div").filter(has_text=name).locator("dd")).to_have_text("0")
        _, article = await crew.admin("GET", f"/api/articles/N-{mark}")
        assert article["packs"] == [{"code": f"C-{mark}", "pieces": 6, "level": "case"}]

    async def test_locations_are_imported(self, page: Page, crew: Crew) -> None:
        mark = uuid.uuid4().hex[:8]
        await page.goto("/desk/locations")
        await page.get_by_role("link", name="Import a file").click()
        await hand_in(page, f"{mark}.csv", "Lokacija,Zona,Redosled", f"A-{mark},Dry,10", f"B-{mark},Dry,")
        card = page.get_by_role("region", name=f"What {mark}.csv would come to")
        await expect(card.get_by_role("row").filter(has_text=f"B-{mark}")).to_contain_text("is new")
        await card.get_by_role("button", name="Import", exact=True).click()
        await expect(page.get_by_text("Imported", exact=True)).to_be_visible()
        await expect(page.get_by_role("row").filter(has_text=f"B-{mark}")).to_contain_text("Redosled")
        await page.goto(f"/desk/locations?query={mark}")
        await expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)


async def hand_in(page: Page, name: str, *rows: str) -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": "\n".join(rows).encode() + b"\n"}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # a payload
