"""Takes the pictures for the README and docs/: `python -m tests.e2e.screenshots`.

It looks at a demo that runs, and writes to docs/images. For those of the workers' application it scans two
pieces of a task of the demo's own worker; it changes nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from playwright.async_api import Browser, Page, expect

from magacin.contracts.devices import DemoBadge
from magacin.stack import parts
from magacin.stack.paths import ROOT, DataDir, default_data_dir
from tests.e2e.browser import DESKTOP, PHONE, chromium, log_in, opened
from tests.e2e.conftest import Api
from tests.e2e.phone import Phone, phone

IMAGES = ROOT / "docs" / "images"
WALL = (1920, 1080)

# Name → address, window, light or dark.
SHOTS: dict[str, tuple[str, tuple[int, int], str]] = {
    "console-overview": ("/d/magacin-overview?from=now-15m", DESKTOP, "light"),
    "console-warehouse-dark": ("/d/magacin-warehouse?from=now-15m&kiosk", WALL, "dark"),
    "console-phone": ("/d/magacin-overview?from=now-15m", PHONE, "light"),
    "console-alerts": ("/alerts", DESKTOP, "light"),
    "console-alert": ("/alerts/ServiceDown", DESKTOP, "light"),
    "console-targets": ("/targets", DESKTOP, "light"),
    "console-explore": (
        "/explore?expr=sum+by+(service)+(rate(http_requests_total[$__rate_interval]))",
        DESKTOP,
        "dark",
    ),
}


async def take(data: DataDir) -> None:
    """Take all pictures of the stack in a data directory."""
    known = data.identity()
    if known is None:
        raise SystemExit(f"There is no stack in {data.path}. Start one: ./magacin up --demo")
    await take_application(data, known.port_offset)
    await take_desk(data, known.port_offset)
    await take_wall(data, known.port_offset)
    url = f"http://{parts.address('console', known.port_offset)}"
    password = (data.secrets / "operator-password").read_text(encoding="utf-8").strip()
    IMAGES.mkdir(exist_ok=True)
    async with chromium() as browser:
        async with opened(browser, url, None) as page:
            await log_in(page, url, password)
            state = await page.context.storage_state()
        for name, (path, size, scheme) in SHOTS.items():
            async with opened(browser, url, state, size, scheme) as page:
                await page.goto(path)
                await _settled(page)
                await page.screenshot(path=IMAGES / f"{name}.png")
                print(IMAGES / f"{name}.png")


async def take_application(data: DataDir, port_offset: int) -> None:
    """Take those of the workers' application, as the worker whose badge the demo has left."""
    badge = DemoBadge.model_validate_json(data.demo_badge.read_bytes())
    url = f"http://{parts.address('api-gateway', port_offset)}"
    async with chromium() as browser:
        for scheme in ("light", "dark"):
            async with phone(browser, url, scheme=scheme, device_scale_factor=1) as app:
                await app.open(f"#device={badge.device_id}.{badge.device_secret}&badge={badge.badge}")
                await expect(app.page.get_by_text("Read from the server at")).to_be_visible()
                await _shoot(app, f"picking-tasks-{scheme}")
                await app.page.locator('main a[href*="/task/"]').first.click()
                line = app.page.locator("[data-line]")
                await expect(line).to_be_visible()
                await _shoot(app, f"picking-line-{scheme}")
                sku = await line.locator("strong").first.inner_text()
                if scheme == "dark":
                    await app.page.context.set_offline(True)
                await app.scan(sku)
                await _shoot(app, f"picking-answer-{scheme}")
                await app.page.context.set_offline(False)
                await app.sent()
                if scheme == "light":
                    await app.page.get_by_role("link", name="Finish the task").click()
                    await expect(app.page.get_by_role("heading", level=1)).to_have_text("Finish the task")
                    await _shoot(app, "picking-finish-light")


# Name → address, window, light or dark.
REPORTS: dict[str, tuple[str, tuple[int, int], str]] = {
    "desk-reports-light": ("reports?by=worker&period=last_week", DESKTOP, "light"),
    "desk-reports-dark": ("reports?by=day&period=last_week&figure=lines", DESKTOP, "dark"),
    "desk-reports-phone": ("reports?by=worker&period=last_week", PHONE, "light"),
}


async def take_desk(data: DataDir, port_offset: int) -> None:
    """Take the board and the reports, as the demo's administrator."""
    url = f"http://{parts.address('api-gateway', port_offset)}"
    password = (data.secrets / "admin-password").read_text(encoding="utf-8").strip()
    async with chromium() as browser:
        for scheme in ("light", "dark"):
            async with _at_the_desk(browser, url, password, "", DESKTOP, scheme) as page:
                for row in (0, 2):
                    await page.locator("[data-task]").nth(row).locator("[role=gridcell]").first.click()
                await _shoot_page(page, f"desk-board-{scheme}")
        for name, (path, size, scheme) in REPORTS.items():
            async with _at_the_desk(browser, url, password, path, size, scheme) as page:
                await expect(page.locator("tr[data-row]").first).to_be_visible()
                await expect(page.locator("canvas")).to_be_visible()
                await _shoot_page(page, name)


@asynccontextmanager
async def _at_the_desk(
    browser: Browser, url: str, password: str, path: str, size: tuple[int, int], scheme: str
) -> AsyncIterator[Page]:
    async with opened(browser, url, None, size, scheme) as page:
        await page.goto(f"/desk/{path}")
        await page.get_by_label("Name", exact=True).fill("admin")
        await page.get_by_label("Password", exact=True).fill(password)
        await page.keyboard.press("Enter")
        yield page


async def _shoot_page(page: Page, name: str) -> None:
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


async def take_wall(data: DataDir, port_offset: int) -> None:
    """Take a screen on a wall, which is brought in for that and ended again."""
    url = f"http://{parts.address('api-gateway', port_offset)}"
    password = (data.secrets / "admin-password").read_text(encoding="utf-8").strip()
    async with chromium() as browser, aiohttp.ClientSession() as session:
        admin = await Api(session, url).as_user("admin", password)
        for scheme, language in (("light", "en"), ("dark", "sr-Latn")):
            async with opened(browser, url, None, WALL, scheme) as page:
                await page.goto(f"/wall/?lang={language}")
                code = await page.get_by_role("img").inner_text()
                await page.evaluate("document.fonts.ready")
                if scheme == "light":
                    await page.screenshot(path=IMAGES / "wall-code-light.png")
                _, screen = await admin("POST", "/api/screens", {"code": code, "name": "Hall 2"})
                await expect(page.get_by_role("heading", level=1)).to_have_text("Hall 2")
                await expect(page.locator("section").first).to_be_visible()
                await page.screenshot(path=IMAGES / f"wall-{scheme}.png")
                await admin("DELETE", f"/api/screens/{screen['screen_id']}")
                print(IMAGES / f"wall-{scheme}.png")


async def _shoot(app: Phone, name: str) -> None:
    await app.page.evaluate("document.fonts.ready")
    await app.page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


async def _settled(page: Page) -> None:
    await page.wait_for_load_state("networkidle")
    if urlsplit(page.url).path.startswith(("/d/", "/explore")):
        await expect(page.locator("canvas").first).to_be_visible()
    await expect(page.get_by_label("Loading")).to_have_count(0)
    await page.evaluate("document.fonts.ready")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    asyncio.run(take(DataDir(parser.parse_args().data_dir)))


if __name__ == "__main__":
    main()
