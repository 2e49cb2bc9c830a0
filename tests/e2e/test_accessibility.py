"""What axe-core finds on every page, in light and dark: contrast, names, headings, targets (WCAG 2.2 AA)."""

from __future__ import annotations

import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from magacin.stack.parts import PARTS
from magacin.stack.paths import ROOT
from tests.e2e.browser import opened
from tests.e2e.conftest import RunningStack
from tests.e2e.pages import addresses

pytestmark = pytest.mark.e2e

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

CONSOLE = ["/d/magacin-overview", "/d/magacin-slo", "/nowhere", *addresses()]


async def violations(page: Page) -> list[str]:
    """Return what is wrong with a page as it stands: the rule, and where."""
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_label("Loading")).to_have_count(0)
    return await broken_rules(page)


async def broken_rules(page: Page, run_only: Any = STANDARDS) -> list[str]:
    """Return the same of a page that is known to be there."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate(
        "only => axe.run(document, { runOnly: only, resultTypes: ['violations'] })", run_only
    )
    return [
        f"{page.url}: {violation['id']}: {violation['help']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@asynccontextmanager
async def looked_at(browser: Browser, url: str, size: tuple[int, int], scheme: str) -> AsyncIterator[Page]:
    """Give a page of an application that axe may be put into, which its policy for contents forbids."""
    context = await browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_of_the_console(
    browser: Browser, stack: RunningStack, operator: StorageState, scheme: str
) -> None:
    wrong: list[str] = []
    async with opened(browser, stack.url("console"), operator, scheme=scheme) as page:
        for path in CONSOLE:
            await page.goto(path)
            await expect(page.get_by_role("main")).to_be_visible()
            wrong += await violations(page)
    async with opened(browser, stack.url("console"), None, scheme=scheme) as page:
        await page.goto("/login")
        await expect(page.get_by_label("Operator password")).to_be_visible()
        wrong += await violations(page)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_of_the_services(browser: Browser, stack: RunningStack, scheme: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "Looked at"
    message.set_content("Is it readable?")
    [port] = PARTS["inbox"].more_ports
    with smtplib.SMTP("127.0.0.1", port + stack.offset, timeout=10) as smtp:
        smtp.send_message(message)
    wrong: list[str] = []
    for part, paths in {
        "api-gateway": ["/", "/status", "/docs", "/drill?token=none"],
        "inbox": ["/", "/messages/1"],
    }.items():
        async with opened(browser, stack.url(part), None, scheme=scheme) as page:
            for path in paths:
                await page.goto(path)
                wrong += await violations(page)
    assert not wrong, "\n".join(wrong)
