"""Takes the pictures for the README and docs/: `python -m tests.e2e.screenshots`.

It looks at a demo that runs, and writes to docs/images. For those of the workers' application it scans two
pieces of a task of the demo's own worker; it changes nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from magacin.contracts.devices import DemoBadge
from magacin.stack import parts
from magacin.stack.paths import ROOT, DataDir, default_data_dir
from tests.e2e.browser import DESKTOP, PHONE, chromium, log_in, opened
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


async def take_desk(data: DataDir, port_offset: int) -> None:
    """Take the supervisors' board, as the demo's administrator."""
    url = f"http://{parts.address('api-gateway', port_offset)}"
    password = (data.secrets / "admin-password").read_text(encoding="utf-8").strip()
    looks = {"desk-board-light": (DESKTOP, "light"), "desk-board-dark": (DESKTOP, "dark")}
    async with chromium() as browser:
        for name, (size, scheme) in looks.items():
            async with opened(browser, url, None, size, scheme) as page:
                await page.goto("/desk/")
                await page.get_by_label("Name", exact=True).fill("admin")
                await page.get_by_label("Password", exact=True).fill(password)
                await page.keyboard.press("Enter")
                for row in (0, 2):
                    await page.locator("[data-task]").nth(row).locator("[role=gridcell]").first.click()
                await page.evaluate("document.fonts.ready")
                await page.screenshot(path=IMAGES / f"{name}.png")
                print(IMAGES / f"{name}.png")


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
