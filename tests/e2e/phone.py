"""A worker's phone: the application in a browser of its size, and a scanner that types as scanners do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Error,
    Locator,
    Page,
    async_playwright,
    expect,
)

from magacin.stack import install
from tests.e2e.browser import OPTIONS, PATIENCE, PHONE, Watched

_ENTER = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
_TAB = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
_SUFFIXES = {"Enter": [_ENTER], "Tab": [_TAB], "CR LF": [_ENTER, _ENTER], "": []}
_CTRL = 2
# Between two keys of a scanner, in seconds.
_QUICK = 0.004
# After a long while without a network the application asks for it twice a minute.
SENDING = 2 * PATIENCE


_KEEP_TIMES = "window.ownTimes = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp')"
_HAVE_TIMES = "Object.defineProperty(Event.prototype, 'timeStamp', window.ownTimes)"


class Phone:
    """One page of the application."""

    def __init__(self, page: Page, cdp: CDPSession) -> None:
        self.page = page
        self.cdp = cdp

    @property
    def answer(self) -> Locator:
        """The answer to the last thing that was done to goods."""
        return self.page.locator("[data-kind]:not([data-before])")

    async def open(self, path: str = "") -> None:
        """Open the application, and wait for its first screen."""
        await self.page.goto(f"/app/{path}")
        await expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    async def go(self, path: str = "") -> None:
        """Go to another screen as a link would, without opening the application anew."""
        await self.page.evaluate("path => history.pushState(null, '', path)", f"/app/{path}")
        await expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(self.page.get_by_text("Opening…")).to_have_count(0)

    async def own_clock(self) -> None:
        """Have the next screens that are opened go by a clock that the test can move on.

        Playwright also has every event come when it is first looked at, however long before that it came; a
        scanner is told by when its keys were pressed, so that is as the browser has it.
        """
        context = self.page.context
        await context.add_init_script(_KEEP_TIMES)
        await self.page.clock.install()
        await context.add_init_script(_HAVE_TIMES)

    def field(self, label: str) -> Locator:
        """The field that is called so, where a choice is called the same."""
        no_choice = self.page.locator("input:not([type=radio])")
        return self.page.get_by_label(label, exact=True).and_(no_choice)

    async def installed(self) -> None:
        """Wait until the device keeps the application."""
        await self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    async def log_in(self, name: str, secret: str, *, by: str = "Password") -> None:
        """Log in on the screen that asks for it, and wait for the tasks."""
        form = self.page.locator("form")
        if await self.page.get_by_role("radio", name=by).count():
            await self.page.get_by_role("radio", name=by).check(force=True)
        await form.get_by_label("Name", exact=True).fill(name)
        await self.field(by).fill(secret)
        await form.get_by_role("button", name="Log in").click()
        await expect(self.page.get_by_role("heading", name=f"Mine ({name})")).to_be_visible()
        await expect(self.page.get_by_text("Read from the server at")).to_be_visible()

    async def start(self, task_id: int) -> None:
        """Open a task from the list of mine."""
        await self.page.locator(f'a[href$="/task/{task_id}"]').click()
        await expect(self.page.get_by_text("Scan the article")).to_be_visible()

    async def type_as_scanner(
        self, code: str, *, gs: str = "character", suffix: str = "Enter", every: float = 0
    ) -> None:
        """Send keys, one every so many seconds; a GS is the character itself, or Ctrl and ]."""
        # A text without keys is heard only by a page that is open.
        await expect(self.page.locator("[data-scanner]").first).to_be_attached()
        await self.press_keys(code, gs=gs, suffix=suffix, every=every)

    async def press_keys(
        self, code: str, *, gs: str = "character", suffix: str = "Enter", every: float = 0
    ) -> None:
        """Send keys whether or not anybody listens."""
        keys = [key for character in code for key in _keys(character, gs)] + _SUFFIXES[suffix]
        if every:
            await asyncio.gather(*(self._press_after(place * every, key) for place, key in enumerate(keys)))
            return
        # When each was pressed is said with it: a busy machine hands them on when it can.
        began = time.time() - len(keys) * _QUICK
        await asyncio.gather(
            *(self._press(key, timestamp=began + place * _QUICK) for place, key in enumerate(keys))
        )

    async def _press_after(self, seconds: float, key: dict[str, Any]) -> None:
        await asyncio.sleep(seconds)
        await self._press(key)

    async def _press(self, key: dict[str, Any], **more: float) -> None:
        events = (
            self.cdp.send("Input.dispatchKeyEvent", {"type": kind, **more, **_said(key, kind)})
            for kind in ("keyDown", "keyUp")
        )
        await asyncio.gather(*events)

    async def scan(self, code: str, **options: Any) -> Locator:
        """Scan, and return the answer once it is there."""
        await self.page.evaluate(
            "document.querySelectorAll('[data-kind]').forEach(one => { one.dataset.before = 'yes' })"
        )
        await self.type_as_scanner(code, **options)
        await expect(self.answer).to_be_visible()
        return self.answer

    async def scans(self, code: str, kind: str, **options: Any) -> None:
        """Scan, and see which answer that has."""
        await expect(await self.scan(code, **options)).to_have_attribute("data-kind", kind)

    async def sent(self) -> None:
        """Wait until nothing waits any more."""
        online = self.page.get_by_role("link", name="Online", exact=True)
        await expect(online).to_be_visible(timeout=SENDING)

    async def holds(self, count: int) -> None:
        """Wait until the screen says that it is offline, and how many wait."""
        records = "record waits" if count == 1 else "records wait"
        name = f"Offline, {count} {records} to be sent"
        await expect(self.page.get_by_role("link", name=name)).to_be_visible()


def _keys(character: str, gs: str) -> list[dict[str, Any]]:
    if character == "\x1d" and gs == "ctrl":
        return [{"key": "]", "code": "BracketRight", "windowsVirtualKeyCode": 221, "modifiers": _CTRL}]
    return [{"key": character, "text": character}]


def _said(key: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: value for name, value in key.items() if kind == "keyDown" or name != "text"}


async def phone_in(context: BrowserContext, page: Page | None = None) -> Phone:
    """Open another page in a browser."""
    context.set_default_timeout(PATIENCE)
    page = page or await context.new_page()
    return Phone(page, await context.new_cdp_session(page))


@asynccontextmanager
async def phone(browser: Browser, url: str, *, scheme: str = "light", **options: Any) -> AsyncIterator[Phone]:
    """Give a phone that nobody has used, and see at the end that its page did nothing that it may not."""
    context = await browser.new_context(
        base_url=url,
        viewport={"width": PHONE[0], "height": PHONE[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="Europe/Belgrade",
        locale="en-GB",
        **options,
    )
    one = await phone_in(context)
    watched = Watched(urlsplit(url).netloc)
    watched.watch(one.page)
    try:
        yield one
    finally:
        await context.close()
    assert not watched.problems, "\n".join(watched.problems)


@asynccontextmanager
async def kept_phone(folder: Path, url: str, *arguments: str) -> AsyncIterator[Phone]:
    """Give a phone whose browser keeps what it has in a folder, as it was when that was last used."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=str(install.locate("chromium")),
            args=[*OPTIONS, *arguments],
            base_url=url,
            viewport={"width": PHONE[0], "height": PHONE[1]},
            locale="en-GB",
        )
        try:
            yield await phone_in(context, context.pages[0])
        finally:
            # It may have been killed.
            with suppress(Error):
                await context.close()
