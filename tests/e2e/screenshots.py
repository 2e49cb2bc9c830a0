"""Takes the pictures of the console for the README and docs/: `python -m tests.e2e.screenshots`.

It looks at a stack that runs, changes nothing in it, and writes to docs/images.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from magacin.stack import parts
from magacin.stack.paths import ROOT, DataDir, default_data_dir
from tests.e2e.browser import DESKTOP, PHONE, chromium, log_in, opened

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
