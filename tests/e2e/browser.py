"""A real browser in front of the real console: Debian's chromium, driven by Playwright."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, StorageState, async_playwright, expect

from magacin.stack import install

# Whatever the machine does beside it, this is enough; what is there sooner is not waited for.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
DESKTOP = (1360, 850)
PHONE = (390, 844)
# Chromium's own sandbox needs rights that neither root nor a container has.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@dataclass
class Watched:
    """What a page did that no page of ours may: see `problems`."""

    host: str
    problems: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.problems.append(f"error in the page: {error}"))
        page.on("console", self._said)
        page.on("request", lambda request: self._requested(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.problems.append(message.text)

    def _requested(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.problems.append(f"a request to somebody else: {url}")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(install.locate("chromium")), args=OPTIONS
        )
        try:
            yield browser
        finally:
            await browser.close()


async def log_in(page: Page, url: str, password: str, *, to: str = "/targets") -> None:
    """Log in as the operator does, and go on to a page."""
    await page.goto(f"{url}/login?next={to}")
    await page.get_by_label("Operator password").fill(password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{url}{to}")


@asynccontextmanager
async def opened(
    browser: Browser,
    url: str,
    state: StorageState | None,
    size: tuple[int, int] = DESKTOP,
    scheme: str = "light",
) -> AsyncIterator[Page]:
    """Open a page of the console, and see at the end that it did nothing that it may not."""
    context = await browser.new_context(
        base_url=url,
        storage_state=state,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="Europe/Belgrade",
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    watched = Watched(urlsplit(url).netloc)
    watched.watch(page)
    try:
        yield page
    finally:
        await context.close()
    assert not watched.problems, "\n".join(watched.problems)
