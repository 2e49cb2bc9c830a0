"""A screen on a wall, in a real browser before the real stack: brought in, through a night, and ended."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect
from playwright.async_api import Error as PlaywrightError

from tests.e2e.browser import PHONE, opened
from tests.e2e.conftest import Crew, RunningStack, eventually, magacin
from tests.e2e.test_accessibility import STANDARDS, broken_rules, looked_at
from tests.e2e.test_desk_app import at_the_desk, open_tasks
from tests.e2e.test_worker_app import hire, put_to_work

pytestmark = pytest.mark.e2e

WALL = (1920, 1080)
# Read at eight metres: letters of a two-hundredth of that, on a screen of 55 inches.
LEAST = (8_000 / 200) / 685
SMALLEST = """() => {
    const pen = document.createElement('canvas').getContext('2d');
    const words = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    const heights = [];
    while (words.nextNode()) {
        const { fontWeight, fontSize, fontFamily } = getComputedStyle(words.currentNode.parentElement);
        pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
        heights.push([pen.measureText('H').actualBoundingBoxAscent, words.currentNode.textContent]);
    }
    return heights.sort(([one], [other]) => one - other)[0];
}"""
# Has the page tell when it has the whole answer to each of its requests.
ANSWERED = """
    const ask = window.fetch;
    const waiting = [];
    let open = 0;
    window.answered = () => open ? new Promise((done) => waiting.push(done)) : Promise.resolve();
    window.fetch = async (...asked) => {
        open += 1;
        try {
            const answer = await ask(...asked);
            await answer.clone().arrayBuffer();
            return answer;
        } finally {
            open -= 1;
            if (!open) for (const done of waiting.splice(0)) done();
        }
    };
