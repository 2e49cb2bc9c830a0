"""What managers see of the work: a real browser, and figures that are the API's."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from magacin.contracts.tasks.reports import MailEach
from magacin.stack import clients
from magacin.tasks.reports.mail.content import MailContent
from magacin.tasks.reports.mail.rendering import message_of
from magacin.tasks.reports.mail.settings import MailBy, ReportMailSettings
from magacin.tasks.reports.repository import Span
from tests.e2e.browser import DESKTOP, PHONE, opened
from tests.e2e.conftest import Api, Crew, RunningStack, eventually
from tests.e2e.test_accessibility import STANDARDS, broken_rules, looked_at
from tests.e2e.test_desk_app import at_the_desk, go, log_in
from tests.e2e.test_worker_app import hire, put_to_work

pytestmark = pytest.mark.e2e

ZONE = ZoneInfo("Europe/Belgrade")
# By what a page is named before anything else is there.
TITLES = {"en": "Reports", "sr-Latn": "Izveštaji", "sr-Cyrl": "Извештаји"}


_BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"


@dataclass
class Day:
    """What one worker did yesterday and today, as reports have it."""

    worker: str
    article: str
    today: date

    @property
    def both(self) -> str:
        return f"first_day={self.today - timedelta(days=1)}&last_day={self.today}"


async def scan(member: Api, task_id: int, code: str, quantity: int, made: datetime | None = None) -> int:
    body: dict[str, Any] = {"task_id": task_id, "code": code, "quantity": quantity}
    body |= {"operation_id": str(uuid.uuid4())} | ({"picked_at": made.isoformat()} if made else {})
    return (await member("POST", "/api/scan", body))[0]


async def _worked(crew: Crew) -> Day:
    """Have a worker pick two pieces yesterday and three today, and scan a code that nobody knows."""
    work = await put_to_work(crew)
    member = await crew.admin.as_user(work.worker, work.password)
    today = datetime.now(ZONE).date()
    yesterday = datetime.combine(today - timedelta(days=1), time(12), ZONE)
    assert await scan(member, work.task_id, work.first, 2, yesterday) == 200
    assert await scan(member, work.task_id, work.second, 3) == 200
    assert await scan(member, work.task_id, f"NO-{uuid.uuid4().hex[:10]}", 1) == 409
    done = Day(work.worker, work.second, today)

    async def followed() -> bool:
        _, report = await crew.admin("GET", f"/api/reports/day?{done.both}&worker={done.worker}")
        totals = report["totals"]
        return (totals["pieces"], totals["refused"], totals["tasks"]) == (5, 1, 1)

    await eventually(followed)
    return done


@pytest.fixture
async def done(crew: Crew) -> Day:
    return await _worked(crew)


@pytest.fixture
async def page(browser: Browser, stack: RunningStack, crew: Crew) -> AsyncIterator[Page]:
    async with at_the_desk(browser, stack, crew, role="manager") as page:
        yield page


def row(page: Page, key: str) -> Locator:
    return page.locator(f"tr[data-row='{key}']")


def cell(row: Locator, figure: str) -> Locator:
    return row.locator(f"[data-figure={figure}]")


def card(page: Page, name: str) -> Locator:
    return page.locator("dl > div").filter(has=page.get_by_text(name, exact=True))


def written(figure: str, value: float | None) -> str:
    """Return a figure as the desk writes it in English, without what it is compared with."""
    if value is None:
        return "–"
    if figure in ("accuracy", "on_time"):
        return f"{value:.1%}"
    if figure in ("lines_per_hour", "pieces_per_hour"):
        return f"{value:,.1f}"
    return f"{value:,}"


class TestManager:
    async def test_the_figures_are_those_of_the_api(self, page: Page, crew: Crew, done: Day) -> None:
        await page.get_by_role("link", name="Reports", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
        await page.get_by_label("Report", exact=True).select_option("worker")
        await page.get_by_label("Worker", exact=True).select_option(done.worker)
        await expect(row(page, done.worker)).to_be_visible()
        _, report = await crew.admin("GET", f"/api/reports/worker?worker={done.worker}")
        [item] = report["items"]
        for figure in ("lines", "pieces", "lines_per_hour", "accuracy", "refused", "shortages", "tasks"):
            said = re.compile("^" + re.escape(written(figure, item["figures"][figure])))
            await expect(cell(row(page, done.worker), figure)).to_have_text(said)
        await expect(card(page, "Pieces")).to_contain_text(written("pieces", report["totals"]["pieces"]))
        await expect(card(page, "Accuracy")).to_contain_text("66.7%")
        # A worker leads to their days, and a day to who worked on it.
        await row(page, done.worker).get_by_role("link").click()
        yesterday = str(done.today - timedelta(days=1))
        await expect(cell(row(page, yesterday), "pieces")).to_contain_text("2")
        await expect(cell(row(page, str(done.today)), "pieces")).to_contain_text("3")
        assert f"worker={done.worker}" in page.url
        await expect(page.get_by_role("img", name="Lines an hour by day")).to_be_visible()
        await expect(page.locator("canvas")).to_be_visible()

    async def test_it_is_compared_in_words(self, page: Page, done: Day) -> None:
        await go(page, f"reports?by=worker&worker={done.worker}&first_day={done.today}&last_day={done.today}")
        pieces = card(page, "Pieces")
        await expect(pieces).to_contain_text("50% more")
        await expect(pieces).to_contain_text("before: 2")
        await expect(card(page, "Accuracy")).to_contain_text("50.0 points less")
        # Nothing is said of what there was nothing of before.
        await expect(card(page, "Completed tasks")).to_have_text("Completed tasks1before: 0")
        await expect(cell(row(page, done.worker), "pieces")).to_contain_text("50% more")

    async def test_the_address_has_all_that_was_chosen(self, page: Page, done: Day) -> None:
        await go(page, "reports")
        await page.get_by_label("Days", exact=True).select_option("this_month")
        await page.get_by_label("Worker", exact=True).select_option(done.worker)
        await page.get_by_label("Chart of").select_option("accuracy")
        await page.reload()
        await expect(page.get_by_label("Days", exact=True)).to_have_value("this_month")
        await expect(page.get_by_label("Worker", exact=True)).to_have_value(done.worker)
        await expect(page.get_by_label("Chart of")).to_have_value("accuracy")
        await expect(page.get_by_label("From", exact=True)).to_have_value(str(done.today.replace(day=1)))
        # Dates take the place of the name.
        await page.get_by_label("From", exact=True).fill("2001-02-03")
        await page.get_by_label("To", exact=True).fill("2001-02-05")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Nothing was done in these days.")).to_be_visible()
        await expect(page.get_by_text("Feb 3 – 5, 2001")).to_be_visible()
        assert "first_day=2001-02-03&last_day=2001-02-05" in page.url
        assert "period" not in page.url

    async def test_rows_are_sorted_by_keyboard(self, page: Page, done: Day) -> None:
        await go(page, f"reports?by=day&worker={done.worker}&{done.both}")
        days = [str(done.today - timedelta(days=1)), str(done.today)]
        rows = page.locator("tr[data-row]")

        async def order() -> list[str | None]:
            return [await rows.nth(place).get_attribute("data-row") for place in range(await rows.count())]

        await expect(rows).to_have_count(2)
        assert await order() == days
        head = page.get_by_role("columnheader", name="Pieces", exact=True)
        await head.get_by_role("button").focus()
        await page.keyboard.press("Enter")
        await expect(head).to_have_attribute("aria-sort", "descending")
        await expect(rows.first).to_have_attribute("data-row", days[1])
        await page.keyboard.press("Enter")
        await expect(head).to_have_attribute("aria-sort", "ascending")
        await expect(rows.first).to_have_attribute("data-row", days[0])
        await expect(head.get_by_role("button")).to_be_focused()

    async def test_files_have_what_is_shown(self, page: Page, done: Day) -> None:
        await go(page, f"reports?by=worker&worker={done.worker}&{done.both}")
        await expect(row(page, done.worker)).to_be_visible()
        csv = await _saved(page, "CSV")
        assert csv.startswith("\ufeffworker,scans,pieces,".encode())
        assert f"\r\n{done.worker},2,5,".encode() in csv
        assert (await _saved(page, "XLSX")).startswith(b"PK\x03\x04")

    async def test_more_articles_than_are_seen(self, page: Page, crew: Crew) -> None:
        """Of a long table only the rows in sight are there; on paper all of them are."""
        worker, password = await hire(crew)
        member = await crew.admin.as_user(worker, password)
        mark = uuid.uuid4().hex[:6]
        skus = [f"Z-{mark}-{number:03}" for number in range(120)]
        task_id = await crew.task([worker], **dict.fromkeys(skus, 1))
        # On a day on which nobody else works.
        day = datetime.now(ZONE).date() - timedelta(days=20)
        for sku in skus:
            assert await scan(member, task_id, sku, 1, datetime.combine(day, time(12), ZONE)) == 200
        days = f"first_day={day}&last_day={day}"

        async def followed() -> bool:
            _, report = await crew.admin("GET", f"/api/reports/day?worker={worker}&{days}")
            return bool(report["totals"]["pieces"] == 120)

        await eventually(followed)
        await go(page, f"reports?by=article&{days}")
        rows = page.locator("tr[data-row]")
        await expect(rows.first).to_be_visible()
        assert await rows.count() < 100
        table = page.get_by_role("region", name="Rows of the report")

        async def at_the_end() -> bool:
            # A key that comes while the table is drawn anew moves nothing.
            await table.press("End")
            return await row(page, skus[-1]).is_visible()

        await eventually(at_the_end)
        await page.evaluate("dispatchEvent(new Event('beforeprint'))")
        for sku in (skus[0], skus[-1]):
            await expect(row(page, sku)).to_be_attached()

    async def test_on_paper_only_the_report_is_left(
        self, browser: Browser, stack: RunningStack, crew: Crew, done: Day
    ) -> None:
        async with at_the_desk(browser, stack, crew, scheme="dark", role="manager") as page:
            await go(page, f"reports?by=day&worker={done.worker}&{done.both}")
            await expect(row(page, str(done.today))).to_be_visible()
            await page.emulate_media(media="print")
            await page.evaluate("dispatchEvent(new Event('beforeprint'))")
            for hidden in (page.get_by_role("navigation"), page.get_by_role("button", name="CSV")):
                await expect(hidden).to_be_hidden()
            await expect(page.get_by_label("Report", exact=True)).to_be_hidden()
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            await expect(row(page, str(done.today))).to_be_visible()
            # Paper is white.
            assert await page.evaluate(_BACKGROUND) == "rgb(243, 245, 248)"
            assert (await page.pdf(prefer_css_page_size=True)).startswith(b"%PDF")
            await page.emulate_media(media="screen")
            await page.evaluate("dispatchEvent(new Event('afterprint'))")
            await expect(page.get_by_role("navigation")).to_be_visible()
            assert await page.evaluate(_BACKGROUND) == "rgb(14, 18, 24)"

    async def test_too_many_days_are_explained(self, stack: RunningStack, page: Page) -> None:
        """Days to come are never added up by shift."""
        async with clients.postgres(stack.site) as connection:
            days = "SELECT date '2031-01-01' + n FROM generate_series(0, 200) n"
            await connection.execute(f"INSERT INTO tasks.report_changed_days {days}")
        try:
            await go(page, "reports?by=shift&first_day=2031-01-01&last_day=2031-12-31")
            await expect(page.get_by_role("alert")).to_contain_text("still being added up by shift")
            await page.get_by_label("Report", exact=True).select_option("week")
            await expect(page.get_by_role("alert")).to_have_count(0)
        finally:
            async with clients.postgres(stack.site) as connection:
                await connection.execute("DELETE FROM tasks.report_changed_days WHERE day >= '2031-01-01'")


async def _saved(page: Page, button: str) -> bytes:
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name=button, exact=True).click()
    return Path(await (await downloading.value).path()).read_bytes()  # noqa: ASYNC240  a small file of ours


class TestByMail:
    async def test_its_link_opens_what_it_says(
        self, browser: Browser, stack: RunningStack, crew: Crew, done: Day
    ) -> None:
        name, password = await hire(crew, "manager")
        url = stack.url("api-gateway")
        async with opened(browser, url, None) as page:
            await page.goto(await _link_of_mail(crew, url, done))
            # Whoever is not logged in is asked to, and then sees it.
            await log_in(page, name, password)
            await expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
            yesterday = str(done.today - timedelta(days=1))
            await expect(page.get_by_label("Report", exact=True)).to_have_value("worker")
            await expect(page.get_by_label("From", exact=True)).to_have_value(yesterday)
            await expect(page.get_by_label("To", exact=True)).to_have_value(yesterday)
            await expect(cell(row(page, done.worker), "pieces")).to_contain_text("2")

    async def test_what_was_told_and_is_other_now_is_said(self, page: Page, crew: Crew) -> None:
        """A new stack has told of the days before that nothing was done on them."""
        today = datetime.now(ZONE).date()
        days = f"first_day={today - timedelta(days=2)}&last_day={today - timedelta(days=1)}"

        async def told() -> list[dict[str, Any]]:
            _, found = await crew.admin("GET", f"/api/report-mails?{days}")
            return [one for one in found["items"] if one["each"] == "daily"]

        [mail] = await eventually(told)
        work = await put_to_work(crew)
        member = await crew.admin.as_user(work.worker, work.password)
        made = datetime.combine(date.fromisoformat(mail["first_day"]), time(11), ZONE)
        assert await scan(member, work.task_id, work.first, 2, made) == 200

        async def changed() -> bool:
            [mail] = await told()
            return bool(mail["changed"] and mail["now"]["pieces"] > mail["told"]["pieces"])

        await eventually(changed)
        [mail] = await told()
        await go(page, f"reports?by=team&first_day={mail['first_day']}&last_day={mail['last_day']}")
        await expect(page.get_by_text("These figures are other now")).to_be_visible()
        pieces = page.locator("tr[data-changed=pieces]")
        await expect(pieces).to_contain_text(written("pieces", mail["told"]["pieces"]))
        await expect(page.get_by_text("MAGACIN_REPORT_MAIL_TO")).to_be_visible()


async def _link_of_mail(crew: Crew, gateway: str, done: Day) -> str:
    """Return where the mail of yesterday leads to, as the service writes it."""
    yesterday = done.today - timedelta(days=1)
    query = f"first_day={yesterday}&last_day={yesterday}"
    _, report = await crew.admin("GET", f"/api/reports/worker?{query}")
    content = MailContent(
        message_id="<1@magacin.test>",
        at=datetime.now(ZONE),
        by=MailBy.WORKER,
        totals=report["totals"],
        totals_before=report["totals_before"],
        rows=[],
        more=False,
        changes=[],
    )
    settings = ReportMailSettings(
        report_mail_to="a@example.org",
        report_mail_link=gateway,
        smtp_host="127.0.0.1:25",
        smtp_from="b@example.org",
    )
    message = message_of(content, MailEach.DAILY, Span(yesterday, yesterday), settings, str(ZONE))
    body = message.get_body(("plain",))
    assert body is not None
    [link] = re.findall(r"http\S+", body.get_content())
    assert urlsplit(link).path == "/desk/reports"
    return str(link)


class TestWho:
    async def test_supervisors_see_it(
        self, browser: Browser, stack: RunningStack, crew: Crew, done: Day
    ) -> None:
        async with at_the_desk(browser, stack, crew) as page:
            await go(page, f"reports?by=worker&worker={done.worker}&{done.both}")
            await expect(cell(row(page, done.worker), "pieces")).to_contain_text("5")

    async def test_workers_do_not(self, browser: Browser, stack: RunningStack, crew: Crew, done: Day) -> None:
        name, password = await hire(crew)
        async with opened(browser, stack.url("api-gateway"), None) as page:
            await page.goto(f"/desk/reports?by=worker&{done.both}")
            await log_in(page, name, password)
            await expect(page.get_by_role("link", name="Go and pick")).to_be_visible()
            await expect(page.get_by_text(done.worker)).to_have_count(0)
        member = await crew.admin.as_user(name, password)
        for path in (f"/api/reports/worker?worker={done.worker}", "/api/report-mails"):
            assert (await member("GET", path))[0] == 403

    async def test_who_may_no_more_is_told(self, page: Page, crew: Crew, done: Day) -> None:
        me = str(await page.evaluate("() => JSON.parse(localStorage.getItem('magacin-desk-login')).username"))
        # The token stays, and says who they are no more.
        status, answer = await crew.admin("PATCH", f"/api/users/{me}", {"role": "worker"})
        assert status == 200, answer
        await go(page, f"reports?by=article&{done.both}")
        await expect(page.get_by_role("link", name="Go and pick")).to_be_visible()


@pytest.mark.parametrize("language", TITLES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_rule_of_accessibility_is_broken(
    browser: Browser, stack: RunningStack, crew: Crew, done: Day, scheme: str, language: str
) -> None:
    rules = STANDARDS if scheme == "light" else {"type": "rule", "values": ["color-contrast"]}
    name, password = await hire(crew, "manager")
    wrong: list[str] = []
    async with looked_at(browser, stack.url("api-gateway"), DESKTOP, scheme) as page:
        await page.goto("/desk/reports")
        await log_in(page, name, password)
        await expect(page.get_by_role("heading", level=1)).to_have_text(TITLES["en"])
        await page.evaluate("said => localStorage.setItem('magacin-language', said)", language)
        for path in (
            f"reports?by=worker&{done.both}",
            f"reports?by=article&{done.both}&sort=pieces&order=descending",
            "reports?first_day=2001-02-03&last_day=2001-02-05",
            "reports?by=shift&first_day=2026-01-01&last_day=2026-06-01",
        ):
            await page.goto(f"/desk/{path}")
            await expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[language])
            await expect(page.get_by_role("main").locator("[class*=Loader]")).to_have_count(0)
            wrong += await broken_rules(page, rules)
    assert not wrong, "\n".join(wrong)


async def test_it_fits_on_a_phone(browser: Browser, stack: RunningStack, crew: Crew, done: Day) -> None:
    async with at_the_desk(browser, stack, crew, PHONE, "dark", role="manager") as page:
        await go(page, f"reports?by=worker&worker={done.worker}&{done.both}")
        await expect(row(page, done.worker)).to_be_visible()
        await expect(page.locator("canvas")).to_be_visible()
        assert await page.evaluate("() => document.documentElement.scrollWidth") <= PHONE[0]
