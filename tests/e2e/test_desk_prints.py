"""What is printed at the desk: the files that a browser gets hold what a scanner reads."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.core.printing.reading import BARS, SQUARE, pages
from tests.core.printing.reading import Page as Printed
from tests.e2e.conftest import Crew, RunningStack
from tests.e2e.test_desk_app import at_the_desk, go

pytestmark = pytest.mark.e2e


@pytest.fixture
async def page(browser: Browser, stack: RunningStack, crew: Crew) -> AsyncIterator[Page]:
    async with at_the_desk(browser, stack, crew) as page:
        yield page


def section(page: Page, title: str) -> Locator:
    return page.locator("section").filter(has=page.get_by_role("heading", name=title, exact=True))


async def printed(page: Page, ask: Callable[[], Awaitable[None]]) -> list[Printed]:
    async with page.expect_download() as download:
        await ask()
    file = Path(await (await download.value).path())
    return pages(await asyncio.to_thread(file.read_bytes))


async def test_labels_of_a_zone(page: Page, crew: Crew) -> None:
    zone = f"Zona {uuid.uuid4().hex[:8]}"
    for code in (f"{zone[5:]}-1", f"{zone[5:]}-2"):
        await crew.admin("PUT", f"/api/locations/{code}", {"zone": zone, "sequence": 1})
    await page.get_by_role("link", name="Prints").click()
    labels = section(page, "Location labels")
    await labels.get_by_label("Zone").fill(zone)
    await labels.get_by_label("Codes", exact=True).select_option("datamatrix")
    make = labels.get_by_role("button", name="Make a PDF")
    [sheet] = await printed(page, make.click)
    assert sheet.codes() == [(SQUARE, f"{zone[5:]}-1"), (SQUARE, f"{zone[5:]}-2")]
    await labels.get_by_label("Zone").fill("nowhere")
    await make.click()
    await expect(labels.get_by_role("alert")).to_contain_text("no such location")


async def test_what_cannot_be_printed_is_named(page: Page, crew: Crew) -> None:
    code = f"Ж-{uuid.uuid4().hex[:8]}"
    await crew.admin("PUT", f"/api/locations/{code}", {"sequence": 1})
    await go(page, "prints")
    labels = section(page, "Location labels")
    await labels.get_by_label("Locations").fill(code)
    await labels.get_by_role("button", name="Make a PDF").click()
    await expect(labels).to_contain_text(f"Cannot be printed: {code}")
    await crew.admin("DELETE", f"/api/locations/{code}")


async def test_a_task_and_what_somebody_has_to_pick(page: Page, crew: Crew) -> None:
    sku = f"S{uuid.uuid4().hex[:8]}"
    await crew.admin("PUT", f"/api/articles/{sku}", {})
    [worker] = await crew.hire(1)
    task_id = await crew.task([worker], **{sku: 3})
    await go(page, f"tasks/{task_id}")
    [sheet] = await printed(page, page.get_by_role("button", name="Print", exact=True).click)
    assert sheet.codes() == [(BARS, sku)]
    await go(page, "prints")
    lists = section(page, "Pick lists for a day without power")
    await lists.get_by_label("Worker").select_option(worker)
    [sheet] = await printed(page, lists.get_by_role("button", name="Make a PDF").click)
    assert sheet.codes() == [(BARS, sku)]


async def test_a_badge_is_new_and_asked_about_first(page: Page, crew: Crew) -> None:
    [worker] = await crew.hire(1)
    await go(page, "prints")
    badges = section(page, "Badges")
    await badges.get_by_label(worker).check()
    await badges.get_by_role("button", name="Make new badges").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(worker)
    [sheet] = await printed(page, dialog.get_by_role("button", name="Make new badges").click)
    [bars, square] = sheet.codes()
    assert bars[1] == square[1]
    assert bars[1].startswith("MGB1")
    await expect(badges.get_by_label(f"{worker} (has one)")).not_to_be_checked()
    await expect(dialog).to_have_count(0)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
async def test_fits_the_screen(
    browser: Browser, stack: RunningStack, crew: Crew, size: tuple[int, int]
) -> None:
    await crew.hire(3)
    async with at_the_desk(browser, stack, crew, size, "dark") as page:
        await go(page, "prints")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Prints")
        await expect(section(page, "Badges").get_by_role("checkbox").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