"""
CUT = """() => {
    const root = document.documentElement;
    const all = [...document.querySelectorAll('main *')];
    const cut = all.filter((one) => one.scrollWidth > one.clientWidth + 1);
    const beyond = root.scrollHeight > innerHeight || root.scrollWidth > innerWidth;
    return cut.map((one) => one.outerHTML.slice(0, 200)).concat(beyond ? ['the page'] : []);
}"""


async def code_on(page: Page) -> str:
    """Return the code that a screen shows."""
    code = page.get_by_role("img")
    await expect(code).to_have_text(re.compile(r"^\d{4} \d{4}$"))
    return await code.inner_text()


async def bring_in(page: Page, crew: Crew, **changes: Any) -> int:
    """Enter the code of a screen; return its id once it shows the board."""
    name = f"Hall {uuid.uuid4().hex[:4]}"
    body = {"code": await code_on(page), "name": name} | changes
    status, screen = await crew.admin("POST", "/api/screens", body)
    assert status == 201, screen
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await expect(queue(page)).to_have_text(re.compile(r"^\d+$"))
    return int(screen["screen_id"])


def queue(page: Page) -> Any:
    """What stands in the first of the tiles."""
    return page.locator("section").first.locator("p")


@asynccontextmanager
async def on_the_wall(browser: Browser, stack: RunningStack, query: str = "?lang=en") -> AsyncIterator[Page]:
    """Give a screen that was just put up."""
    async with opened(browser, stack.url("api-gateway"), None, WALL) as page:
        await page.goto(f"/wall/{query}")
        yield page


async def test_it_is_brought_in_follows_and_is_ended(
    browser: Browser, stack: RunningStack, crew: Crew
) -> None:
    async with on_the_wall(browser, stack, "") as wall, at_the_desk(browser, stack, crew) as desk:
        code = await code_on(wall)
        await expect(wall.get_by_text("/desk/")).to_contain_text(
            stack.url("api-gateway").removeprefix("http://")
        )
        name = f"Hall {uuid.uuid4().hex[:4]}"
        await desk.get_by_role("link", name="Screens").click()
        await desk.get_by_label("Code on the screen").fill("1234 5678")
        await desk.get_by_label("Name", exact=True).fill(name)
        await desk.get_by_label("It speaks").select_option("sr-Latn")
        await desk.keyboard.press("Enter")
        await expect(desk.get_by_role("alert")).to_contain_text("No screen shows this code")
        await desk.get_by_label("Code on the screen").fill(code)
        await desk.get_by_role("button", name="Bring it in").click()
        await expect(desk.get_by_role("status").filter(has_text=name)).to_be_visible()

        await expect(wall.get_by_role("heading", level=1)).to_have_text(name)
        await expect(wall.get_by_role("heading", name="Čeka")).to_be_visible()
        before = int(await queue(wall).inner_text())
        await open_tasks(crew, 3, uuid.uuid4().hex[:8])
        await expect(queue(wall)).to_have_text(str(before + 3))

        # Whose pace it is stands there by initials; all hired people of these tests begin with a w.
        work = await put_to_work(crew)
        member = await crew.admin.as_user(work.worker, work.password)
        scan = {"task_id": work.task_id, "code": work.first, "operation_id": str(uuid.uuid4())}
        assert (await member("POST", "/api/scan", scan))[0] in (200, 201)
        await expect(wall.get_by_role("listitem").first).to_contain_text("W")
        assert work.worker not in await wall.content()

        # It is one after a reload, too.
        await wall.reload()
        await expect(wall.get_by_role("heading", level=1)).to_have_text(name)

        row = desk.get_by_role("row").filter(has_text=name)
        await row.get_by_role("button", name="End").click()
        await desk.get_by_role("dialog").get_by_role("button", name="End", exact=True).click()
        await expect(row).to_contain_text("Ended")
        await expect(wall.get_by_text("Poslovođa je isključio ovaj ekran")).to_be_visible()
        assert await code_on(wall) != code
        await expect(wall.get_by_role("heading", name="Čeka")).to_have_count(0)


class Night:
    """A clock that runs fast, of the screen and of the site: hours go by in seconds."""

    def __init__(self, page: Page, begins: datetime) -> None:
        self.page = page
        self._now = begins
        self._since = time.monotonic()
        self.is_upgraded = False

    async def begin(self) -> None:
        await self.page.add_init_script(ANSWERED)
        await self.page.clock.install(time=self._now)
        await self.page.route("**/api/wall", self._by_this_clock)
        await self.page.route(re.compile(r"/wall/(\?.*)?$"), self._with_another_build)

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._since)

    async def pass_(self, **span: float) -> None:
        """Go on, and have all that is asked answered: the page gives up after 15 seconds by this clock."""
        left = timedelta(**span)
        while left > timedelta():
            step = min(left, timedelta(seconds=10))
            await self.page.clock.run_for(int(step.total_seconds() * 1000))
            self._now += step
            left -= step
            # A page that comes anew meanwhile, since the gateway was away for long, waits for nothing.
            with suppress(PlaywrightError):
                await self.page.evaluate("answered()")

    async def _by_this_clock(self, route: Route) -> None:
        try:
            answer = await route.fetch()
        except PlaywrightError:
            await route.abort("connectionrefused")
            return
        if answer.status != 200:
            await route.fulfill(response=answer)
            return
        figures = await answer.json() | {"at": self.now().isoformat()}
        await route.fulfill(response=answer, json=figures)

    async def _with_another_build(self, route: Route) -> None:
        """Name another script: what the page is made of after an upgrade."""
        try:
            answer = await route.fetch()
        except PlaywrightError:
            await route.abort("connectionrefused")
            return
        html = await answer.text()
        if self.is_upgraded:
            html = html.replace("</body>", "<!-- /assets/index-Upgraded.js --></body>")
        await route.fulfill(response=answer, body=html)


async def test_a_night_of_restarts(browser: Browser, stack: RunningStack, crew: Crew) -> None:
    async with on_the_wall(browser, stack, "?lang=en&dim=23-6") as page:
        # Ten in the evening in Belgrade.
        night = Night(page, datetime(2026, 11, 30, 21, tzinfo=UTC))
        await night.begin()
        await page.reload()
        await bring_in(page, crew)
        stale = page.get_by_role("alert")
        dim = page.locator("[class*=dim]")
        await expect(dim).to_have_count(0)

        async def is_current() -> bool:
            await night.pass_(seconds=10)
            return await stale.count() == 0

        for _ in range(4):
            stack.kill("api-gateway")
            await night.pass_(minutes=5)
            await eventually(is_current)
        for _ in range(2):
            magacin("stop", "api-gateway", "--data-dir", str(stack.data_dir))
            try:
                await night.pass_(minutes=25)
                await expect(stale).to_have_text(re.compile(r"^Not current since \d\d:\d\d$"))
            finally:
                magacin("start", "api-gateway", "--data-dir", str(stack.data_dir))
            await eventually(is_current)
            # And what it shows is so.
            before = int(await queue(page).inner_text())
            await open_tasks(crew, 1, uuid.uuid4().hex[:8])

            async def has_followed(before: int = before) -> bool:
                await night.pass_(seconds=5)
                shown: str = await queue(page).inner_text()
                return shown == str(before + 1)

            await eventually(has_followed)
        await expect(dim).to_have_count(1)

        # It asks for another version from two on, and not before.
        await night.pass_(minutes=10)
        await page.evaluate("window.isAsBefore = true")
        night.is_upgraded = True
        while night.now() < datetime(2026, 12, 1, 0, 40, tzinfo=UTC):
            await night.pass_(minutes=10)
            assert await page.evaluate("window.isAsBefore")

        async def is_anew() -> bool:
            try:
                # What a page was asked while it went may never be answered.
                async with asyncio.timeout(30):
                    await night.pass_(minutes=2)
                    return not await page.evaluate("window.isAsBefore")
            except (PlaywrightError, TimeoutError):
                return False

        await eventually(is_anew, seconds=180)
        await expect(queue(page)).to_have_text(re.compile(r"^\d+$"))
        # Once, and it is the same screen.
        await page.evaluate("window.isAsBefore = true")
        await night.pass_(hours=1)
        assert await page.evaluate("window.isAsBefore")


@pytest.mark.parametrize("language", ["en", "sr-Latn", "sr-Cyrl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_readable(
    browser: Browser, stack: RunningStack, crew: Crew, scheme: str, language: str
) -> None:
    """At eight metres, on a phone, by whoever sees no colours: before it is brought in, and afterwards."""
    wrong: list[str] = []
    await hire(crew)
    async with looked_at(browser, stack.url("api-gateway"), WALL, scheme) as page:
        await page.goto(f"/wall/?lang={language}")
        await code_on(page)
        for is_brought_in in (False, True):
            if is_brought_in:
                await bring_in(page, crew)
            await page.evaluate("document.fonts.ready")
            wrong += await broken_rules(page, STANDARDS)
            wrong += await page.evaluate(CUT)
            for width, height in ((1280, 720), WALL):
                await page.set_viewport_size({"width": width, "height": height})
                smallest, words = await page.evaluate(SMALLEST)
                assert smallest / height >= LEAST, f"{words} is {smallest} px high of {height}"
            await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            wrong += await broken_rules(page, STANDARDS)
            await page.set_viewport_size({"width": WALL[0], "height": WALL[1]})
    assert not wrong, "\n".join(wrong)
